import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rowBlocks, trainingRange, validationRange, type RowRange } from './shards.js';

const places = fc.record({ rows: fc.integer({ min: 1, max: 1_000_000 }), worldSize: fc.integer({ min: 1, max: 9 }) });
const all = (of: (rows: number, part: { rank: number; worldSize: number }) => RowRange, rows: number, worldSize: number): RowRange[] =>
  Array.from({ length: worldSize }, (_, rank) => of(rows, { rank, worldSize }));

describe.each([
  ['training rows', trainingRange],
  ['validation rows', validationRange],
])('%s', (_what, rangeOf) => {
  test('are each dealt to one rank, in their order', () => {
    fc.assert(
      fc.property(places, ({ rows, worldSize }) => {
        const ranges = all(rangeOf, rows, worldSize);
        expect(ranges.map(({ from }) => from)).toEqual([0, ...ranges.slice(0, -1).map(({ to }) => to)]);
        expect(ranges.at(-1)?.to).toBe(rows);
      }),
    );
  });
  test('are dealt evenly, but for a block', () => {
    fc.assert(
      fc.property(places, ({ rows, worldSize }) => {
        const sizes = all(rangeOf, rows, worldSize).map(({ from, to }) => to - from);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2 * rowBlocks(rows).size);
      }),
    );
  });
});

test('training rows of a rank begin with a block', () => {
  fc.assert(
    fc.property(places, ({ rows, worldSize }) => {
      const { size, count } = rowBlocks(rows);
      expect(count).toBeLessThanOrEqual(1024);
      for (const { from, to } of all(trainingRange, rows, worldSize)) if (from < to) expect(from % size).toBe(0);
    }),
  );
});
