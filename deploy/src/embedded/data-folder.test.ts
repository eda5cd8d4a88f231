import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { processName, systemClock, type ProcessLock } from '@trainer/runtime';
import { lockDataFolder, namingTheDisk, openDataFolder, shortOfRoom } from './data-folder.js';
import { ServerFailedError } from './errors.js';

let parent: string;
let path: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'trainer-data-'));
  path = join(parent, 'data');
});

const lock = (): Promise<ProcessLock> => lockDataFolder(path, { clock: systemClock(), patienceMs: 0 });

afterEach(() => rm(parent, { recursive: true, force: true }));

test('a new folder and its secret are for the owner alone', async () => {
  await lock();
  const folder = await openDataFolder(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect((await stat(join(path, 'secret'))).mode & 0o777).toBe(0o600);
  expect(folder.isNew).toBe(true);
});

test('the secret stays the same, and the commands read it', async () => {
  await lock();
  const first = await openDataFolder(path);
  const second = await openDataFolder(path);
  expect(second.secret).toBe(first.secret);
  expect(second.isNew).toBe(false);
  expect((await readFile(join(path, 'secret'), 'utf8')).trim()).toBe(first.secret);
});

test('a second cluster on the folder is told who has it', async () => {
  await lock();
  await expect(lock()).rejects.toThrow(`in use by process ${String(process.pid)}: stop that cluster`);
});

test('a cluster whose launcher was killed and that does not end is told apart from one that runs', async () => {
  const [gone, owner] = [spawn('true'), spawn('sleep', ['60'])];
  await once(gone, 'exit');
  const start = (await processName(owner.pid ?? 0))?.start ?? '';
  await mkdir(path);
  await writeFile(join(path, 'lock'), `${String(owner.pid)} ${start} ${String(gone.pid)} 1\n`);
  try {
    await expect(lock()).rejects.toThrow(`Process ${String(owner.pid)} of the cluster that ran on ${path} before does not end`);
  } finally {
    owner.kill('SIGKILL');
  }
});

test('a disk that is nearly full is named before anything fails; one with room, and one that nobody can ask, are not', async () => {
  await lock();
  expect(await shortOfRoom(path, 1)).toBeNull();
  expect(await shortOfRoom(path, Infinity)).toMatch(new RegExp(`The disk of ${path} is nearly full \\(\\d+ MB free\\): make room`));
  expect(await shortOfRoom(join(parent, 'nowhere'))).toBeNull();
});

test('a folder of another version is one line that says what to do', async () => {
  await lock();
  await openDataFolder(path);
  await writeFile(join(path, 'VERSION'), '7\n');
  await expect(openDataFolder(path)).rejects.toThrow(/has version 7 and this Trainer needs 1: use the Trainer that made it/);
});

test('a disk without room is one line with both numbers', async () => {
  await lock();
  await expect(openDataFolder(path, Number.MAX_SAFE_INTEGER)).rejects.toThrow(/is full \(\d+ MB free, \d+ MB needed\)/);
});

(process.platform === 'linux' ? test : test.skip)('a path where no folder can be is one line, at once', async () => {
  path = '/proc/x';
  await expect(lock()).rejects.toThrow("The data folder /proc/x can't be used");
});

test('a path that is no folder is one line', async () => {
  await writeFile(path, '');
  await expect(lock()).rejects.toThrow(`The data folder ${path} can't be used`);
});

test.each([
  ['the system', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' }), true],
  [
    'a server that ended at it',
    new ServerFailedError('PostgreSQL', 'ended', ['FATAL:  could not write: No space left on device', 'bye']),
    true,
  ],
  ['a quota', Object.assign(new Error('EDQUOT'), { code: 'EDQUOT', syscall: 'open' }), true],
  ['a server that ended of something else', new ServerFailedError('PostgreSQL', 'ended', ['FATAL: out of memory']), false],
  ['another error', new Error('no space'), false],
])('a full disk is named, as %s says it', async (_what, error, isFull) => {
  const told = await namingTheDisk(parent, error);
  if (isFull)
    expect(told).toMatchObject({ code: 'disk.full', cause: error, message: expect.stringContaining(`The disk of ${parent} is full`) });
  else expect(told).toBe(error);
});
