import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { partOfEntry } from './key-path.js';

/** A key and the file that holds its object. */
interface FoundKey {
  readonly key: string;
  readonly file: string;
}

interface Page {
  readonly prefix: string;
  readonly after: string;
}

/** The keys below a bucket's folder in their order; folders that can't hold one that is asked for are not opened. */
export async function* listFolder(folder: string, page: Page, base = ''): AsyncGenerator<FoundKey> {
  const parts = await partsOf(folder);
  if (!parts.some(({ part, isFolder }) => isFolder && !part.endsWith('/'))) {
    for (const part of parts) yield* keysOf(part, folder, page, base);
    return;
  }
  // Keys of a name that was cut lie between those of the other names, so here they are sorted together.
  const found: FoundKey[] = [];
  for (const part of parts) for await (const key of keysOf(part, folder, page, base)) found.push(key);
  yield* found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function* keysOf({ part, name, isFolder }: Part, folder: string, page: Page, base: string): AsyncGenerator<FoundKey> {
  const key = base + part;
  if (isFolder) {
    const mayMatch = key.startsWith(page.prefix) || page.prefix.startsWith(key);
    const mayFollow = key > page.after || page.after.startsWith(key);
    if (mayMatch && mayFollow) yield* listFolder(join(folder, name), page, key);
  } else if (key.startsWith(page.prefix) && key > page.after) {
    yield { key, file: join(folder, name) };
  }
}

interface Part {
  readonly part: string;
  readonly name: string;
  readonly isFolder: boolean;
}

async function partsOf(folder: string): Promise<Part[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []; // a bucket comes to be with its first object
    throw error;
  });
  return entries
    .map((entry) => ({ part: partOfEntry(entry.name, entry.isDirectory()), name: entry.name, isFolder: entry.isDirectory() }))
    .filter((entry): entry is Part => entry.part !== null)
    .sort((a, b) => (a.part < b.part ? -1 : 1));
}
