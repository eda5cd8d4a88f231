import { beforeEach, expect, test } from '@jest/globals';
import { PROTOCOL, windowCost } from '@trainer/model';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { calls, Link, make, NO_HANDLES } from '../testing/caller-link.js';
import { CallRunner } from './call-runner.js';
import type { Caller } from './caller.js';
import { Callers } from './callers.js';
import { MethodTable } from './method-table.js';

const KEPT_MS = 30_000;

class Source {
  ended: string[] = [];
  begun = 0;
  begin: (() => void)[] = [];
  *numbers(): Generator<number> {
    this.begun += 1;
    try {
      for (let n = 1; ; n += 1) yield n;
    } finally {
      this.ended.push('numbers');
    }
  }
  /** Its first value comes when the test says so. */
  async *later(): AsyncGenerator<number> {
    try {
      await new Promise<void>((resolve) => this.begin.push(resolve));
      yield 1;
      yield 2;
    } finally {
      this.ended.push('later');
    }
  }
  /** Waits for events that never come, as `events.on` does; only `return` ends it. */
  events(): AsyncIterableIterator<number> {
    let over: (result: IteratorResult<number>) => void = () => undefined;
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => new Promise((resolve) => (over = resolve)),
      return: async () => {
        this.ended.push('events');
        over({ done: true, value: undefined });
        return { done: true, value: undefined };
      },
    };
  }
  /** A generator that ends badly when its reader leaves. */
  *bad(): Generator<number> {
    try {
      for (;;) yield 1;
    } finally {
      this.#fail('bad');
    }
  }
  #fail(method: string): never {
    this.ended.push(method);
    throw new Error('in finally');
  }
  ping(): string {
    return 'pong';
  }
}

let clock: ManualClock;
let source: Source;
let callers: Callers;
let link: Link;
let caller: Caller;

beforeEach(() => {
  clock = manualClock();
  source = new Source();
  const target = { className: 'Source', instance: source, methods: new MethodTable(source), handles: NO_HANDLES, keeper: null };
  const runner = new CallRunner(target, 1, { monotonicMs: () => clock.monotonicMs(), later: (run) => void setImmediate(run) });
  callers = new Callers('token', { clock, answersKeptMs: KEPT_MS, submit: (call) => runner.submit(call) });
  link = new Link();
  caller = welcome('reader', link);
});

function welcome(name: string, on: Link): Caller {
  return callers.welcome({ caller: name, token: 'token', protocol: PROTOCOL, written: 0 }, on);
}

/** A window of a few values, which nobody widens. */
function stream(method: string): void {
  calls(caller, make(1, method, [], { windowBytes: 3 * windowCost(1) }));
}

/** The actor, of concurrency 1, has room again for the call of another. */
async function isFree(): Promise<boolean> {
  const other = new Link();
  calls(welcome('other', other), make(1, 'ping'));
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
  return other.sent.length === 1;
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
};

test.each(['numbers', 'later', 'events', 'bad'])('a reader that leaves ends %s, and the next call runs', async (method) => {
  stream(method);
  await turns();
  caller.receive({ calls: [], cancels: [1], credits: [] });
  for (const begin of source.begin) begin();
  expect(await isFree()).toBe(true);
  expect(source.ended).toEqual([method]);
});

test('a reader whose process dies ends a generator that waits for room', async () => {
  stream('numbers');
  await turns();
  expect(source.ended).toEqual([]);
  caller.detach(link);
  expect(await isFree()).toBe(true);
  expect(source.ended).toEqual(['numbers']);
});

test.each(['later', 'events'])('a reader that is gone before the first value ends %s after 30 s, and no earlier', async (method) => {
  stream(method);
  await turns();
  caller.detach(link);
  for (const begin of source.begin) begin();
  await turns();
  clock.advance(KEPT_MS - 1);
  expect(await isFree()).toBe(false);
  expect(source.ended).toEqual([]);
  clock.advance(1);
  // The call of `isFree` waited behind it; another is asked for once more.
  await turns();
  expect(source.ended).toEqual([method]);
  expect(await isFree()).toBe(true);
});

test('a stream that waits in the queue when its reader goes never begins', async () => {
  const running = new Link();
  const first = welcome('first', running);
  calls(first, make(1, 'events', [], { windowBytes: 3 * windowCost(1) }));
  stream('numbers');
  caller.detach(link);
  clock.advance(KEPT_MS);
  first.receive({ calls: [], cancels: [1], credits: [] });
  await turns();
  expect(source.ended).toEqual(['events']);
  expect(await isFree()).toBe(true);
});

test('a reader that comes back in time gets its first values', async () => {
  stream('later');
  await turns();
  caller.detach(link);
  clock.advance(KEPT_MS - 1);
  const next = new Link();
  welcome('reader', next);
  clock.advance(KEPT_MS);
  source.begin[0]?.();
  await turns();
  expect(next.told().slice(0, 2)).toEqual([
    [1, 'item', 1],
    [1, 'item', 2],
  ]);
});

test('a reader that comes back on a new link before the old one is seen to be broken ends what it has given up', async () => {
  stream('numbers');
  await turns();
  welcome('reader', new Link());
  expect(link.isClosed).toBe(true);
  expect(await isFree()).toBe(true);
  expect(source.ended).toEqual(['numbers']);
});

test('10,000 readers that vanish leave nothing behind', async () => {
  for (let i = 0; i < 10_000; i += 1) {
    const gone = new Link();
    const reader = welcome(`reader ${i % 100}`, gone);
    calls(reader, make(Math.floor(i / 100) + 1, 'numbers', [], { windowBytes: 3 * windowCost(1) }));
    reader.detach(gone);
  }
  clock.advance(KEPT_MS);
  expect(await isFree()).toBe(true);
  expect(source.begun).toBeGreaterThan(0);
  expect(source.ended).toHaveLength(source.begun);
});
