import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { encode } from '@shelacek/ubjson';
import fc from 'fast-check';
import { readUbjson } from './ubjson.js';

/** What another library writes, in memory with other bytes around it. */
function written(value: unknown): Uint8Array {
  const bytes = new Uint8Array(encode(value, { optimizeArrays: 'onlyTypedArrays' }));
  const memory = new Uint8Array(bytes.length + 64).fill(0xa5);
  memory.set(bytes, 32);
  return memory.subarray(32, 32 + bytes.length);
}

/** Not of one character, which this library writes as a kind of its own that XGBoost does not know. */
const anyText = fc.string({ unit: 'grapheme', maxLength: 300 }).filter((text) => text.length !== 1);
const anyName = fc.string({ unit: 'grapheme', maxLength: 300 }).filter((name) => name !== '__proto__');
/** Not empty: it writes them as lists. */
const size = { minLength: 1, maxLength: 300 };
const anyNumbers = fc.oneof(fc.float32Array(size), fc.float64Array(size), fc.int32Array(size), fc.uint8Array(size));
const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    // It writes minus zero as the whole number 0.
    fc.double({ noNaN: true }).map((value) => value + 0),
    anyText,
    anyNumbers,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(anyName, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

describe('what another library writes', () => {
  test('is read as it was', () => {
    fc.assert(
      fc.property(anyValue, (value) => expect(isDeepStrictEqual(readUbjson(written(value)), value)).toBe(true)),
      { numRuns: 500 },
    );
  });

  // Each alone: it passes the parts of an object to one function, of which a stack has room for some 100,000.
  const sizes = [2, 126, 127, 128, 254, 255, 256, 257, 32_767, 32_768, 65_535, 65_536, 300_000, 2 ** 20];
  test.each(sizes)('is read with %d of each', (count) => {
    const values = [
      'x'.repeat(count),
      Float32Array.from({ length: count }, (_, i) => i / 7),
      Float64Array.from({ length: count }, (_, i) => i / 7),
      Int32Array.from({ length: count }, (_, i) => -i),
      Uint8Array.from({ length: count }, (_, i) => i % 2),
      Array.from({ length: Math.min(count, 5_000) }, (_, i) => `item ${i}`),
    ];
    const read = values.map((value) => readUbjson(written(value)));
    expect(isDeepStrictEqual(read, values)).toBe(true);
  });
});

test('typed arrays of no numbers are read, as XGBoost writes them', () => {
  expect(readUbjson(Buffer.from('5b2464234c0000000000000000', 'hex'))).toEqual(new Float32Array(0));
  expect(readUbjson(Buffer.from('5b246c234c0000000000000000', 'hex'))).toEqual(new Int32Array(0));
});

/** Reads; anything but a value or our own error fails the test. */
function isBounded(bytes: Uint8Array): boolean {
  try {
    readUbjson(bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'engine.format' });
  }
  return true;
}

describe('bytes that are none of it are refused with their place', () => {
  test('when they are cut', () => {
    fc.assert(
      fc.property(anyValue, fc.double({ min: 0, max: 0.999, noNaN: true }), (value, share) => {
        const bytes = written(value);
        expect(() => readUbjson(bytes.subarray(0, Math.floor(bytes.length * share)))).toThrow(/can't be read: .* at byte \d/);
      }),
    );
  });

  test('when they are random, or changed on the way', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), isBounded), { numRuns: 3_000 });
    const anyMarkers = fc.array(fc.constantFrom(...'{}[]$#SiUIlLdDTFZ'), { maxLength: 60 });
    fc.assert(
      fc.property(anyMarkers, (markers) => isBounded(Buffer.from(markers.join('')))),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(anyValue, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, at, byte) => {
        const bytes = Uint8Array.from(written(value));
        bytes[at % bytes.length] = byte;
        return isBounded(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ['a text of a negative length', '5369ff'],
    ['a text of 2^31 characters', '536c7fffffff'],
    ['a list of 2^62 floats', '5b2464234c4000000000000000'],
    ['a list of 2^31 doubles', '5b2444236c7fffffff'],
    ['a list of half a float', '5b236440000000'],
    ['a name of a negative length', '7b69ff'],
    ['a value and a rest', '5a5a'],
  ])('when they claim %s', (_, hex) => {
    expect(() => readUbjson(Buffer.from(hex, 'hex'))).toThrow(/can't be read: .* at byte \d/);
  });

  test.each(['[', '{U\u0001a', '[#U\u0001'])('when %j nests 200,000 deep', (level) => {
    expect(() => readUbjson(Buffer.from(level.repeat(200_000), 'latin1'))).toThrow('more than 200 levels');
  });
});
