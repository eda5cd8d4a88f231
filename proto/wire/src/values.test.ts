import { describe, expect, it } from '@jest/globals';
import { decode as foreignDecode, encode as foreignEncode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { anyFacts, anyTransferable } from './testing/index.js';
import { decodeValue, encodeValue, MAX_VALUE_BYTES, type HandleHook } from './values.js';

class Socket {}
class Handle {
  constructor(readonly id: string) {}
}
const handles: HandleHook = {
  toData: (value) => (value instanceof Handle ? { id: value.id, className: 'Thing', name: null } : null),
  fromData: ({ id }) => new Handle(id),
};

function refusal(value: unknown): unknown {
  try {
    encodeValue(value, { at: 'args' });
  } catch (error) {
    return error;
  }
  return null;
}

describe('a value that travels', () => {
  it('arrives as it was sent', () => {
    fc.assert(
      fc.property(anyTransferable, (value) => expect(decodeValue(encodeValue(value))).toStrictEqual(value)),
      { numRuns: 500 },
    );
  });

  it.each([
    0,
    -0,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    -1,
    -32,
    -33,
    -128,
    -129,
    -32_768,
    -32_769,
    -(2 ** 31),
    -(2 ** 31) - 1,
    Number.MIN_SAFE_INTEGER,
    2 ** 60,
    0.1,
    Number.NaN,
    Infinity,
    -Infinity,
    Number.MIN_VALUE,
  ])('keeps the number %d', (number) => {
    expect(decodeValue(encodeValue(number))).toBe(number);
  });

  it.each([0, 1, 31, 32, 33, 255, 256, 65_535, 65_536])('keeps a text of %d characters', (length) => {
    expect(decodeValue(encodeValue('x'.repeat(length)))).toBe('x'.repeat(length));
    expect(decodeValue(encodeValue('é'.repeat(length)))).toBe('é'.repeat(length));
  });

  it.each([15, 16, 65_535, 65_536])('keeps %d items of a list and entries of a map', (length) => {
    const list = Array.from({ length }, (_, i) => i);
    const record = Object.fromEntries(list.map((i) => [`k${i}`, i]));
    expect(decodeValue(encodeValue(list))).toStrictEqual(list);
    expect(decodeValue(encodeValue(record))).toStrictEqual(record);
  });

  it('keeps bigints of any size', () => {
    expect(decodeValue(encodeValue([0n, -1n, 2n ** 64n, -(3n ** 200n)]))).toStrictEqual([0n, -1n, 2n ** 64n, -(3n ** 200n)]);
  });

  it('keeps the holes of arguments, so that defaults apply', () => {
    expect(decodeValue(encodeValue([undefined, 1]))).toStrictEqual([undefined, 1]);
  });

  it('turns a Buffer into a Uint8Array of its own memory', () => {
    const decoded = decodeValue(encodeValue(Buffer.from('abc'))) as Uint8Array;
    expect(Object.getPrototypeOf(decoded)).toBe(Uint8Array.prototype);
    expect(decoded.buffer.byteLength).toBe(3);
  });

  it('carries handles through a hook, wherever they lie', () => {
    const sent = { actor: new Handle('actor-1'), all: [new Map([['k', new Handle('actor-2')]])] };
    expect(decodeValue(encodeValue(sent, { handles }), { handles })).toStrictEqual(sent);
  });

  it('sets no prototype, whatever its keys', () => {
    const decoded = decodeValue(encodeValue(JSON.parse('{"__proto__": {"isAdmin": true}}'))) as { isAdmin?: boolean };
    expect(decoded.isAdmin).toBeUndefined();
    expect(Object.keys(decoded)).toEqual(['__proto__']);
  });

  it('may be encoded while another is', () => {
    const value = {
      before: 1,
      get inner() {
        return [...encodeValue('in')];
      },
      after: 2,
    };
    expect(decodeValue(encodeValue(value))).toStrictEqual({ before: 1, inner: [...encodeValue('in')], after: 2 });
  });

  it('still works after one that was refused', () => {
    expect(refusal([1, new Socket()])).not.toBeNull();
    expect(decodeValue(encodeValue([1, 2]))).toEqual([1, 2]);
  });
});

describe('a value that cannot travel', () => {
  it.each([
    [[{ socket: new Socket() }], 'args[0].socket', 'an instance of Socket'],
    [[() => 1], 'args[0]', 'a function'],
    [[1, [Symbol('s')]], 'args[1][0]', 'a symbol'],
    [[new Map([['k', new Error('e')]])], 'args[0].get("k")', 'an instance of Error'],
    [[new Set([new WeakMap()])], 'args[0][0]', 'an instance of WeakMap'],
    [[{ 'odd key': Promise.resolve() }], 'args[0]["odd key"]', 'a Promise (await it first)'],
    [[new Date(Number.NaN)], 'args[0]', 'an invalid Date'],
    [[new (class Lru extends Map {})()], 'args[0]', 'an instance of Lru'],
    [[new ArrayBuffer(2)], 'args[0]', 'an instance of ArrayBuffer'],
  ])('is refused with its path and type: %p', (value, path, type) => {
    expect(refusal(value)).toMatchObject({ code: 'value.not-transferable', facts: { path, type } });
  });

  it('is refused when it contains itself, where it does so first', () => {
    const ring: unknown[] = [1];
    ring.push({ again: ring });
    expect(refusal({ ring })).toMatchObject({ facts: { path: 'args.ring[1].again', type: 'a part of itself (a cycle)' } });
  });

  it('is refused when a Map contains itself', () => {
    const map = new Map<string, unknown>();
    map.set('me', map);
    expect(refusal([map])).toMatchObject({ facts: { path: 'args[0].get("me")' } });
  });

  it('is no cycle when it only lies there twice', () => {
    const twice = { n: 1 };
    let deep: unknown = [twice, twice];
    for (let i = 0; i < 100; i += 1) deep = [deep, twice];
    expect(decodeValue(encodeValue(deep))).toEqual(deep);
  });

  it('is refused below 500 levels', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 500; i += 1) deep = [deep];
    expect(decodeValue(encodeValue(deep))).toEqual(deep);
    expect(refusal([deep])).toMatchObject({ facts: { type: 'nested deeper than 500 levels' } });
  });

  it('is refused above its limit and not at it', () => {
    expect(encodeValue('x'.repeat(95), { limitBytes: 97 })).toHaveLength(97);
    expect(() => encodeValue('x'.repeat(96), { limitBytes: 97 })).toThrow(expect.objectContaining({ code: 'value.too-large' }));
  });

  it('may have 64 MiB, and no byte more', () => {
    const header = 5;
    expect(encodeValue(new Uint8Array(MAX_VALUE_BYTES - header))).toHaveLength(MAX_VALUE_BYTES);
    expect(() => encodeValue(new Uint8Array(MAX_VALUE_BYTES - header + 1))).toThrow('value is above 64 MiB');
  });
});

