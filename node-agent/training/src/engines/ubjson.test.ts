import { expect, test } from '@jest/globals';
import { readUbjson } from './ubjson.js';

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('a table of plain values is read', () => {
  expect(readUbjson(bytes('7b 55 01 61 69 ff 55 01 62 53 55 02 6f 6b 55 01 63 54 55 01 64 5a 7d'))).toEqual({
    a: -1,
    b: 'ok',
    c: true,
    d: null,
  });
});

test('typed arrays keep their type', () => {
  expect(readUbjson(bytes('5b 24 64 23 55 02 3f800000 c0000000'))).toEqual(Float32Array.of(1, -2));
  expect(readUbjson(bytes('5b 24 6c 23 55 01 ffffffff'))).toEqual(Int32Array.of(-1));
  expect(readUbjson(bytes('5b 24 4c 23 55 01 0000000100000000'))).toEqual(Float64Array.of(2 ** 32));
});

test('lists with and without a count are read', () => {
  expect(readUbjson(bytes('5b 23 55 02 55 07 5b 5d'))).toEqual([7, []]);
  expect(readUbjson(bytes('5b 55 07 46 5d'))).toEqual([7, false]);
});

test('a name like __proto__ is a name', () => {
  expect(Object.keys(readUbjson(bytes('7b 55 09 5f5f70726f746f5f5f 55 01 7d')) as object)).toEqual(['__proto__']);
});

test.each([
  ['an unknown marker', '78'],
  ['an end too early', '7b 55 01 61'],
  ['a typed array without a count', '5b 24 64 00'],
])('%s is refused with its place', (_, hex) => {
  expect(() => readUbjson(bytes(hex))).toThrow(/can't be read: .* at byte \d/);
});
