import { describe, expect, test } from '@jest/globals';
import { seededSource } from './random-source.js';
import { splitRows, type Split, type SplitInput } from './split.js';

const stratified = (sizes: readonly number[], options: Partial<SplitInput> = {}): Split =>
  splitRows({
    rows: sizes.reduce((a, b) => a + b),
    classOf: sizes.flatMap((size, index) => Array<number>(size).fill(index)),
    classNames: sizes.map((_, index) => `k${index}`),
    target: 'y',
    validationSplit: null,
    seed: 42,
    ...options,
  });
const random = (rows: number, options: Partial<SplitInput> = {}): Split =>
  splitRows({ rows, classOf: null, classNames: [], target: 'y', validationSplit: null, seed: 42, ...options });
const perClass = (split: Split, sizes: readonly number[]): number[] => {
  const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((a, b) => a + b));
  return ends.map((end, index) => split.validation.filter((row) => row < end && row >= end - (sizes[index] ?? 0)).length);
};

test('the generator gives the numbers of its reference implementation', () => {
  const source = seededSource(42);
  expect([source.below(2 ** 32), source.below(2 ** 32), source.below(2 ** 32), source.below(10)]).toEqual([
    2837322924, 544945897, 479756282, 2,
  ]);
});

describe('shares', () => {
  test.each([
    [49, 0.3, 15],
    [50, 0.25, 13],
    [99, 0.25, 25],
    [100, 0.2, 20],
    [150, 0.2, 30],
  ])('%i rows validate on a share of %f', (rows, share, count) => {
    const split = random(rows);
    expect([split.rule.validationShare, split.validation.length, split.train.length]).toEqual([share, count, rows - count]);
    expect(split.warnings).toHaveLength(rows < 100 ? 1 : 0);
  });
  test('a share that was sent holds for few rows too, without a warning', () => {
    expect(random(20, { validationSplit: 0.5 })).toMatchObject({ rule: { validationShare: 0.5 }, warnings: [] });
  });
  test('two rows are one on each side', () => {
    const split = random(2, { validationSplit: 0.01 });
    expect([split.train.length, split.validation.length]).toEqual([1, 1]);
  });
  test('one row cannot be split', () => {
    expect(() => random(1)).toThrow('at least 2 are needed');
  });
});

describe('stratified', () => {
  test('each class keeps its share', () => {
    expect(perClass(stratified([50, 50, 50]), [50, 50, 50])).toEqual([10, 10, 10]);
  });
  test('fractions go to the largest remainders, and the sum is right', () => {
    expect(perClass(stratified([104, 52, 44]), [104, 52, 44])).toEqual([21, 10, 9]);
  });
  test('a class of two has one row on each side', () => {
    expect(perClass(stratified([200, 2]), [200, 2])).toEqual([40, 1]);
  });
  test('a class of one is for training only, with a warning that names it', () => {
    const split = stratified([200, 1]);
    expect(perClass(split, [200, 1])[1]).toBe(0);
    expect(split.warnings).toEqual([expect.stringContaining('"k1"')]);
  });
  test('a class of one with a long name is not told at length', () => {
    const { warnings } = stratified([200, 1], { classNames: ['a', 'x'.repeat(100_000)] });
    expect(warnings.join('').length).toBeLessThan(300);
  });
  test('classes of one row each are an error', () => {
    expect(() => stratified(Array<number>(120).fill(1))).toThrow('no row could validate');
  });
});

describe('determinism', () => {
  test('the same seed gives the same rows', () => {
    expect(random(1000)).toEqual(random(1000));
  });
  test('another seed gives other rows', () => {
    expect([...random(1000, { seed: 1 }).validation]).not.toEqual([...random(1000).validation]);
  });
  test('every row is on one side, in order', () => {
    const { train, validation } = stratified([30, 70, 5]);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual(Array.from({ length: 105 }, (_, row) => row));
    expect([...train]).toEqual([...train].sort((a, b) => a - b));
  });
});
