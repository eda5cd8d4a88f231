import { mkdir } from 'node:fs/promises';
import { dirname, parse } from 'node:path';

/**
 * Makes a folder and those above it, for the owner alone. Node's own `recursive` never ends where the system says ENOENT to a folder
 * whose parent is there, as /proc does, and says ENOENT for a disk that is full.
 * @param within a folder above it that must be there and is not made
 * @throws the system's error; ENOENT also when somebody removes a parent meanwhile
 */
export async function makeFolders(path: string, within = parse(path).root): Promise<void> {
  if (await made(path)) return;
  const parent = dirname(path);
  if (parent !== within && parent !== path) await makeFolders(parent, within);
  await mkdir(path, { mode: 0o700 }).catch(unlessThere);
}

/** @returns false when its parent is missing */
async function made(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 }).catch(unlessThere);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
