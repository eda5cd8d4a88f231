import { expect, test } from '@jest/globals';
import { seededSource } from '../split/random-source.js';
import { sortScores } from './sorted-scores.js';

const random = seededSource(7);
const floats = (count: number): Float64Array => new Float64Array(count).map(() => Math.fround(random.below(2 ** 20) / 2 ** 20));

test.each<[string, Float64Array]>([
  ['few', floats(100)],
  ['many float32', floats(5_000)],
  ['many doubles', floats(5_000).map((value) => value / 3)],
  ['many with negatives', floats(5_000).map((value) => value - 0.5)],
  ['many equal', floats(5_000).map((value) => Math.round(value))],
])('%s scores come out ascending', (_what, scores) => {
  expect([...sortScores(scores.slice())]).toEqual([...scores].sort((a, b) => a - b));
});
