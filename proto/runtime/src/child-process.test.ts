import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { transform } from '@swc/core';
import { detectSpawner, watchdogSpawner } from './child-process.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-spawner-'));
  const source = await readFile(new URL('child-process.ts', import.meta.url), 'utf8');
  const { code } = await transform(source, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } });
  await writeFile(join(folder, 'child-process.mjs'), code);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts a process that starts `sleep` through a spawner and prints its process id. */
async function parentOfSleep(spawner: string): Promise<{ parent: ChildProcess; sleepPid: number }> {
  const program = `
    import { pdeathsigSpawner, watchdogSpawner } from './child-process.mjs';
    const child = ${spawner}().spawn({ command: 'sleep', args: ['60'], env: { PATH: process.env.PATH }, stdio: 'ignore', isGroupLeader: true });
    console.log(child.pid);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  return { parent, sleepPid: Number(line.toString()) };
}

async function untilGone(pid: number, deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (performance.now() < deadline) {
    const status = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => null);
    if (status === null || status.includes(') Z ')) return true;
    await new Promise(setImmediate);
  }
  return false;
}

const table = ['watchdogSpawner', ...((await detectSpawner(process.env['PATH'] ?? '')).guard === 'pdeathsig' ? ['pdeathsigSpawner'] : [])];

test.each(table)('a child started by %s ends when its parent is killed', async (spawner) => {
  const { parent, sleepPid } = await parentOfSleep(spawner);
  process.kill(sleepPid, 0);
  parent.kill('SIGKILL');
  expect(await untilGone(sleepPid, 5_000)).toBe(true);
});

test('a child ends as it would without a watchdog', async () => {
  const child = watchdogSpawner().spawn({
    command: 'sh',
    args: ['-c', 'exit 7'],
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: 'ignore',
    isGroupLeader: false,
  });
  expect(await once(child, 'exit')).toEqual([7, null]);
});

test('a command that is not there is an error of the child', async () => {
  const child = watchdogSpawner().spawn({ command: '/not/there', args: [], env: {}, stdio: 'ignore', isGroupLeader: false });
  const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ENOENT');
});
