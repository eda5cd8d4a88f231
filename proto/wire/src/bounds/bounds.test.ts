import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidRequestError, LIMITS } from '@trainer/model';
import { decodeFromAgent } from '../agent-link.codec.js';
import { encodeCreateActor } from '../actors.codec.js';
import { CallBatch } from '../gen/trainer/v1/actors.js';
import { FromAgent } from '../gen/trainer/v1/agent.js';
import { anyActorSpec } from '../testing/actors.arbitrary.js';
import { bytes, checkBound, list, map, message, oneOf, range, text, type Bound } from './bound.js';
import { checkRequest } from './check-request.js';

/** @returns what is said of a value; null: it is within its bound */
function said(bound: Bound, value: unknown): string | null {
  try {
    checkBound(bound, value, 'it');
    return null;
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return error.message;
  }
}
const CREATE = '/trainer.v1.ActorService/Create';
const aCreate = () => {
  const [spec] = fc.sample(anyActorSpec, { numRuns: 1, seed: 7 });
  if (spec === undefined) throw new Error('no sample');
  const small = {
    ...spec,
    className: 'C',
    env: {},
    name: 'n',
    namespace: '',
    concurrency: 1,
    priority: 0,
    maxRestarts: 0,
    maxCallRetries: 0,
  };
  return encodeCreateActor({
    spec: { ...small, checkpointEvery: 'call', args: { kind: 'inline', bytes: Buffer.alloc(0) } },
    timeoutMs: 0,
    getIfExists: false,
  });
};

describe('bounds', () => {
  it.each([
    [text(3), 'abc', 'abcd', 'it: has 4 characters; the limit is 3'],
    [bytes(2), Buffer.alloc(2), Buffer.alloc(3), 'it: has 3 bytes; the limit is 2'],
    [range({ min: 1, max: 9 }), 9, 10, 'it: is 10; give 1 to 9'],
    [range({ min: 1, max: 9 }), 1, 0, 'it: is 0; give 1 to 9'],
    [list(2, text(1)), ['a', 'b'], ['a', 'b', 'c'], 'it: has 3 entries; the limit is 2'],
    [list(2, text(1)), ['a', ''], ['a', 'bb'], 'it.1: has 2 characters; the limit is 1'],
    [map(1, 2, text(1)), { ab: 'x' }, { a: '', b: '' }, 'it: has 2 entries; the limit is 1'],
    [map(1, 2, text(1)), {}, { abc: '' }, 'it: has a name of 3 characters; the limit is 2'],
    [map(1, 2, text(1)), { a: 'x' }, { a: 'xx' }, 'it.a: has 2 characters; the limit is 1'],
    [message<{ aField: string }>({ aField: text(1) }), { aField: 'x' }, { aField: 'xx' }, 'it.aField: has 2 characters; the limit is 1'],
    [
      oneOf<{ $case: 'someText'; value: string }>({ someText: text(1) }),
      { $case: 'someText', value: 'x' },
      { $case: 'someText', value: 'xx' },
      'it.someText: has 2 characters; the limit is 1',
    ],
  ] as [Bound, unknown, unknown, string][])(
    'take what is at the limit and refuse what is beyond: case %#',
    (bound, inside, beyond, sentence) => {
      expect([said(bound, inside), said(bound, beyond)]).toEqual([null, sentence]);
    },
  );
});

describe('a request', () => {
  it.each([
    ['className', { className: 'x'.repeat(LIMITS.symbolChars + 1) }],
    ['args', { args: Buffer.alloc(64 * 1024 + 1) }],
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 10_001 }],
    ['priority', { priority: 100 }],
    ['maxRestarts', { maxRestarts: -2 }],
    ['maxCallRetries', { maxCallRetries: 1_001 }],
    ['timeoutMs', { timeoutMs: 86_400_001 }],
    ['name', { name: 'x'.repeat(129) }],
    ['env', { env: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`V${i}`, ''])) }],
    ['env', { env: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`V${i}`, '\u20ac'.repeat(4_096)])) }],
    ['storedArgs.bytes', { storedArgs: { bytes: 64 * 2 ** 20 + 1, sha256: '' } }],
    ['classRef.source.bundle.exportName', { classRef: { source: { $case: 'bundle', value: { hash: '', exportName: 'x'.repeat(251) } } } }],
  ])('whose %s is out of bounds is refused by its name', (field, change) => {
    expect(() => checkRequest(CREATE, aCreate())).not.toThrow();
    expect(() => checkRequest(CREATE, { ...aCreate(), ...change })).toThrow(`${field}: `);
  });

  it('is read once, field by field, as calls are frequent', () => {
    let reads = 0;
    const counted = { get: (call: object, field: string | symbol) => ((reads += 1), Reflect.get(call, field) as unknown) };
    const call = { number: 1, method: 'increment', args: Buffer.alloc(10), timeoutMs: 0, windowBytes: 0 };
    const calls = Array.from({ length: 1_000 }, () => new Proxy({ ...call }, counted));
    checkRequest('/trainer.v1.ActorCalls/Connect', { ...CallBatch.fromPartial({}), calls });
    // Of the five fields only the two that have a bound.
    expect(reads).toBe(2 * calls.length);
  });
});

describe('a fact out of bounds', () => {
  const sent = (body: object) =>
    decodeFromAgent(
      FromAgent.fromPartial({
        message: {
          $case: 'facts',
          value: {
            facts: [
              { number: 1, lease: '1-1', body },
              { number: 2, lease: '1-2', body: { $case: 'startedPid', value: 7 } },
            ],
          },
        } as never,
      }),
    );

  it('is unreadable by itself, and the others of its batch are not', () => {
    const state = { $case: 'state', value: { state: { $case: 'inline', value: Buffer.alloc(64 * 1024 + 1) } } };
    expect(sent(state)).toMatchObject({
      facts: [
        {
          number: 1,
          lease: '1-1',
          body: { kind: 'unreadable', why: 'facts[0].body.state.state.inline: has 65537 bytes; the limit is 65536' },
        },
        { number: 2, body: { kind: 'started' } },
      ],
    });
  });

  it('that tells an end is an end', () => {
    const ended = { $case: 'ended', value: { cause: { $case: 'killedBy', value: 'x'.repeat(LIMITS.sentenceChars + 1) } } };
    expect(sent(ended)).toMatchObject({ facts: [{ body: { kind: 'ended', cause: { kind: 'broke-protocol' } } }, { number: 2 }] });
  });
});
