import { describe, expect, test } from '@jest/globals';
import type { Column } from '../data/table.js';
import { classification } from './classification.js';
import { regression } from './regression.js';
import type { TargetEncoding } from '../preprocessing/preprocessing.js';

const numbers = (values: readonly number[], isInteger = values.every((value) => !(value % 1))): Column => ({
  kind: 'number',
  name: 'y',
  values: Float64Array.from(values),
  isInteger,
  exact: null,
});
const texts = (labels: readonly string[], codes: readonly number[] = labels.map((_, at) => at)): Column => ({
  kind: 'text',
  name: 'y',
  labels,
  codes: Int32Array.from(codes),
});
const booleans = (...values: number[]): Column => ({ kind: 'boolean', name: 'y', values: Uint8Array.from(values) });
const thrown = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return null;
};
const classesOf = (column: Column): Partial<TargetEncoding> => classification.readTarget(column).encoding;

describe('labels come back as pandas reads them', () => {
  test.each<[string, Column, string, readonly string[]]>([
    ['integers, ascending', numbers([10, -3, 2, 10]), 'int64', ['-3', '2', '10']],
    ['integers with gaps', numbers([1, NaN, 0]), 'int64', ['0', '1']],
    ['minus zero as zero', numbers([-0, 0, 1]), 'int64', ['0', '1']],
    ['floats', numbers([0.5, 1, 0.5]), 'float64', ['0.5', '1.0']],
    ['whole numbers that were written as floats', numbers([1, 2], false), 'float64', ['1.0', '2.0']],
    ['booleans', booleans(1, 0, 2, 1), 'boolean', ['False', 'True']],
    ['texts by code point', texts(['b', 'a', 'B', '\u{1f600}', '\uff5e']), 'string', ['B', 'a', 'b', '\uff5e', '\u{1f600}']],
    ['texts that look like numbers', texts(['01', '1', '02']), 'string', ['01', '02', '1']],
  ])('%s', (_what, column, type, classes) => expect(classesOf(column)).toEqual({ kind: 'classes', name: 'y', type, classes }));

  test('integers beyond 2^53 are told apart', () => {
    const exact = BigInt64Array.from([2n ** 60n + 1n, 2n ** 60n, 0n, -(2n ** 63n)]);
    const column: Column = {
      kind: 'number',
      name: 'y',
      values: Float64Array.from([2 ** 60, 2 ** 60, NaN, -(2 ** 63)]),
      isInteger: true,
      exact,
    };
    const target = classification.readTarget(column);
    expect(target.encoding).toMatchObject({
      type: 'int64',
      classes: ['-9223372036854775808', '1152921504606846976', '1152921504606846977'],
    });
    expect([[...target.rows], [...target.values], target.dropped]).toEqual([[0, 1, 3], [2, 1, 0], 1]);
  });

  test('each row has the index of its class', () => {
    const target = classification.readTarget(texts(['b', 'a', 'B'], [0, 1, -1, 2, 1]));
    expect([[...target.rows], [...target.values], target.dropped]).toEqual([[0, 1, 3, 4], [2, 1, 0, 1], 1]);
  });
});

describe('labels that differ by case or spaces alone', () => {
  test('are a warning that names them', () => {
    const { warnings } = classification.readTarget(texts(['Yes', 'no', 'yes', ' no', 'maybe']));
    expect(warnings).toEqual([
      expect.stringMatching(/^Labels of "y" differ by case or spaces alone .*: " no" and "no"; "Yes" and "yes"\./),
    ]);
  });
  test('are nothing to say where there are none', () => {
    expect(classification.readTarget(texts(['a', 'b'])).warnings).toEqual([]);
  });
});

describe('a regression', () => {
  test('takes numbers as they are', () => {
    expect(regression.readTarget(numbers([1.5, NaN, 2]))).toEqual({
      encoding: { kind: 'number', name: 'y' },
      rows: Int32Array.of(0, 2),
      values: Float64Array.of(1.5, 2),
      dropped: 1,
      warnings: [],
    });
  });
  test('takes booleans as 0 and 1', () => expect([...regression.readTarget(booleans(1, 2, 0)).values]).toEqual([1, 0]));
});

describe('what is refused', () => {
  test.each<[string, Column, string]>([
    ['one class', numbers([1, 1, NaN]), 'one-class'],
    ['one text', texts(['a'], [0, 0]), 'one-class'],
    ['one boolean', booleans(1, 1, 2), 'one-class'],
    ['no value at all', numbers([NaN, NaN]), 'missing'],
    ['5,000 distinct floats', numbers(Array.from({ length: 5_000 }, (_, i) => i + 0.5)), 'continuous'],
    ['51 fractions', numbers(Array.from({ length: 51 }, (_, i) => i + 0.5)), 'continuous'],
    ['integers that no 64 bits hold', numbers([2 ** 64, 1, 2]), 'beyond-integers'],
    ['1,001 distinct integers', numbers(Array.from({ length: 1_001 }, (_, i) => i)), 'too-many-classes'],
    ['dates', { kind: 'date', name: 'y', values: Float64Array.from([0, 86_400]), spelling: 'YYYY-MM-DD' }, 'dates'],
  ])('%s as classes', (_what, column, problem) => {
    expect(thrown(() => classification.readTarget(column))).toMatchObject({
      code: 'dataset.target',
      retry: 'never',
      facts: { column: 'y', problem },
    });
  });
  test.each<[string, Column, string]>([
    ['text', texts(['a', 'b']), 'not-numeric'],
    ['dates', { kind: 'date', name: 'y', values: Float64Array.from([0]), spelling: 'YYYY-MM-DD' }, 'not-numeric'],
    ['nothing but gaps', numbers([NaN]), 'missing'],
  ])('%s as numbers', (_what, column, problem) => {
    expect(thrown(() => regression.readTarget(column))).toMatchObject({ facts: { problem } });
  });
  test('limits are in: 50 fractions and 1,000 integers are classes', () => {
    expect(classesOf(numbers(Array.from({ length: 50 }, (_, i) => i + 0.5)))).toMatchObject({ type: 'float64' });
    expect(classesOf(numbers(Array.from({ length: 1_000 }, (_, i) => i)))).toMatchObject({ type: 'int64' });
  });
});
