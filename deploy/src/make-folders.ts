import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './system-error.js';

/**
 * Makes a folder and those above it, for the owner alone. Node's own `recursive` never ends where the system says ENOENT to a folder
 * whose parent is there, as /proc does (nodejs/node 20 to 24).
 * @throws the system's error
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeFolders(parent);
    await mkdir(path, { mode: 0o700 });
  }
}
