import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { processName, processState, seenIn } from './process-life.js';
import { systemClock } from './system-clock.js';
import { until } from './waiting.js';

const onLinux = process.platform === 'linux' ? test : test.skip;

test('this process runs, and none of its number that started at another time', async () => {
  const me = await processName(process.pid);
  if (me === null) throw new Error('this process was not found');
  expect(await processState(me)).toBe('runs');
  expect(await processState({ ...me, start: '1' })).toBe('gone');
});

test('a number that no process can have names none', async () => {
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 31]) expect(await processName(pid)).toBeNull();
});

test('a process is gone once it has ended', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const name = await processName(child.pid ?? 0);
  if (name === null) throw new Error('the child was not found');
  expect(await processState(name)).toBe('runs');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await processState(name)).toBe('gone');
});

onLinux('a killed process that nobody waits for is gone: it holds nothing', async () => {
  // The shell becomes a program that never waits for the child it has, before that ends.
  const shell = spawn('sh', ['-c', 'sleep 2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [text] = (await once(shell.stdout, 'data')) as [Buffer];
    const isGone = async (): Promise<boolean> => {
      const name = await processName(Number(text.toString()));
      return name !== null && (await processState(name)) === 'gone';
    };
    await until('the child is a zombie', isGone, { clock: systemClock(), deadlineMs: 25_000 });
  } finally {
    shell.kill('SIGKILL');
  }
});

/** Fields after the name: state, ppid, pgrp, session, tty, tpgid, flags, 10 more, threads, 0, start. */
const stat = (state: string, flags: number, threads = 1): string =>
  `42 (a) (b c) ${state} 1 42 42 0 -1 ${flags} 1 2 3 4 5 6 7 8 20 0 ${threads} 0 987654 1000 100`;
const status = (thread: string, all: string): string => `Name:\ta\nState:\tS (sleeping)\nSigQ:\t1/2\nSigPnd:\t${thread}\nShdPnd:\t${all}\n`;
const NONE = '0000000000000000';
const KILL = '0000000000000100';
const TERM = '0000000000004000';

test.each([
  ['sleeps', stat('S', 4194304), status(NONE, NONE), 'runs'],
  ['is stopped', stat('T', 4194304), status(NONE, NONE), 'runs'],
  ['has a SIGTERM that it has not come to', stat('R', 4194304), status(TERM, TERM), 'runs'],
  ['has a SIGKILL that it has not come to', stat('R', 4194304), status(KILL, NONE), 'ending'],
  ['has a SIGKILL of all its threads that it has not come to', stat('D', 4194304), status(NONE, KILL), 'ending'],
  ['works off its exit', stat('R', 4194304 + 4), status(NONE, NONE), 'ending'],
  ['is through while its threads are not', stat('Z', 4194308, 3), status(NONE, NONE), 'ending'],
  ['is a zombie', stat('Z', 4194308), status(NONE, NONE), 'gone'],
  ['vanished between the two looks', stat('S', 4194304), '', 'runs'],
])('a process that %s', (_what, statText, statusText, state) => {
  expect(seenIn(statText, statusText)).toEqual({ start: '987654', state });
});

test('a process that is not there is none', () => expect(seenIn('', '')).toBeNull());
