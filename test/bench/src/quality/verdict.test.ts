import { expect, test } from '@jest/globals';
import { isAsGood, isAsGoodTogether, pooled, type Comparison, type Task } from './verdict.js';

const differing = (difference: number, p = 0): Comparison => ({ ours: 0.9 + difference, theirs: 0.9, difference, p });

test.each<[string, Task, number, number, boolean]>([
  ['at the limit of accuracy', 'classification', -0.005, 0, true],
  ['below the limit of accuracy', 'classification', -0.005001, 0.0099, false],
  ['below it by chance', 'classification', -0.2, 0.01, true],
  ['at the limit of R2', 'regression', -0.01, 0, true],
  ['below the limit of R2', 'regression', -0.010001, 0, false],
  ['better', 'classification', 0.1, 1, true],
])('%s', (_what, task, difference, p, expected) => expect(isAsGood(task, differing(difference, p))).toBe(expected));

test('generated sets together may lag by 0.003, whatever one of them does', () => {
  expect(isAsGoodTogether([differing(-0.006), differing(0)])).toBe(true);
  expect(isAsGoodTogether([differing(-0.0062), differing(0)])).toBe(false);
  expect(isAsGoodTogether([])).toBe(true);
});

test('the pooled difference is the mean over the datasets', () => expect(pooled([differing(-0.3), differing(0.1)])).toBeCloseTo(-0.1));
