import { expect, test } from '@jest/globals';
import { makeTable } from './make-table.js';

test('equal shapes give equal tables, and both classes are in them', () => {
  const shape = { rows: 200, columns: 6, seed: 1 };
  const table = makeTable(shape);
  const classes = new Set(
    table
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').at(-1)),
  );
  expect(makeTable(shape)).toBe(table);
  expect([...classes].sort()).toEqual(['0', '1']);
});
