import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { decode as foreignDecode, encode as foreignEncode, ExtensionCodec } from '@msgpack/msgpack';
import fc from 'fast-check';
import { anyFacts, anyTransferable } from './testing/index.js';
import { EXTENSION, MAX_OBJECTS, TYPED_ARRAYS } from './value-writer.js';
import { decodeValue, encodeValue, type HandleHook } from './values.js';

class Handle {
  constructor(readonly id: string) {}
}
const handles: HandleHook = {
  toData: (value) => (value instanceof Handle ? { id: value.id, className: 'Thing', name: null } : null),
  fromData: ({ id }) => new Handle(id),
};

/** One of each form on the wire, each a few bytes long. */
const LEAVES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['undefined', undefined],
  ['0', 0],
  ['-0', -0],
  ['127', 127],
  ['255', 255],
  ['65,535', 65_535],
  ['2^32 - 1', 2 ** 32 - 1],
  ['2^53 - 1', Number.MAX_SAFE_INTEGER],
  ['-32', -32],
  ['-128', -128],
  ['-32,768', -32_768],
  ['-2^31', -(2 ** 31)],
  ['-2^53 + 1', Number.MIN_SAFE_INTEGER],
  ['0.1', 0.1],
  ['NaN', Number.NaN],
  ['7n', 7n],
  ['-2n ** 80n', -(2n ** 80n)],
  ['no text', ''],
  ['a text', 'text'],
  ['a text of 31', 'x'.repeat(31)],
  ['a text of 32', 'x'.repeat(32)],
  ['a text of two bytes a character', 'é'],
  ['a text of 300', 'é'.repeat(300)],
  ['a Date', new Date(1_700_000_000_123)],
  ['no bytes', new Uint8Array(0)],
  ['300 bytes', new Uint8Array(300).fill(0xee)],
  ['a Float64Array', Float64Array.of(1.5, -0, Number.NaN)],
  ['a BigInt64Array', BigInt64Array.of(-1n)],
  ['a Uint8ClampedArray', Uint8ClampedArray.of(1)],
  ['no list', []],
  ['a list', [1, 'two']],
  ['a list of 16', Array.from({ length: 16 }, (_, i) => i)],
  ['no object', {}],
  ['an object', { a: 1 }],
  ['an object of 16', Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, i]))],
  ['a Map', new Map([['k', 1n]])],
  ['a Set', new Set([null])],
  ['a handle', new Handle('actor-1')],
];

const KIB = 2 ** 10;
const FIRST_CAPACITY = 16 * KIB;

/** Memory is never zero: what is not written shows as this byte. */
function dirtyWith(byte: number): void {
  jest.restoreAllMocks();
  const { allocUnsafe, allocUnsafeSlow } = Buffer;
  jest.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => allocUnsafe(size).fill(byte));
  jest.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => allocUnsafeSlow(size).fill(byte));
}

/** A buffer above 1 MiB is not kept, so that the next value grows its own from the first 16 KiB. */
function forgetBuffer(): void {
  encodeValue(new Uint8Array(1100 * KIB));
}

/** Encodes in memory full of one byte, then of another. @returns the bytes, which must be the same */
function encodeTwice(value: unknown): Buffer {
  dirtyWith(0x5a);
  forgetBuffer();
  const first = encodeValue(value, { handles });
  dirtyWith(0xa5);
  forgetBuffer();
  const second = encodeValue(value, { handles });
  if (!first.equals(second)) throw new Error(`byte ${first.findIndex((byte, i) => byte !== second[i])} was not written`);
  return second;
}

function arrives(value: unknown): boolean {
  return isDeepStrictEqual(decodeValue(encodeTwice(value), { handles }), value);
}

/** Binaries that with the header of their list and their own headers take `bytes`. */
function padding(bytes: number): Uint8Array[] {
  const pads: Uint8Array[] = [];
  let left = bytes - 3;
  while (left > 0) {
    const length = left > 8 * KIB ? 4 * KIB : left;
    pads.push(new Uint8Array(length - 3).fill(0xcc));
    left -= length;
  }
  return pads;
}

/** A list with so many bytes ahead of the value, and one item behind it. */
function behind(bytes: number, value: unknown): unknown[] {
  return [...padding(bytes), ...Array<null>(16).fill(null).slice(1), value, 'end'];
}
const AHEAD = 15;

