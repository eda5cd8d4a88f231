import { expect, test } from '@jest/globals';
import { isAsGood, isAsGoodTogether, pooled, type Comparison, type SameProblem, type Task } from './verdict.js';

const differing = (difference: number, p = 0): Comparison => ({ ours: 0.9 + difference, theirs: 0.9, difference, p });

test.each<[string, Task, number, number, boolean]>([
  ['at the limit of accuracy', 'classification', -0.005, 0, true],
  ['below the limit of accuracy', 'classification', -0.005001, 0.0099, false],
  ['below it by chance', 'classification', -0.2, 0.01, true],
  ['at the limit of R2', 'regression', -0.01, 0, true],
  ['below the limit of R2', 'regression', -0.010001, 0, false],
  ['at the limit of the Rand index', 'clustering', -0.02, 0, true],
  ['below the limit of the Rand index', 'clustering', -0.020001, 0, false],
  ['better', 'classification', 0.1, 1, true],
])('%s', (_what, task, difference, p, expected) => expect(isAsGood(task, differing(difference, p))).toBe(expected));

test.each<[string, SameProblem, boolean]>([
  ['at its limits', { above: 1e-6, others: 5, rows: 1_000 }, true],
  ['with a higher objective', { above: 1.01e-6, others: 0, rows: 1_000 }, false],
  ['with a lower objective', { above: -0.1, others: 0, rows: 1_000 }, true],
  ['with too many other labels', { above: 0, others: 6, rows: 1_000 }, false],
  ['with one other label of few rows', { above: 0, others: 1, rows: 20 }, true],
  ['with an objective that is no number', { above: NaN, others: 0, rows: 20 }, false],
])('from the same start, %s', (_what, same, expected) => expect(isAsGood('clustering', { ...differing(0, 1), same })).toBe(expected));

test('generated sets together may lag by 0.003, whatever one of them does', () => {
  expect(isAsGoodTogether([differing(-0.006), differing(0)])).toBe(true);
  expect(isAsGoodTogether([differing(-0.0062), differing(0)])).toBe(false);
  expect(isAsGoodTogether([])).toBe(true);
});

test('the pooled difference is the mean over the datasets', () => expect(pooled([differing(-0.3), differing(0.1)])).toBeCloseTo(-0.1));
