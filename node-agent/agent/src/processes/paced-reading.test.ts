import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { manualClock } from '@trainer/runtime/testing';
import { readPaced } from './paced-reading.js';

const turn = (): Promise<void> => new Promise(setImmediate);

/** Each byte is one unit: 10,000 at once, 1,000 a second, 5,000 a turn. */
async function reading(bytes: number) {
  const clock = manualClock();
  const stream = new PassThrough({ highWaterMark: 2 ** 20 });
  const read: number[] = [];
  let ends = 0;
  const writerIsGone = readPaced(stream, { burst: 10_000, perSecond: 1_000, perTurn: 5_000 }, clock, {
    onData: (piece) => {
      read.push(piece.length);
      return piece.length;
    },
    onOver: () => (ends += 1),
  });
  stream.end(Buffer.alloc(bytes));
  await turn();
  const total = (): number => read.reduce((sum, length) => sum + length, 0);
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turn();
  };
  return { total, advance, ends: () => ends, writerIsGone, isDestroyed: () => stream.destroyed };
}

test('a little is read at once', async () => {
  const stream = await reading(4_000);
  expect(stream.total()).toBe(4_000);
  expect(stream.ends()).toBe(1);
});

test('more than a turn bears goes on in the next turns', async () => {
  const stream = await reading(9_000);
  expect(stream.total()).toBeLessThan(9_000);
  await stream.advance(0);
  expect(stream.total()).toBe(9_000);
});

test('a flood is read at its pace, to its end, and its end is told last', async () => {
  const stream = await reading(60_000);
  for (let i = 0; i < 5; i += 1) await stream.advance(0);
  expect(stream.total()).toBeLessThan(15_000);
  await stream.advance(10_000);
  expect(stream.total()).toBeLessThan(30_000);
  expect(stream.ends()).toBe(0);
  for (let i = 0; i < 60; i += 1) await stream.advance(1_000);
  expect(stream.total()).toBe(60_000);
  expect(stream.ends()).toBe(1);
});

test('of a flood whose writer is gone the rest is dropped', async () => {
  const stream = await reading(60_000);
  await stream.advance(0);
  stream.writerIsGone();
  const before = stream.total();
  await stream.advance(60_000);
  expect(stream.total()).toBe(before);
  expect(stream.isDestroyed()).toBe(true);
  expect(stream.ends()).toBe(1);
});

test('what was read within the pace is not dropped when the writer is gone', async () => {
  const stream = await reading(4_000);
  stream.writerIsGone();
  expect(stream.total()).toBe(4_000);
  expect(stream.ends()).toBe(1);
});
