import { beforeEach, expect, test } from '@jest/globals';
import { silentLogger } from '@trainer/runtime';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { KeptHead, type StartedHead } from './kept-head.js';

let clock: ManualClock;
let started: { port: number; isClosed: boolean; end: (error: Error) => void }[];
let failing: number;
let given: Error[];
let onStart: (end: (error: Error) => void) => void;
let kept: KeptHead;

beforeEach(() => {
  clock = manualClock();
  started = [];
  failing = 0;
  given = [];
  onStart = () => undefined;
  kept = new KeptHead({ start: startOne, port: 0, clock, log: silentLogger, onGivenUp: (error) => given.push(error) });
});

async function startOne(port: number, end: (error: Error) => void): Promise<StartedHead> {
  if (failing > 0) {
    failing -= 1;
    throw new Error('the database does not answer');
  }
  const one = { port, isClosed: false, end };
  started.push(one);
  onStart(end);
  return { address: '127.0.0.1:7001', close: async () => void (one.isClosed = true) };
}

const fenced = new Error('another head has taken over');
const endNewest = async (): Promise<void> => {
  started.at(-1)?.end(fenced);
  await clock.advanceAsync(0);
};

test('a head that is fenced is closed, and a new one starts at the same port', async () => {
  expect(await kept.start()).toBe('127.0.0.1:7001');
  await endNewest();
  expect(started).toMatchObject([
    { port: 0, isClosed: true },
    { port: 7001, isClosed: false },
  ]);
});

test('a head that can not start at once is tried again', async () => {
  await kept.start();
  failing = 3;
  await endNewest();
  expect(started).toHaveLength(1);
  await clock.advanceAsync(100 + 200 + 400);
  expect(started).toHaveLength(2);
  expect(given).toEqual([]);
});

test('without a head for a minute the cluster is given up, with the reason of the last try', async () => {
  await kept.start();
  failing = Infinity;
  await endNewest();
  for (let second = 0; second < 70; second += 1) await clock.advanceAsync(1_000);
  expect(given).toEqual([expect.objectContaining({ message: 'the database does not answer' })]);
});

test('heads that end ten times within a minute are given up', async () => {
  await kept.start();
  for (let end = 0; end < 10; end += 1) await endNewest();
  expect(started).toHaveLength(10);
  expect(given).toEqual([fenced]);
});

test('heads that end now and then are replaced for ever', async () => {
  await kept.start();
  for (let end = 0; end < 30; end += 1) {
    await endNewest();
    await clock.advanceAsync(30_000);
  }
  expect(given).toEqual([]);
  expect(started).toHaveLength(31);
});

test('a head that ends before its start has returned is replaced too', async () => {
  await kept.start();
  onStart = (end) => {
    onStart = () => undefined;
    end(fenced);
  };
  await endNewest();
  await clock.advanceAsync(0);
  expect(started.map(({ isClosed }) => isClosed)).toEqual([true, true, false]);
});

test('a close while a new one is tried ends the tries', async () => {
  await kept.start();
  failing = Infinity;
  await endNewest();
  await kept.close();
  failing = 0;
  await clock.advanceAsync(10_000);
  expect(started).toHaveLength(1);
  expect(started[0]?.isClosed).toBe(true);
});
