import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineState } from '@trainer/model';
import { z } from 'zod';
import { NATIVE_FOLDER } from './own-files.js';

const Engines = z.record(z.string(), z.object({ available: z.boolean(), reason: z.string().nullable(), path: z.string().nullable() }));

/** The engines that set-up could have for this machine, and why not the others. */
export async function readEngines(folder: string = NATIVE_FOLDER): Promise<readonly EngineState[]> {
  const text = await readFile(join(folder, 'engines.json'), 'utf8').catch(() => '{}');
  const engines = Engines.parse(JSON.parse(text));
  return Object.entries(engines).map(([engine, { available, reason }]) => ({
    engine,
    unavailable: available ? null : (reason ?? 'it is not installed'),
  }));
}
