import { describe, expect, test } from '@jest/globals';
import type { Column } from '../data/table.js';
import { encodeTarget } from './target.js';

const numbers = (values: readonly number[]): Column => ({
  kind: 'number',
  name: 'y',
  values: Float64Array.from(values),
  isInteger: values.every((value) => !(value % 1)),
  exact: null,
});
const labels = (texts: readonly string[], codes: readonly number[]): Column => ({
  kind: 'text',
  name: 'y',
  labels: texts,
  codes: Int32Array.from(codes),
});
const thrown = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return null;
};

test('integer labels stay integers, ascending', () => {
  expect(encodeTarget(numbers([10, -3, 2, 10]), 'classification')).toEqual({
    encoding: { kind: 'classes', name: 'y', type: 'int64', classes: ['-3', '2', '10'] },
    rows: Int32Array.from([0, 1, 2, 3]),
    values: Float64Array.from([2, 0, 1, 2]),
    dropped: 0,
  });
});
test('an emoji comes after every letter, as in np.unique', () => {
  expect(encodeTarget(labels(['😀', 'ﬀ', 'z'], [0, 1, 2]), 'classification').encoding).toMatchObject({ classes: ['z', 'ﬀ', '😀'] });
});
test('integers beyond 2^53 are told apart by their exact values', () => {
  const exact = BigInt64Array.from([9007199254740993n, 9007199254740992n, -5n]);
  const column: Column = { kind: 'number', name: 'y', values: Float64Array.from(exact, Number), isInteger: true, exact };
  const { encoding, values } = encodeTarget(column, 'classification');
  expect(encoding).toMatchObject({ type: 'int64', classes: ['-5', '9007199254740992', '9007199254740993'] });
  expect([...values]).toEqual([2, 1, 0]);
});
test('text labels are sorted by code point', () => {
  const target = encodeTarget(labels(['b', 'a', 'B'], [0, 1, 2, 1]), 'classification');
  expect(target.encoding).toMatchObject({ type: 'string', classes: ['B', 'a', 'b'] });
  expect([...target.values]).toEqual([2, 1, 0, 1]);
});
test('a few fractions are classes by their text', () => {
  expect(encodeTarget(numbers([0.5, 1, 0.5]), 'classification').encoding).toMatchObject({ type: 'float64', classes: ['0.5', '1.0'] });
});
test('booleans are the classes False and True', () => {
  const target = encodeTarget({ kind: 'boolean', name: 'y', values: Uint8Array.from([1, 0, 2, 1]) }, 'classification');
  expect(target).toMatchObject({ encoding: { type: 'boolean', classes: ['False', 'True'] }, dropped: 1 });
  expect([...target.values]).toEqual([1, 0, 1]);
});
test('rows without a target are dropped and counted', () => {
  const target = encodeTarget(numbers([NaN, 1, 2, NaN]), 'classification');
  expect([[...target.rows], target.dropped]).toEqual([[1, 2], 2]);
});
test('minus zero is the class zero', () => {
  expect(encodeTarget(numbers([-0, 0, 1]), 'classification').encoding).toMatchObject({ classes: ['0', '1'] });
});
test('regression takes numbers as they are', () => {
  expect(encodeTarget(numbers([1.5, NaN, 2]), 'regression')).toMatchObject({
    encoding: { kind: 'number' },
    values: Float64Array.from([1.5, 2]),
  });
});

describe('what is refused', () => {
  test.each<[string, Column, string]>([
    ['one class', numbers([1, 1, NaN]), 'one-class'],
    ['one text', labels(['a'], [0, 0]), 'one-class'],
    ['no value at all', numbers([NaN, NaN]), 'missing'],
    ['5,000 distinct floats', numbers(Array.from({ length: 5_000 }, (_, i) => i + 0.5)), 'continuous'],
    ['5,000 distinct integers', numbers(Array.from({ length: 5_000 }, (_, i) => i)), 'too-many-classes'],
    ['dates', { kind: 'date', name: 'y', values: Float64Array.from([0, 86_400]), spelling: 'YYYY-MM-DD' }, 'dates'],
    ['integers that doubles cannot tell apart', numbers([2 ** 60, 2 ** 61]), 'beyond-integers'],
  ])('%s', (_what, column, problem) => {
    expect(thrown(() => encodeTarget(column, 'classification'))).toMatchObject({
      code: 'dataset.target',
      retry: 'never',
      facts: { column: 'y', problem },
    });
  });
  test('text as the target of a regression', () => {
    expect(thrown(() => encodeTarget(labels(['a', 'b'], [0, 1]), 'regression'))).toMatchObject({ facts: { problem: 'not-numeric' } });
  });
});
