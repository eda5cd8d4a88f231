import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { processName } from './process-life.js';
import { isLock, takeProcessLock, type LockOwner, type ProcessLock, type ProcessLockOptions } from './process-lock.js';
import { systemClock } from './system-clock.js';

let folder: string;
let file: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-lock-'));
  file = join(folder, 'lock');
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const LONG_MS = 60_000;
const take = (more: Partial<ProcessLockOptions> = {}): Promise<ProcessLock | LockOwner> =>
  takeProcessLock(file, { clock: systemClock(), patienceMs: LONG_MS, ...more });

async function sleeper(): Promise<{ child: ChildProcess; pid: number; text: string }> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  return { child, pid, text: `${pid} ${(await processName(pid))?.start ?? ''}` };
}

async function goneProcess(): Promise<string> {
  const { child, text } = await sleeper();
  child.kill('SIGKILL');
  await once(child, 'exit');
  return text;
}

test('one that is held by a process that runs is refused at once, with its owner', async () => {
  expect(isLock(await take())).toBe(true);
  expect(await take({ patienceMs: LONG_MS })).toEqual({ pid: process.pid, isEnding: false });
});

test('one that was given back is free, and nothing of it is left', async () => {
  const lock = await take();
  if (isLock(lock)) await lock.release();
  expect(await readdir(folder)).toEqual([]);
  expect(isLock(await take())).toBe(true);
});

test('giving back twice takes no later lock away', async () => {
  const lock = (await take()) as ProcessLock;
  await lock.release();
  await writeFile(file, 'of somebody else');
  await lock.release();
  expect(await readFile(file, 'utf8')).toBe('of somebody else');
});

test.each([
  ['empty', ''],
  ['cut short', '12'],
  ['no numbers', 'x y\n'],
  ['of a number that another process has by now', `${process.pid} 1\n`],
  ['of a number that is too large', `${10 ** 15} 1\n`],
])('a text that is %s is nobody', async (_what, text) => {
  await writeFile(file, text);
  expect(isLock(await take())).toBe(true);
});

test('one of a process that is gone is taken over', async () => {
  await writeFile(file, `${await goneProcess()}\n`);
  expect(isLock(await take())).toBe(true);
});

test('one of a process that ends with one that is gone is waited for: it ends too', async () => {
  const owner = await sleeper();
  await writeFile(file, `${owner.text} ${await goneProcess()}\n`);
  const waited: number[] = [];
  const lock = await take({ onWait: (pid) => (waited.push(pid), owner.child.kill('SIGKILL')) });
  expect(isLock(lock)).toBe(true);
  expect(waited).toEqual([owner.pid]);
});

test('one of a process that ends with one that runs is refused at once', async () => {
  const [owner, parent] = [await sleeper(), await sleeper()];
  await writeFile(file, `${owner.text} ${parent.text}\n`);
  expect(await take()).toEqual({ pid: owner.pid, isEnding: false });
});

test('an owner that is ending and does not end is named once the patience is over', async () => {
  const owner = await sleeper();
  await writeFile(file, `${owner.text} ${await goneProcess()}\n`);
  expect(await take({ patienceMs: 50 })).toEqual({ pid: owner.pid, isEnding: true });
  expect(await take({ patienceMs: 0 })).toEqual({ pid: owner.pid, isEnding: true });
  expect(await readdir(folder)).toEqual(['lock']);
});

test('the process that a lock ends with stands in it', async () => {
  const parent = await sleeper();
  await take({ endsWith: parent.pid });
  expect(await readFile(file, 'utf8')).toBe(`${process.pid} ${(await processName(process.pid))?.start} ${parent.text}\n`);
});

test('of many that find a stale lock at once, one gets it', async () => {
  await writeFile(file, '999999999 1\n');
  const taken = await Promise.all(Array.from({ length: 20 }, () => take()));
  expect(taken.filter(isLock)).toHaveLength(1);
});

test('one whose remover was killed while it removed it is taken over', async () => {
  await writeFile(file, '999999999 1\n');
  await writeFile(`${file}.removing`, '999999999 1\n');
  expect(isLock(await take())).toBe(true);
  expect(await readdir(folder)).toEqual(['lock']);
});

test('a folder that is not there is an error of the system', async () => {
  await expect(takeProcessLock(join(folder, 'none', 'lock'), { clock: systemClock(), patienceMs: 0 })).rejects.toMatchObject({
    code: 'ENOENT',
  });
});
