import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { makeFolders } from './make-folders.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'trainer-folders-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

test('makes what is missing, for the owner alone, and leaves what is there', async () => {
  const path = join(root, 'a', 'b', 'c');
  await makeFolders(path);
  await makeFolders(path);
  for (const made of [path, join(root, 'a')]) expect((await stat(made)).mode & 0o777).toBe(0o700);
});

test('by many at once, all of them find it made', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => makeFolders(join(root, 'a', 'b', String(i % 2), 'c'))));
  expect(existsSync(join(root, 'a', 'b', '1', 'c'))).toBe(true);
});

test('below a file is an error', async () => {
  await writeFile(join(root, 'file'), '');
  await expect(makeFolders(join(root, 'file', 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

(existsSync('/proc/self') ? test : test.skip)('where no folder can be is an error, and no endless try', async () => {
  await expect(makeFolders('/proc/x')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(makeFolders('/proc/self/x/y/z')).rejects.toMatchObject({ code: 'ENOENT' });
});
