import { serialize } from 'node:v8';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PROTOCOL } from '@trainer/model';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { decodeRemoteFailure, encodeRemoteFailure } from '@trainer/wire';
import { calls, Link, make, NO_HANDLES } from '../testing/caller-link.js';
import type { AnswerBody } from './answer.js';
import { CallRunner } from './call-runner.js';
import type { Caller } from './caller.js';
import { Callers } from './callers.js';
import { MethodTable } from './method-table.js';
import { toRemoteFailure } from './remote-failure.js';

function revoked(of: object = {}): object {
  const { proxy, revoke } = Proxy.revocable(of, {});
  revoke();
  return proxy;
}
function bite(): never {
  throw new Error('bites');
}
const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'isExtensible', 'set', 'defineProperty'] as const;
const getter = (name: PropertyKey): object => Object.defineProperty({}, name, { get: bite, enumerable: true });

/** What a method may return or throw that throws when it is read. */
const BITES: Readonly<Record<string, () => unknown>> = {
  'a revoked proxy': () => revoked(),
  'a revoked proxy of a list': () => revoked([]),
  'a revoked proxy of a function': () => revoked(() => 1),
  'a proxy whose traps throw': () => new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, bite]))),
  'a field that throws': () => getter('rows'),
  'a name that throws': () => getter('name'),
  'a message that throws': () => getter('message'),
  'a message that is a revoked proxy': () => ({ message: revoked() }),
  'a constructor that throws': () => Object.create(getter('constructor')) as object,
  'an async iterator that throws': () => Object.assign(getter(Symbol.asyncIterator), { f: bite }),
  'a toStringTag that throws': () => Object.assign(getter(Symbol.toStringTag), { f: bite }),
  'a text that throws': () => ({ toString: bite, valueOf: bite, toJSON: bite, [Symbol.toPrimitive]: bite }),
  'an object without prototype that holds a function': () => Object.assign(Object.create(null) as object, { f: bite }),
  'a Map with a key that has no text': () => new Map([[Object.create(null), bite]]),
  'an error with a cycle': () => {
    const error: Error & { self?: unknown } = new Error('round');
    error.self = error;
    return error;
  },
  'an error with fields that cannot be sent': () =>
    Object.assign(new Error('big'), { draft: revoked(), when: new Date(Number.NaN), f: bite }),
  'a symbol': () => Symbol('s'),
  'a function': () => bite,
  'half a surrogate pair': () => ({ text: '\ud800' }),
};

class Biter {
  give(kind: string): unknown {
    return BITES[kind]?.();
  }
  async giveLater(kind: string): Promise<unknown> {
    await null;
    return { within: BITES[kind]?.() };
  }
  fail(kind: string): never {
    throw BITES[kind]?.();
  }
  async failLater(kind: string): Promise<never> {
    await null;
    throw BITES[kind]?.();
  }
  *items(kind: string): Generator<unknown> {
    yield 1;
    yield { within: BITES[kind]?.() };
  }
  *failing(kind: string): Generator<unknown> {
    yield 1;
    throw BITES[kind]?.();
  }
  async *failingLater(kind: string): AsyncGenerator<unknown> {
    yield 1;
    throw BITES[kind]?.();
  }
  /** A promise of the class's own that throws or settles twice. */
  odd(kind: string): unknown {
    if (kind === 'then') return { then: bite };
    if (kind === 'twice') return { then: (done: (value: unknown) => void) => [1, 2].forEach(done) };
    if (kind === 'constructor') return Object.defineProperty(Promise.resolve(1), 'constructor', { get: bite });
    return Object.defineProperty(Promise.resolve(1), 'then', { value: bite });
  }
  /** An iterable that throws before its first value. */
  noIterator(): unknown {
    return { [Symbol.asyncIterator]: bite };
  }
  badNext(kind: string): unknown {
    const next = kind === 'none' ? () => undefined : kind === 'revoked' ? () => revoked() : bite;
    return { next, return: bite, [Symbol.asyncIterator]: () => ({ next, return: bite }) };
  }
  null(): never {
    throw null;
  }
  quota(): never {
    throw { code: 'E_QUOTA', detail: 'quota of the bucket is used up' };
  }
  ping(): string {
    return 'pong';
  }
}

let clock: ManualClock;
let link: Link;
let caller: Caller;
let number = 0;
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);

