import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { windowCost } from '@trainer/model';
import { rejection } from '../testing/rejection.js';
import { ActorListener } from '../testing/rpc/actor-listener.js';
import { FIRST_WINDOW_BYTES, StreamBuffer, ValueStream } from './value-stream.js';
import { linkTo, type TestLink } from '../testing/test-link.js';

const MIB = 2 ** 20;

class Streams {
  made = 0;
  ended = 0;
  async *countTo(limit: number): AsyncGenerator<number> {
    try {
      for (let n = 1; n <= limit; n += 1) yield n;
    } finally {
      this.ended += 1;
    }
  }
  async *chunks(count: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i += 1) {
      this.made += 1;
      yield new Uint8Array(MIB);
    }
  }
  async *failAfter(count: number): AsyncGenerator<number> {
    for (let n = 1; n <= count; n += 1) yield n;
    throw new Error('no more');
  }
  double(n: number): number {
    return 2 * n;
  }
}

let streams: Streams;
let listener: ActorListener;
let subject: TestLink<Streams>;

beforeEach(async () => {
  streams = new Streams();
  listener = await new ActorListener(streams).start();
  subject = linkTo<Streams>(listener);
});

afterEach(async () => {
  subject.link.close();
  await listener.stop();
});

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const taken: Value[] = [];
  for await (const value of values) taken.push(value);
  return taken;
}
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
}

test('a stream gives the values of the generator, in order, and ends', async () => {
  expect(await all(subject.handle.stream.countTo(1_000))).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
});

test('values asked for ahead arrive in order', async () => {
  const stream = subject.handle.stream.countTo(2);
  const results = await Promise.all([stream.next(), stream.next(), stream.next()]);
  expect(results.map(({ value, done }) => [value, done])).toEqual([
    [1, false],
    [2, false],
    [undefined, true],
  ]);
});

test('a stream that nobody reads is never begun', async () => {
  subject.handle.stream.countTo(3);
  expect(await subject.handle.call.double(4)).toBe(8);
  expect(listener.ran.map(({ method }) => method)).toEqual(['double']);
});

test('what a generator throws comes after the values before it', async () => {
  const taken: number[] = [];
  const read = (async () => {
    for await (const n of subject.handle.stream.failAfter(3)) taken.push(n);
  })();
  await expect(read).rejects.toMatchObject({ code: 'call.threw', facts: { message: 'no more' } });
  expect(taken).toEqual([1, 2, 3]);
});

test('leaving the loop ends the generator in the actor', async () => {
  for await (const n of subject.handle.stream.countTo(1_000_000)) if (n === 3) break;
  while (listener.cancelled.length === 0) await turns(1);
  expect(await subject.handle.call.double(1)).toBe(2);
  expect(streams.ended).toBe(1);
});

test('at most 16 MiB and one value are sent ahead of the reader; reading on lets the rest come', async () => {
  const stream = subject.handle.stream.chunks(60);
  await stream.next();
  let before = -1;
  while (streams.made !== before) {
    before = streams.made;
    await turns(200);
  }
  expect(streams.made).toBeLessThanOrEqual(18);
  expect(await all(stream)).toHaveLength(59);
});

describe('room', () => {
  /** A stream on its own, whose call notes the room it is given. */
  function alone(): { stream: ValueStream<Uint8Array>; buffer: StreamBuffer<Uint8Array>; credits: number[] } {
    const credits: number[] = [];
    const begin = () => ({ credit: (bytes: number) => void credits.push(bytes), cancel: () => undefined });
    const buffer = new StreamBuffer(begin, (bytes) => bytes);
    return { stream: new ValueStream(buffer), buffer, credits };
  }
  const fill = (buffer: StreamBuffer<Uint8Array>, count: number, bytes: number): void => {
    for (let i = 0; i < count; i += 1) buffer.item(new Uint8Array(bytes));
  };

  test('values of a few bytes wait four thousand at a time, since each costs more than it weighs', () => {
    const { stream, buffer, credits } = alone();
    void stream.next();
    fill(buffer, 3_000, 1);
    // 4,096 of them, each with what holds it.
    expect(credits.reduce((sum, bytes) => sum + bytes, FIRST_WINDOW_BYTES)).toBe(4_096 * 129);
  });

  test('of an actor that sends more than it has room for nothing is kept, and its reader hears why', async () => {
    const { stream, buffer } = alone();
    const first = stream.next();
    fill(buffer, 1, 1);
    await first;
    fill(buffer, 10_000, 1);
    const error = await rejection(stream.next());
    expect(error).toMatchObject({ code: 'wire.format', message: expect.stringContaining('given room for') });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('values of any sizes wait in no more memory than the window, whatever their order', () => {
    const anySizes = fc.array(fc.oneof(fc.constantFrom(0, 1, 10), fc.integer({ min: 0, max: 2 * MIB })), { maxLength: 300 });
    fc.assert(
      fc.property(anySizes, (sizes) => {
        const { stream, buffer, credits } = alone();
        void stream.next();
        let sent = 0;
        // As an actor sends: while it has room.
        for (const bytes of sizes) {
          if (sent >= FIRST_WINDOW_BYTES + credits.reduce((sum, more) => sum + more, 0)) break;
          buffer.item(new Uint8Array(bytes));
          sent += windowCost(bytes);
        }
        expect(sent).toBeLessThanOrEqual(16 * MIB + windowCost(2 * MIB) + windowCost(2 * MIB));
      }),
      { numRuns: 50 },
    );
  });

  test('large values get 16 MiB of room', () => {
    const { stream, buffer, credits } = alone();
    void stream.next();
    fill(buffer, 3, MIB);
    expect(credits.reduce((sum, bytes) => sum + bytes, FIRST_WINDOW_BYTES)).toBe(16 * MIB);
  });

  test('what is read is given back, in quarters of the window', async () => {
    const { stream, buffer, credits } = alone();
    const first = stream.next();
    fill(buffer, 256, 1);
    fill(buffer, 256, 1_000);
    await first;
    for (let i = 1; i < 512; i += 1) await stream.next();
    expect(credits.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(256_000);
    expect(credits.length).toBeLessThan(10);
  });
});

test('a stream that had begun when its link broke fails, since values may be lost', async () => {
  const stream = subject.handle.stream.chunks(60);
  await stream.next();
  await listener.cutLinks();
  await expect(all(stream)).rejects.toMatchObject({ code: 'cluster.unavailable', facts: { outcome: 'unknown' } });
});

test('a stream under a signal that fires fails its reader', async () => {
  const controller = new AbortController();
  const stream = subject.handle.with({ signal: controller.signal }).stream.chunks(60);
  await stream.next();
  controller.abort();
  await expect(all(stream)).rejects.toMatchObject({ code: 'call.cancelled' });
});