/** The standard library's reader, which is told our extension types. */
function foreignReader(): ExtensionCodec {
  const codec = new ExtensionCodec();
  const refuse = (): null => null;
  const read = (data: Uint8Array): unknown => foreignDecode(data, { extensionCodec: codec });
  const pairs = (items: unknown[]): [unknown, unknown][] =>
    Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]]);
  const big = (text: string): bigint => (text.startsWith('-') ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`));
  const typed = (data: Uint8Array): unknown => {
    const type = TYPED_ARRAYS[data[0] ?? 0];
    return type ? new type(new Uint8Array(data).slice(1).buffer) : null;
  };
  const decoders: [number, (data: Uint8Array) => unknown][] = [
    [EXTENSION.undefined, () => undefined],
    [EXTENSION.bigint, (data) => big(Buffer.from(data).toString('latin1'))],
    [EXTENSION.map, (data) => new Map(pairs(read(data) as unknown[]))],
    [EXTENSION.set, (data) => new Set(read(data) as unknown[])],
    [EXTENSION.handle, (data) => new Handle((read(data) as { id: string }).id)],
    [EXTENSION.typedArray, typed],
  ];
  for (const [type, decode] of decoders) codec.register({ type, encode: refuse, decode });
  return codec;
}
const extensionCodec = foreignReader();

/** Of no Buffer, whose parts would be Buffers too. */
function foreignlyRead(bytes: Uint8Array): unknown {
  return foreignDecode(new Uint8Array(bytes), { extensionCodec });
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('where the buffer of a value grows', () => {
  it.each(LEAVES)('%s arrives whole, wherever the end of the buffer cuts it', (_, leaf) => {
    const bytes = encodeValue(leaf, { handles }).length;
    const wrong: number[] = [];
    for (let ahead = FIRST_CAPACITY - Math.min(bytes, 40) - 8; ahead <= FIRST_CAPACITY + 1; ahead += 1) {
      if (!arrives(behind(ahead - AHEAD, leaf))) wrong.push(ahead);
    }
    expect(wrong).toEqual([]);
  });

  it('is where the test above looks for it', () => {
    const value = behind(FIRST_CAPACITY - AHEAD, null);
    expect(encodeValue(value.slice(0, -2))).toHaveLength(FIRST_CAPACITY);
  });

  it('at any later growth everything arrives whole', () => {
    const later = fc.integer({ min: 1, max: 7 }).map((power) => FIRST_CAPACITY * 2 ** power);
    fc.assert(
      fc.property(later, fc.integer({ min: -330, max: 2 }), fc.constantFrom(...LEAVES), (capacity, offset, [, leaf]) =>
        arrives(behind(capacity + offset - AHEAD, leaf)),
      ),
      { numRuns: 150 },
    );
  });
});

describe('a value of any size', () => {
  it.each(LEAVES)('of 20,000 times %s arrives as it was sent, and others read the same', (_, leaf) => {
    const value = Array<unknown>(20_000).fill(leaf);
    const bytes = encodeTwice(value);
    expect(isDeepStrictEqual(decodeValue(bytes, { handles }), value)).toBe(true);
    expect(isDeepStrictEqual(foreignlyRead(bytes), value)).toBe(true);
  });

  it('arrives as it was sent, at 1 MiB and more too', () => {
    const anySize = fc.double({ min: 3, max: 20.5, noNaN: true }).map((power) => Math.round(2 ** power));
    fc.assert(
      fc.property(anyTransferable, anySize, (value, bytes) => {
        const times = Math.max(1, Math.min(200_000, Math.floor(bytes / encodeValue(value).length)));
        return arrives(Array<unknown>(times).fill(value));
      }),
      { numRuns: 30 },
    );
  });

  it('is read by the library for MessagePack, and read from what it writes', () => {
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: 1, max: 3_000 }), (facts, times) => {
        const value = Array<unknown>(times).fill(facts);
        expect(isDeepStrictEqual(foreignDecode(encodeTwice(value)), value)).toBe(true);
        expect(isDeepStrictEqual(decodeValue(foreignEncode(value)), foreignDecode(foreignEncode(value)))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['labels', Array.from({ length: 20_000 }, (_, i) => (i % 3) + 1)],
    ['records', Array.from({ length: 20_000 }, (_, i) => ({ id: i % 100, ok: true }))],
    ['small numbers', Array<number>(1_100_000).fill(7)],
    ['a record of 20,000 names', Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`name ${i}`, i]))],
    ['a Map of 20,000', new Map(Array.from({ length: 20_000 }, (_, i) => [i, String(i)]))],
    ['a Set of 20,000', new Set(Array.from({ length: 20_000 }, (_, i) => i))],
    ['a text of 3 MiB', 'é'.repeat(1.5 * 2 ** 20)],
    ['a bigint of 1 MiB', 1n << BigInt(8 * 2 ** 20)],
    ['doubles of 4 MiB', Float64Array.from({ length: 2 ** 19 }, (_, i) => i / 7)],
  ])('such as %s', (_, value) => {
    expect(arrives(value)).toBe(true);
  });

  it('has at most 4,194,304 objects, so that no message fills the memory of its reader', () => {
    const most = Array<unknown>(MAX_OBJECTS - 1).fill([]);
    const bytes = encodeValue(most);
    expect(() => encodeValue([most, new Uint8Array(0)])).toThrow(expect.objectContaining({ code: 'value.not-transferable' }));
    expect(() => decodeValue(Buffer.concat([Buffer.from([0x92]), bytes, Buffer.from([0xc4, 0])]))).toThrow('more than 4194304 objects');
  });
});
