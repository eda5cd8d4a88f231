import { beforeEach, expect, test } from '@jest/globals';
import { leaseId } from '@trainer/model';
import type { Fact } from '@trainer/model';
import { deferred } from '@trainer/runtime';
import { FactInbox } from './fact-inbox.js';
import { Rounds } from './rounds.js';

const LEASE = leaseId('1-1');
const small = (number: number): Fact => ({ number, lease: LEASE, body: { kind: 'started', pid: 1 } });
const large = (number: number, bytes: number): Fact => ({
  number,
  lease: LEASE,
  body: { kind: 'state', state: { kind: 'inline', bytes: Buffer.alloc(bytes) } },
});
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

let slices: number[][];
let errors: unknown[];
let storing: Promise<void>;
let inbox: FactInbox;

beforeEach(() => {
  [slices, errors, storing] = [[], [], Promise.resolve()];
  inbox = new FactInbox({
    deal: async (facts) => {
      slices.push(facts.map(({ number }) => number));
      await storing;
    },
    nextRound: async () => undefined,
    onError: (error) => errors.push(error),
  });
});

test('one fact is dealt with at once', () => {
  inbox.add([small(1)]);
  expect(slices).toEqual([[1]]);
});

test('many are dealt with in their order, each once, in slices of a bounded size', async () => {
  const numbers = Array.from({ length: 10_000 }, (_, i) => i + 1);
  inbox.add(numbers.map(small));
  while (slices.flat().length < numbers.length) await settle();
  expect(slices.flat()).toEqual(numbers);
  expect(Math.max(...slices.map(({ length }) => length))).toBe(128);
});

test.each([
  [0, 4],
  [32 * 1024, 1],
  [64 * 1024, 1],
  [1024 * 1024, 1],
])('of states of %i bytes %i go together', async (bytes, together) => {
  inbox.add([1, 2, 3, 4].map((number) => large(number, bytes)));
  while (slices.flat().length < 4) await settle();
  expect(slices[0]).toHaveLength(together);
  expect(slices.flat()).toEqual([1, 2, 3, 4]);
});

test('what comes while a slice is stored goes together in the next', async () => {
  const first = deferred<void>();
  storing = first.promise;
  inbox.add([small(1)]);
  inbox.add([small(2)]);
  inbox.add([small(3)]);
  expect(slices).toEqual([[1]]);
  first.resolve();
  await settle();
  expect(slices).toEqual([[1], [2, 3]]);
});

test('after an error what waits is forgotten, and the error is told once', async () => {
  storing = Promise.reject(new Error('a gap'));
  inbox.add([small(1)]);
  inbox.add([small(2)]);
  await settle();
  expect([slices, errors]).toEqual([[[1]], [new Error('a gap')]]);
});

test('an agent that waits for no acknowledgement is refused', async () => {
  storing = new Promise(() => undefined);
  const one = large(1, 2 ** 20);
  for (let mib = 0; mib <= 65; mib += 1) inbox.add([one]);
  expect(errors).toMatchObject([{ code: 'request.invalid' }]);
});

test('of several who give way each goes on in its turn, one in a round of the event loop', async () => {
  const rounds = new Rounds();
  const went: string[] = [];
  const go = async (name: string): Promise<void> => {
    for (let n = 0; n < 3; n += 1) {
      await rounds.next();
      went.push(name);
    }
  };
  const others = (async () => {
    for (let n = 0; n < 3; n += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      went.push('.');
    }
  })();
  await Promise.all([go('a'), go('b'), others]);
  expect(went.filter((name) => name !== '.').join('')).toBe('ababab');
  expect(went.join('')).not.toMatch(/[ab]{2}.*\./);
});
