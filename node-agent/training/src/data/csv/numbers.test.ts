import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { numberOf, readNumber, WRITTEN } from './numbers.js';

const RUNS = { numRuns: 3_000, seed: 15 };
const digits = (most: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`));

describe('the value is the double nearest to what is written', () => {
  test('for every double as programs print it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => expect(numberOf(String(value))).toBe(Number(String(value)))),
      RUNS,
    );
  });
  test('for random bits as 17 digits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (bits) => {
        const value = Number(new Float64Array(BigInt64Array.of(bits).buffer)[0]);
        fc.pre(Number.isFinite(value));
        for (const text of [value.toPrecision(17), value.toExponential(16)]) expect(numberOf(text)).toBe(Number(text));
      }),
      RUNS,
    );
  });
  test('for decimals of any length', () => {
    fc.assert(
      fc.property(digits(25), digits(25), fc.integer({ min: -30, max: 30 }), (whole, fraction, exponent) => {
        for (const text of [whole, `${whole}.${fraction}`, `0.000${fraction}`, `-${whole}.${fraction}e${exponent}`])
          expect(numberOf(text) === Number(text)).toBe(true);
      }),
      RUNS,
    );
  });
  test('in the middle of two doubles, and one digit beside it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2 ** 30, max: 2 ** 31 }), fc.integer({ min: 1, max: 12 }), (top, places) => {
        // Odd multiples of half a unit of the last place, written out.
        const middle = (BigInt(top) * 2n ** 24n + 1n) * 10n ** BigInt(places);
        for (const beside of [-1n, 0n, 1n]) {
          const all = String(middle + beside);
          for (const text of [all, `${all.slice(0, -places)}.${all.slice(-places)}`]) expect(numberOf(text)).toBe(Number(text));
        }
      }),
      RUNS,
    );
  });
  test.each([
    '1e22',
    '1e23',
    '9007199254740993',
    '4.9e-324',
    '2.4703282292062327e-324',
    '1.7976931348623158e308',
    '1e400',
    '1e-400',
    '1e99999999',
  ])('for %s', (text) => expect(numberOf(text)).toBe(Number(text)));
});

test.each([
  '',
  '.',
  '-',
  '+',
  '-.',
  '1_000',
  '0x10',
  '1e',
  '1e+',
  '1.2.3',
  '--1',
  '+-1',
  '1 2',
  '1,5',
  'NaN',
  'NAN',
  'infin',
  '１２',
  '1\u00a0',
])('%j is no number', (text) => expect(numberOf(text)).toBeNull());
test.each([
  ['.5', 0.5],
  ['5.', 5],
  ['+5', 5],
  ['007', 7],
  ['123456789', 123456789],
  ['1234567890', 1234567890],
  ['-12345678.9', -12345678.9],
  ['-123456789.5', -123456789.5],
  ['0.123456789', 0.123456789],
  ['0.1234567890', 0.123456789],
  ['-0.0', -0],
  ['-0', 0],
  [' \t-1.5e1\n', -15],
  ['inf', Infinity],
  ['-Infinity', -Infinity],
])('%j is %d', (text, value) => expect(Object.is(numberOf(text), value)).toBe(true));

test.each<[string, number]>([
  ['1', 0],
  ['1.0', WRITTEN.fraction | WRITTEN.point],
  ['1e2', WRITTEN.fraction],
  ['1,5', WRITTEN.fraction | WRITTEN.comma | WRITTEN.surelyDecimal],
  ['1,500', WRITTEN.fraction | WRITTEN.comma],
  ['9007199254740992', 0],
  ['-09007199254740992', 0],
  ['9007199254740993', WRITTEN.big],
  ['-9007199254740993', WRITTEN.big],
  ['9007199254740994', WRITTEN.big],
  ['9223372036854775807', WRITTEN.big],
  ['9223372036854775808', WRITTEN.big | WRITTEN.beyondInt64],
  ['-9223372036854775808', WRITTEN.big],
  ['-9223372036854775809', WRITTEN.big | WRITTEN.beyondInt64],
  ['0009223372036854775807', WRITTEN.big],
])('%s is noted as it is written', (text, expected) => {
  const flags = new Int32Array(1);
  readNumber(Buffer.from(`${text}\n`), 0, 0x2c, new Float64Array(1), 0, flags, 0);
  expect(flags[0]).toBe(expected);
});
