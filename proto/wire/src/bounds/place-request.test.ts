import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { INLINE_ARGS_BYTES, INLINE_STATE_BYTES, InvalidRequestError, LIMITS, type ActorSpec } from '@trainer/model';
import { encodeCreateActor } from '../actors.codec.js';
import { encodePlaceRequest } from '../placement.codec.js';
import { anyActorSpec, anyPlaceRequest } from '../testing/index.js';
import { checkRequest } from './check-request.js';

/** A quarter of what NATS takes: heads and agents may add fields. */
const MOST_BYTES = 256 * 1024;

/** One to four bytes each; the last has two characters. */
const anyLetter = fc.constantFrom('a', '\u00e9', '\u20ac', '\u{1f600}');
const ofChars = (letter: string, chars: number): string =>
  letter.repeat(Math.ceil(chars / letter.length)).slice(0, chars - (chars % letter.length));
/** From nothing to one more than is taken, its ends most often. */
const upTo = (most: number): fc.Arbitrary<number> => fc.oneof(fc.constantFrom(0, 1, most - 1, most, most + 1), fc.nat(most + 1));

const anyEnv = fc
  .record({ letter: anyLetter, count: upTo(LIMITS.env.count), name: upTo(LIMITS.env.nameChars), value: upTo(LIMITS.env.valueChars) })
  .map(({ letter, count, name, value }) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${i}${ofChars(letter, Math.max(0, name - `${i}`.length))}`, ofChars(letter, value)]),
    ),
  );

const isTaken = (spec: ActorSpec): boolean => {
  try {
    checkRequest('/trainer.v1.ActorService/Create', encodeCreateActor({ spec, timeoutMs: 0, getIfExists: false }));
    return true;
  } catch (error) {
    if (error instanceof InvalidRequestError) return false;
    throw error;
  }
};

it('an actor that may be created has a placement that NATS takes, whatever its variables, arguments and state', () => {
  let taken = 0;
  let largest = 0;
  const [base, place] = [fc.sample(anyActorSpec, { numRuns: 1, seed: 3 })[0], fc.sample(anyPlaceRequest, { numRuns: 1, seed: 3 })[0]];
  if (base === undefined || place === undefined) throw new Error('no sample');
  const check = ({
    env,
    letter,
    className,
    args,
    state,
  }: {
    env: Record<string, string>;
    letter: string;
    className: number;
    args: number;
    state: number;
  }): void => {
    const spec: ActorSpec = {
      ...base,
      env,
      className: ofChars(letter, className),
      classRef: { kind: 'bundle', hash: 'f'.repeat(64), exportName: ofChars(letter, className) } as ActorSpec['classRef'],
      args: { kind: 'inline', bytes: Buffer.alloc(args) },
      concurrency: 1,
      priority: 0,
      maxRestarts: 1,
      maxCallRetries: 0,
      checkpointEvery: 'call',
      name: null,
      namespace: '',
    };
    if (!isTaken(spec)) return;
    taken += 1;
    const actor = {
      state: { kind: 'inline' as const, bytes: Buffer.alloc(Math.min(state, INLINE_STATE_BYTES)) },
      checkpointEvery: 'call' as const,
      lookupToken: 't'.repeat(64),
    };
    const start = { ...spec, holder: { kind: 'actor' as const, actor: spec.id, incarnation: 1 }, token: 't'.repeat(64), actor };
    const { length } = encodePlaceRequest({ ...place, action: { kind: 'start', spec: start } });
    largest = Math.max(largest, length);
    expect(length).toBeLessThanOrEqual(MOST_BYTES);
  };
  fc.assert(
    fc.property(
      fc.record({
        env: anyEnv,
        letter: anyLetter,
        className: upTo(LIMITS.symbolChars),
        args: upTo(INLINE_ARGS_BYTES),
        state: upTo(INLINE_STATE_BYTES),
      }),
      check,
    ),
    { numRuns: 500, seed: 14 },
  );
  // Fifteen values of 4,096 bytes: nearly all that may be sent.
  const env = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`V${i}`, 'a'.repeat(LIMITS.env.valueChars)]));
  check({ env, letter: '\u20ac', className: LIMITS.symbolChars, args: INLINE_ARGS_BYTES, state: INLINE_STATE_BYTES });
  expect(taken).toBeGreaterThan(50);
  expect(largest).toBeGreaterThan(188 * 1024);
});
