import { describe, expect, test } from '@jest/globals';
import type { Goal } from './goals.js';
import { figureAt, goalTable } from './table.js';

const goal: Goal = {
  bench: 'calls',
  what: 'calls',
  path: 'a.b',
  goal: 100,
  unit: '/s',
  better: 'higher',
  ray: { known: 10, path: 'r', scale: 1 },
};
const rowOf = (ours: number, ray: number | null): string => {
  const found = { ours: { a: { b: ours } }, ray: ray === null ? null : { r: ray } };
  return (
    goalTable([goal], new Map([['calls', found]]))
      .split('\n')[1]
      ?.replace(/ {2,}/g, ' | ') ?? ''
  );
};

describe('the table of goals', () => {
  test('a figure that reaches its goal is met, with the ratio to the other side of this run', () => {
    expect(rowOf(120, 20)).toBe('calls | 120 /s | 100 /s | met | 20 /s | 6 times better');
  });

  test('a figure that does not is missed by a share of the goal, and an earlier figure of the other side is marked', () => {
    expect(rowOf(80, null)).toBe('calls | 80 /s | 100 /s | missed: 80 % of it | ~10 /s | 8 times better');
  });

  test('a benchmark that was not asked for has no row', () => {
    expect(goalTable([goal], new Map()).split('\n')).toHaveLength(1);
  });

  test('a path that leads to no number is null', () => {
    expect([figureAt({ a: { b: 'x' } }, 'a.b'), figureAt(null, 'a'), figureAt({ a: 1 }, 'a.b')]).toEqual([null, null, null]);
  });
});
