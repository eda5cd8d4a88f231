import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { WhatTakesPart } from './estimated-table.js';
import { parquetMetadataSpan, tableOfParquet } from './parquet-table.js';
import { readCompactStruct } from './thrift-compact.js';

const ALL: WhatTakesPart = { target: null, hasTarget: true, excluded: [], hasClasses: true };

test.each([
  ['no magic', [1, 0, 0, 0, 0x50, 0x41, 0x52, 0x45], 100, null],
  ['a length beyond the file', [93, 0, 0, 0, 0x50, 0x41, 0x52, 0x31], 100, null],
  ['as long as the file', [92, 0, 0, 0, 0x50, 0x41, 0x52, 0x31], 100, { first: 0, end: 92 }],
  ['nothing', [0, 0, 0, 0, 0x50, 0x41, 0x52, 0x31], 8, { first: 0, end: 0 }],
])('the place of the metadata: %s', (_, tail, bytes, span) => expect(parquetMetadataSpan(Uint8Array.from(tail), bytes)).toEqual(span));

/** A list of 2^31 - 1 elements of a type, as a field of the first struct. */
const listOf = (type: number): Uint8Array => Uint8Array.from([0x19, 0xf0 | type, 0xff, 0xff, 0xff, 0xff, 0x07]);
test.each([
  ['a list that is longer than its bytes', listOf(12)],
  ['a list of booleans', listOf(1)],
  ['lists in lists', Uint8Array.from({ length: 100_000 }, (_, at) => (at === 0 ? 0x19 : 0x19))],
  ['structs in structs', new Uint8Array(1 << 20).fill(0x1c)],
  ['an integer of a mebibyte', Uint8Array.from([0x16, ...new Uint8Array(1 << 20).fill(0xff)])],
  ['a text beyond the end', Uint8Array.from([0x18, 0xff, 0xff, 0xff, 0xff, 0x07, 0x41])],
])('%s is not read', (_, bytes) => expect(readCompactStruct(bytes, 3)).toBeNull());

test('any bytes are read or not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const table = tableOfParquet(bytes, ALL);
      expect(table === null || (table.rows >= 0 && table.columns >= 1)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