beforeEach(() => {
  clock = manualClock();
  const instance = new Biter();
  const target = { className: 'Biter', instance, methods: new MethodTable(instance), handles: NO_HANDLES, keeper: null };
  const runner = new CallRunner(target, 1, { monotonicMs: () => clock.monotonicMs(), later: (run) => void setImmediate(run) });
  const callers = new Callers('token', { clock, answersKeptMs: 30_000, submit: (call) => runner.submit(call) });
  link = new Link();
  caller = callers.welcome({ caller: 'c', token: 'token', protocol: PROTOCOL, written: 0 }, link);
  number = 0;
  unhandled.length = 0;
  process.on('unhandledRejection', onUnhandled);
});

afterEach(async () => {
  // The actor goes on after each, and nothing has thrown where nobody listens.
  expect(await answered('ping')).toMatchObject({ kind: 'value' });
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

/** The final answer of a call; one that never comes fails by the test's own limit. */
async function answered(method: string, ...args: unknown[]): Promise<AnswerBody> {
  number += 1;
  const mine = number;
  calls(caller, make(mine, method, args, { windowBytes: /items|failing|no|bad/.test(method) ? 100_000 : 0 }));
  for (;;) {
    const answer = link.sent.find((sent) => sent.number === mine && sent.body.kind !== 'item');
    if (answer !== undefined) return answer.body;
    await new Promise(setImmediate);
  }
}

const kinds = Object.keys(BITES);

describe('what a method returns that bites is refused with its path', () => {
  test.each(kinds)('%s', async (kind) => {
    const wanted = { kind: 'failed', error: { code: 'value.not-transferable', facts: { path: expect.stringMatching(/^(result|item)/) } } };
    expect(await answered('give', kind)).toMatchObject(wanted);
    expect(await answered('giveLater', kind)).toMatchObject(wanted);
    expect(await answered('items', kind)).toMatchObject(wanted);
  });
});

describe('what a method throws that bites is told as far as it can be', () => {
  test.each(kinds)('%s', async (kind) => {
    for (const method of ['fail', 'failLater', 'failing', 'failingLater']) {
      const body = await answered(method, kind);
      if (body.kind !== 'threw') throw new Error(`${method} was answered with ${body.kind}`);
      // As it crosses to the caller, and to the agent where a constructor threw.
      expect(decodeRemoteFailure(encodeRemoteFailure(body.failure), 'failure')).toEqual(body.failure);
      expect(() => serialize(body.failure)).not.toThrow();
      expect(body.failure.message).not.toBe('');
    }
  });
});

test.each(['then', 'constructor', 'own then'])('a promise that bites by its %s is what the method threw', async (kind) => {
  expect(await answered('odd', kind)).toMatchObject({ kind: 'threw', failure: { message: 'bites' } });
});

test('a promise that settles twice settles its call once', async () => {
  expect(await answered('odd', 'twice')).toMatchObject({ kind: 'value' });
});

test('an iterable that bites before its first value fails its call', async () => {
  expect(await answered('noIterator')).toMatchObject({ kind: 'threw', failure: { message: 'bites' } });
});

test.each(['none', 'revoked', 'bites'])('an iterator whose next gives no result (%s) fails its call', async (kind) => {
  expect(await answered('badNext', kind)).toMatchObject({ kind: 'threw' });
});

test('a null that is thrown is told', async () => {
  expect(await answered('null')).toMatchObject({ kind: 'threw', failure: { name: 'Error', message: 'null' } });
});

test('a plain object that is thrown keeps a readable message', async () => {
  expect(await answered('quota')).toMatchObject({
    kind: 'threw',
    failure: { name: 'Error', message: "{ code: 'E_QUOTA', detail: 'quota of the bucket is used up' }", fields: { code: 'E_QUOTA' } },
  });
});

test('an instance that cannot be read has no methods', () => {
  expect(new MethodTable(revoked()).find('give')).toBeNull();
});

test('what is told of an error is as it was when it was thrown', () => {
  const error = Object.assign(new Error('m'), { state: { n: 1 } });
  const failure = toRemoteFailure(error);
  error.state.n = 2;
  expect(failure.fields).toEqual({ state: { n: 1 } });
});

test('an error of many large fields is told within bounds', () => {
  const error = Object.assign(
    new Error('x'.repeat(1_000_000)),
    Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, 'y'.repeat(100_000)])),
  );
  expect(encodeRemoteFailure(toRemoteFailure(error)).fields.length).toBeLessThan(500_000);
  expect(toRemoteFailure(error).message.length).toBeLessThan(70_000);
});
