import { describe, expect, test } from '@jest/globals';
import { applyPreprocessing, firstBeyondFloat32 } from './apply.js';
import { fitPreprocessing, type FeatureColumn } from './fit.js';

const target = { kind: 'number', name: 'y' } as const;
const column = (name: string, values: readonly number[]): FeatureColumn => ({ name, values: Float64Array.from(values) });
const rows = (count: number): Int32Array => Int32Array.from({ length: count }, (_, row) => row);

describe('fit', () => {
  test('an ordinary column is taken as it is', () => {
    const { preprocessing, warnings } = fitPreprocessing([column('a', [0.1, 5, -2])], target, rows(3));
    expect(preprocessing).toEqual({
      version: 1,
      inputs: [{ name: 'a', type: 'float' }],
      steps: [{ kind: 'number', input: 'a', encoded: 'a' }],
      target,
    });
    expect(warnings).toEqual([]);
  });
  test.each<[string, readonly number[], number]>([
    ['ids above 2^24', [100_000_001, 100_000_003, 100_000_000], 100_000_001],
    ['epoch seconds with fractions', [1_700_000_000.25, 1_700_000_010.75], 1_700_000_005.5],
    ['one large id', [123_456_789, 123_456_789], 123_456_789],
  ])('%s are centred in double', (_what, values, centre) => {
    const { preprocessing } = fitPreprocessing([column('id', values)], target, rows(values.length));
    expect(preprocessing.steps).toEqual([{ kind: 'centred-number', input: 'id', encoded: 'id', centre }]);
    expect(preprocessing.inputs).toEqual([{ name: 'id', type: 'double' }]);
  });
  test.each<[string, readonly number[]]>([
    ['integers up to 2^24', [1, 2 ** 24]],
    ['wide fractions', [0.5, 1e12]],
    ['a constant fraction', [0.1, 0.1]],
    ['nothing but gaps', [NaN, NaN]],
  ])('%s are not centred', (_what, values) => {
    expect(fitPreprocessing([column('a', values)], target, rows(values.length)).preprocessing.steps[0]?.kind).toBe('number');
  });
  test('rows that validate have no part in it', () => {
    expect(fitPreprocessing([column('a', [1, 2, 2 ** 40])], target, rows(2)).preprocessing.steps[0]?.kind).toBe('number');
  });
  test('a running number is kept with a warning', () => {
    const { warnings } = fitPreprocessing(
      [
        column(
          'no',
          Array.from({ length: 10 }, (_, i) => i + 5),
        ),
      ],
      target,
      rows(10),
    );
    expect(warnings).toEqual([expect.stringContaining('"no" only counts the rows')]);
  });
  test('an empty column is kept with a warning', () => {
    expect(fitPreprocessing([column('gap', [NaN, NaN])], target, rows(2)).warnings).toEqual([expect.stringContaining('"gap" is empty')]);
  });
});

describe('apply', () => {
  test('the matrix is row-major, in float32, with gaps as NaN', () => {
    const features = [column('a', [0.1, NaN, 3]), column('b', [1, 2, 3])];
    const { preprocessing } = fitPreprocessing(features, target, rows(3));
    const matrix = applyPreprocessing(preprocessing, features, Int32Array.from([2, 0, 1]));
    expect([matrix.rows, matrix.columns, ...matrix.values]).toEqual([3, 2, 3, 3, Math.fround(0.1), 1, NaN, 2]);
  });
  test('ids that float32 would merge stay apart', () => {
    const features = [column('id', [1_000_000_001, 1_000_000_002])];
    const { preprocessing } = fitPreprocessing(features, target, rows(2));
    expect([...applyPreprocessing(preprocessing, features, rows(2)).values]).toEqual([0, 1]);
  });
  test('a number beyond float32 is found', () => {
    const features = [column('a', [1, 2]), column('b', [0, -1e39])];
    const { preprocessing } = fitPreprocessing(features, target, rows(1));
    expect(firstBeyondFloat32(preprocessing, features)).toEqual({ column: 'b', row: 1 });
  });
  test('a number beyond float32 is found where it stands, not where its centre makes others too large', () => {
    const features = [column('a', [1, 2, 3, 1e39])];
    const { preprocessing } = fitPreprocessing(features, target, rows(4));
    expect(firstBeyondFloat32(preprocessing, features)).toEqual({ column: 'a', row: 3 });
  });
});