describe('the form of values', () => {
  it('is MessagePack that others read', () => {
    fc.assert(fc.property(anyFacts, (facts) => expect(foreignDecode(encodeValue(facts))).toEqual(facts)));
  });

  it('is read from what others write', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => expect(decodeValue(foreignEncode(facts))).toStrictEqual(foreignDecode(foreignEncode(facts)))),
    );
  });

  it('has dates as the timestamps of MessagePack', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(foreignDecode(encodeValue(date))).toEqual(date);
        expect(decodeValue(foreignEncode(date))).toEqual(date);
      }),
    );
  });

  it('is refused when it is cut, and never anything worse', () => {
    fc.assert(
      fc.property(anyTransferable, fc.double({ min: 0, max: 0.999, noNaN: true }), (value, share) => {
        const bytes = encodeValue(value);
        expect(() => decodeValue(bytes.subarray(0, Math.floor(bytes.length * share)))).toThrow(
          expect.objectContaining({ code: 'wire.format' }),
        );
      }),
    );
  });

  it('throws nothing but its own error for bytes of somebody else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeValue(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'wire.format' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('makes nothing for a list that claims more items than there are bytes', () => {
    expect(() => decodeValue(Uint8Array.from([0xdd, 0xff, 0xff, 0xff, 0xff]))).toThrow('cut short');
  });

  it('is refused with a rest', () => {
    expect(() => decodeValue(Uint8Array.from([1, 2]))).toThrow('1 bytes too many');
  });
});
