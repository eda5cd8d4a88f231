import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDataFolder } from './data-folder.js';

let parent: string;
let path: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'trainer-data-'));
  path = join(parent, 'data');
});

afterEach(() => rm(parent, { recursive: true, force: true }));

test('a new folder and its secret are for the owner alone', async () => {
  const folder = await openDataFolder(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect((await stat(join(path, 'secret'))).mode & 0o777).toBe(0o600);
  expect(folder.isNew).toBe(true);
});

test('the secret stays the same, and the commands read it', async () => {
  const first = await openDataFolder(path);
  await first.release();
  const second = await openDataFolder(path);
  expect(second.secret).toBe(first.secret);
  expect(second.isNew).toBe(false);
  expect((await readFile(join(path, 'secret'), 'utf8')).trim()).toBe(first.secret);
});

test('a second cluster on the folder is told who has it', async () => {
  await openDataFolder(path);
  await expect(openDataFolder(path)).rejects.toThrow(`in use by process ${String(process.pid)}`);
});

test('the lock of a process that is gone is taken over', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  await mkdir(path);
  await writeFile(join(path, 'lock'), `${String(child.pid)} 12345\n`);
  const folder = await openDataFolder(path);
  await folder.release();
});

test('the lock of a process whose id another has by now is taken over', async () => {
  await mkdir(path);
  await writeFile(join(path, 'lock'), `${String(process.pid)} 1\n`);
  const folder = await openDataFolder(path);
  await folder.release();
});

test('of two that find a stale lock at once, one gets it', async () => {
  await mkdir(path);
  await writeFile(join(path, 'lock'), '999999999 1\n');
  const results = await Promise.allSettled([openDataFolder(path), openDataFolder(path)]);
  expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a folder of another version is one line that says what to do', async () => {
  const folder = await openDataFolder(path);
  await folder.release();
  await writeFile(join(path, 'VERSION'), '7\n');
  await expect(openDataFolder(path)).rejects.toThrow(/has version 7 and this Trainer needs 1: use the Trainer that made it/);
});

test('a disk without room is one line with both numbers', async () => {
  await expect(openDataFolder(path, Number.MAX_SAFE_INTEGER)).rejects.toThrow(/is full \(\d+ MB free, \d+ MB needed\)/);
});

test('an attempt that failed leaves the folder unlocked', async () => {
  await expect(openDataFolder(path, Number.MAX_SAFE_INTEGER)).rejects.toThrow();
  const folder = await openDataFolder(path);
  await folder.release();
});

test('a path that is no folder is one line', async () => {
  await writeFile(path, '');
  await expect(openDataFolder(path)).rejects.toThrow(`The data folder ${path} can't be used`);
});
