import { readFileSync } from 'node:fs';
import { MANIFEST } from './own-files.js';

/** The version of this clone. */
export const VERSION: string = (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string }).version;
