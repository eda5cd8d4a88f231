import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @returns the file that node runs as an actor's process: the build's one-file bundle, which starts quickest, else the module itself */
export function processEntry(): string {
  const bundle = fileURLToPath(new URL('./process.bundle.mjs', import.meta.url));
  return existsSync(bundle) ? bundle : fileURLToPath(new URL('./process.js', import.meta.url));
}
