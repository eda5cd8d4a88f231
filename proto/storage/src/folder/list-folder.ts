import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { partOfEntry } from './key-path.js';

/** A key and the file that holds its object. */
interface FoundKey {
  readonly key: string;
  readonly file: string;
}

/** The keys below a bucket's folder in their order; folders that can't hold one that is asked for are not opened. */
export async function* listFolder(folder: string, page: { readonly prefix: string; readonly after: string }, base = ''): AsyncGenerator<FoundKey> {
  for (const { part, name } of await partsOf(folder)) {
    const key = base + part;
    if (part.endsWith('/')) {
      const mayMatch = key.startsWith(page.prefix) || page.prefix.startsWith(key);
      const mayFollow = key > page.after || page.after.startsWith(key);
      if (mayMatch && mayFollow) yield* listFolder(join(folder, name), page, key);
    } else if (key.startsWith(page.prefix) && key > page.after) {
      yield { key, file: join(folder, name) };
    }
  }
}

async function partsOf(folder: string): Promise<{ part: string; name: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []; // a bucket comes to be with its first object
    throw error;
  });
  return entries
    .map((entry) => ({ part: partOfEntry(entry.name, entry.isDirectory()), name: entry.name }))
    .filter((entry): entry is { part: string; name: string } => entry.part !== null)
    .sort((a, b) => (a.part < b.part ? -1 : 1));
}
