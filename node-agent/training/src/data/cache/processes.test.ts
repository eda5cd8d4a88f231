import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { systemClock, until } from '@trainer/runtime';
import type { Act } from './reader-process.fixture.js';

jest.setTimeout(60_000);

const PROGRAM = fileURLToPath(new URL('../../../dist/data/cache/reader-process.fixture.js', import.meta.url));
const ROWS = 50_000;

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainer-readers-'));
  const rows = Array.from({ length: ROWS }, (_, row) => `${row / 3},${row % 2 === 0},${'äbc'[row % 3] ?? ''},2024-01-${(row % 28) + 10}`);
  writeFileSync(at('table.csv'), `n,b,t,d\n${rows.join('\n')}\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

interface End {
  readonly pid: number;
  readonly signal: NodeJS.Signals | null;
  /** What it read, as a checksum; empty where it read nothing. */
  readonly read: string;
  readonly log: string;
}

async function run(act: Act): Promise<End> {
  const child = spawn(process.execPath, [PROGRAM, at('datasets'), at('table.csv'), at('count'), act], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [ended, said, log] = await Promise.all([
    new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal))),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { pid: child.pid ?? 0, signal: ended, read: said.split(' ')[0] ?? '', log };
}

/** The processes that opened the file, in their order. */
const openers = (): number[] => readFileSync(at('count'), 'utf8').trim().split('\n').map(Number);
const kept = (): string[] => readdirSync(at('datasets'));

test('eight processes that begin at once read the dataset once, and all have the same', async () => {
  const ends = await Promise.all(Array.from({ length: 8 }, () => run('read')));
  expect(openers()).toHaveLength(1);
  expect(new Set(ends.map(({ read }) => read)).size).toBe(1);
  expect(ends.map(({ log }) => log)).toEqual(ends.map(() => ''));
  expect(kept()).toEqual([expect.stringMatching(/\.columns$/)]);
});
test.each<Act>(['die-opened', 'die-writing'])('one that is killed (%s) is followed by another, and leaves nothing', async (act) => {
  const first = run(act);
  await until('it has opened the file', () => existsSync(at('count')), { clock: systemClock(), deadlineMs: 20_000 });
  const others = await Promise.all([run('read'), run('read'), run('read')]);
  expect((await first).signal).toBe('SIGKILL');
  expect(openers()).toHaveLength(2);
  expect(new Set(others.map(({ read }) => read)).size).toBe(1);
  expect(others[0]?.read).toMatch(/^\d+$/);
  expect(kept()).toEqual([expect.stringMatching(/\.columns$/)]);
});
test.each<Act>(['die-opened', 'die-writing'])('a node on which all were killed (%s) reads the dataset the next time', async (act) => {
  expect(await Promise.all([run(act), run(act), run(act)])).toEqual(Array(3).fill(expect.objectContaining({ signal: 'SIGKILL' })));
  expect(openers()).toHaveLength(3);
  expect(await run('read')).toMatchObject({ signal: null, read: expect.stringMatching(/^\d+$/), log: '' });
  expect(kept()).toEqual([expect.stringMatching(/\.columns$/)]);
});
test('a process that writes to what it shares is ended, and nobody else sees it', async () => {
  const { read } = await run('read');
  const [writer, other] = await Promise.all([run('write'), run('read')]);
  expect(writer.signal).toMatch(/^SIG(SEGV|BUS)$/);
  expect([other.read, (await run('read')).read]).toEqual([read, read]);
  expect(openers()).toHaveLength(1);
});
