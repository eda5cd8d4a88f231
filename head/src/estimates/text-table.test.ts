import { expect, test } from '@jest/globals';
import { textSample } from '@trainer/model';
import fc from 'fast-check';
import type { WhatTakesPart } from './estimated-table.js';
import { tableOfText } from './text-table.js';

const ALL: WhatTakesPart = { target: null, hasTarget: true, excluded: [], hasClasses: true };

function sampleOf(text: string, bytes = Infinity, name = 'a.csv') {
  const whole = Buffer.from(text);
  const content = whole.subarray(0, bytes);
  return textSample(Buffer.concat([content, Buffer.from('\n')]), content.length, content.length === whole.length, name);
}
const tableOf = (text: string, asked = ALL, bytes = Infinity) => tableOfText(sampleOf(text, bytes), Buffer.byteLength(text), asked);
const lines = (rows: number, line: (row: number) => string): string => Array.from({ length: rows }, (_, row) => `${line(row)}\n`).join('');

test.each([
  ['numbers', `a,b,y\n${lines(10, (row) => `${row},1.5,${row % 3}`)}`, { rows: 10, columns: 2, classes: 3 }],
  ['few levels are a column each', `a,y\n${lines(10, (row) => `l${row % 4},${row % 2}`)}`, { rows: 10, columns: 4, classes: 2 }],
  ['many levels are a mean', `a,y\n${lines(100, (row) => `l${row},${row % 2}`)}`, { rows: 100, columns: 1, classes: 2 }],
  ['many levels are a mean of each class', `a,y\n${lines(100, (row) => `l${row},${row % 5}`)}`, { rows: 100, columns: 5, classes: 5 }],
  ['dates', `a,y\n${lines(10, (row) => `2024-01-${10 + row},${row % 2}`)}`, { rows: 10, columns: 6, classes: 2 }],
  ['gaps change nothing', `a,b,y\n1,,u\n,2,v\n,,\n`, { rows: 3, columns: 2, classes: 2 }],
  ['line ends and separators inside of quotes', 'a;b;y\n"x\ny;z";1;2\r\n"""";2;3\r4;5;6', { rows: 3, columns: 4, classes: 3 }],
  ['a mark and a line that says the separator', '\ufeffsep=|\na|y\n1|2\n', { rows: 1, columns: 1, classes: 1 }],
])('%s', (_, text, table) => expect(tableOf(text)).toEqual(table));

test('what is left out does not count, and a target may stand anywhere', () => {
  const text = 'y,a,b\n1,x,2\n2,y,2\n3,z,2\n';
  expect(tableOf(text, { ...ALL, target: 'y', excluded: ['a'] })).toEqual({ rows: 3, columns: 1, classes: 3 });
  expect(tableOf(text, { ...ALL, target: 'y', hasClasses: false })).toEqual({ rows: 3, columns: 4, classes: 0 });
  const untargeted = { ...ALL, hasTarget: false, hasClasses: false };
  expect(tableOf(text, untargeted)).toEqual({ rows: 3, columns: 5, classes: 0 });
  expect(tableOf(text, { ...untargeted, target: 'a' })).toEqual({ rows: 3, columns: 2, classes: 0 });
});

test.each(['', 'a,b', 'a,b\n', '"a,b\n1,2\n', '\n\n'])('nothing is told of %j', (text) => expect(tableOf(text)).toBeNull());

test('the rows of a file are those of its first bytes, as many a byte', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2_000, max: 20_000 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 500, max: 20_000 }),
      (rows, width, bytes) => {
        const text = `a,y\n${lines(rows, (row) => `${String(row % 10).repeat(width)},${row % 2}`)}`;
        const { rows: estimated = 0 } = tableOf(text, ALL, bytes) ?? {};
        expect(Math.abs(estimated - rows)).toBeLessThanOrEqual(rows * 0.02);
      },
    ),
  );
});

test('bytes that are no table break nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.boolean(), (bytes, isWhole) => {
      const content = Buffer.concat([bytes, Buffer.from('\n')]);
      const table = tableOfText(textSample(content, bytes.length, isWhole, 'a.csv'), 10 * bytes.length, ALL);
      expect(table === null || (table.rows >= 1 && table.columns >= 1 && table.classes >= 0)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
