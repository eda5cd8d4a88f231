import { expect, test } from '@jest/globals';
import { hasLearnt, isAsFast, isAsSmall, isWithin, type Figures } from './verdict.js';

test.each<[string, number, number, number, boolean]>([
  ['level', 1_000, 1_000, 1, true],
  ['a little slower', 1_001, 1_000, 1, false],
  ['slower within what is allowed', 1_050, 1_000, 1.05, true],
  ['50 ms more of a short time', 99, 49, 1, true],
  ['51 ms more of a short time', 100.1, 49, 1, false],
  ['50 ms more of a time that is not short', 100, 50, 1, false],
])('%s', (_what, ours, theirs, most, expected) => expect(isWithin(ours, theirs, most)).toBe(expected));

const figures = (wallMs: number, cpuMs: number, peakMib: number): Figures => ({ wallMs, cpuMs, peakMib });

test('wall and CPU time both count', () => {
  expect(isAsFast(figures(1_000, 1_000, 1), figures(1_000, 1_000, 1), 1)).toBe(true);
  expect(isAsFast(figures(1_000, 1_100, 1), figures(1_000, 1_000, 1), 1)).toBe(false);
  expect(isAsFast(figures(1_100, 1_000, 1), figures(1_000, 1_000, 1), 1)).toBe(false);
});

test('memory may be half as much again', () => {
  expect(isAsSmall(figures(1, 1, 150), figures(1, 1, 100))).toBe(true);
  expect(isAsSmall(figures(1, 1, 151), figures(1, 1, 100))).toBe(false);
});

test('a score that is not a number, or far below, is not the same work', () => {
  expect([hasLearnt(0.94, 0.98), hasLearnt(0.92, 0.98), hasLearnt(NaN, 0.9), hasLearnt(-29, -28), hasLearnt(-30, -28)]).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
});
