import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { encodeValue } from '@trainer/wire';
import { ActorListener } from '../testing/rpc/actor-listener.js';
import { linkTo, type TestLink } from '../testing/test-link.js';
import { StreamBuffer, ValueStream } from './value-stream.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

class Streams {
  ended = 0;
  release: (() => void)[] = [];
  async *numbers(): AsyncGenerator<number> {
    try {
      for (let n = 1; ; n += 1) yield n;
    } finally {
      this.ended += 1;
    }
  }
  async *later(): AsyncGenerator<string> {
    await new Promise<void>((resolve) => this.release.push(resolve));
    yield 'worth waiting for';
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

/** Some collections: each finds what nobody holds by then, and what it found is told in a later turn of the event loop. */
async function collectSome(): Promise<void> {
  for (let i = 0; i < 4; i += 1) {
    collect();
    await new Promise(setImmediate);
  }
}

async function collected(until: () => boolean): Promise<void> {
  while (!until()) {
    collect();
    await new Promise(setImmediate);
  }
}

test('an iterator that the program drops ends its generator when it is collected', async () => {
  await (async () => expect(await subject.handle.stream.numbers().next()).toEqual({ done: false, value: 1 }))();
  await collected(() => streams.ended === 1);
  expect(listener.cancelled).toEqual([1]);
});

test('10,000 that are dropped are all ended', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const drop = async (id: number): Promise<void> => {
    const begin = (sink: { item(bytes: Uint8Array): void }) => {
      begun.push(id);
      sink.item(encodeValue(id));
      return { credit: () => undefined, cancel: () => void ended.push(id) };
    };
    await new ValueStream(new StreamBuffer(begin, (bytes) => bytes)).next();
  };
  for (let id = 0; id < 10_000; id += 1) await drop(id);
  await collected(() => ended.length === 10_000);
  expect(new Set(ended)).toEqual(new Set(begun));
});

test('one whose value the program still waits for is not', async () => {
  const value = subject.handle.stream.later().next();
  while (streams.release.length === 0) await new Promise(setImmediate);
  await collectSome();
  streams.release[0]?.();
  expect(await value).toEqual({ done: false, value: 'worth waiting for' });
});

test('one that the program holds is not, however long it reads nothing', async () => {
  const stream = subject.handle.stream.numbers();
  await stream.next();
  await collectSome();
  expect(await stream.next()).toEqual({ done: false, value: 2 });
  expect(streams.ended).toBe(0);
});

test('a value that cannot be read ends the stream in the actor', async () => {
  const cancelled: string[] = [];
  const begin = (sink: { item(bytes: Uint8Array): void }) => {
    sink.item(Uint8Array.of(1));
    return { credit: () => undefined, cancel: () => void cancelled.push('cancelled') };
  };
  const stream = new ValueStream(
    new StreamBuffer(begin, () => {
      throw new Error('unreadable');
    }),
  );
  await expect(stream.next()).rejects.toThrow('unreadable');
  expect(await stream.next()).toEqual({ done: true, value: undefined });
  expect(cancelled).toEqual(['cancelled']);
});
