import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loneGang } from '@trainer/actor';
import { Lloyd, problemOf } from '../kernels/kmeans/lloyd.js';
import { inexactProducts } from '../kernels/kmeans/products.fixture.js';
import { RowSpace } from '../kernels/kmeans/row-space.js';
import { firstCentres, RECORDED, recordedRows } from '../kernels/kmeans/scikit-learn.fixture.js';
import type { FeatureMatrix } from '../learning/learner.js';
import { seededSource } from '../split/random-source.js';
import { daviesBouldin, scatterAround } from './cluster-spread.js';
import { adjustedRandIndex } from './rand-index.js';
import { meanSilhouette, silhouetteRows } from './silhouette.js';

const encodedOf =
  ({ values, columns }: FeatureMatrix) =>
  (places: Int32Array): FeatureMatrix => ({
    values: Float32Array.from([...places].flatMap((row) => [...values.subarray(row * columns, (row + 1) * columns)])),
    rows: places.length,
    columns,
  });

describe('scores of clusters are those of scikit-learn', () => {
  test.each(RECORDED.map((recorded) => [recorded.name, recorded] as const))('%s', async (_name, recorded) => {
    const rows = recordedRows(recorded);
    const problem = await problemOf(await RowSpace.open(rows, loneGang()), inexactProducts(0), recorded.clusters, recorded.tol);
    const lloyd = Lloyd.start(problem, firstCentres(rows, recorded), () => undefined);
    for (let at = 0; at < recorded.iterations; at += 1) await lloyd.iterate(() => undefined);
    const clusters = Float64Array.from(lloyd.clusters);
    expect(meanSilhouette(rows, clusters)).toBeCloseTo(recorded.silhouette, 7);
    for (const block of [7, 4_096]) expect(daviesBouldin(clusters, encodedOf(rows), block)).toBeCloseTo(recorded.daviesBouldin, 7);
    expect(
      adjustedRandIndex(
        clusters.map((_, row) => row % 4),
        clusters,
      ),
    ).toBeCloseTo(recorded.ari, 12);
  });
});

describe('the adjusted Rand index', () => {
  // sklearn.metrics.adjusted_rand_score of the same labels.
  test.each<[number[], number[], number | null]>([
    [[0, 0, 1, 1], [1, 1, 0, 0], 1],
    [[0, 0, 1, 2], [0, 0, 1, 1], 0.5714285714285714],
    [[0, 0, 0, 0], [0, 1, 2, 3], 0],
    [[0, 1, 2, 3], [3, 2, 1, 0], 1],
    [[0, 0, 0, 0], [5, 5, 5, 5], 1],
    [[0, 1, 0, 1], [0, 0, 1, 1], -0.5],
    [[0, NaN, 0, 1, 1], [0, 0, 0, -1, -1], 1],
    [[NaN], [0], null],
  ])('of %j and %j is %d', (truth, found, index) => {
    const value = adjustedRandIndex(Float64Array.from(truth), Float64Array.from(found));
    if (index === null) expect(value).toBeNull();
    else expect(value).toBeCloseTo(index, 12);
  });
});

describe('where a score is not defined it is null', () => {
  const rows = { values: Float32Array.of(0, 1, 5, 6), rows: 4, columns: 1 };
  test.each([[[0, 0, 0, 0]], [[0, 1, 2, 3]]])('%j', (clusters) => {
    expect(meanSilhouette(rows, Float64Array.from(clusters))).toBeNull();
    expect(daviesBouldin(Float64Array.from(clusters), encodedOf(rows), 10)).toBeNull();
  });
  test('rows of no cluster are left out', () => {
    const more = { values: Float32Array.of(0, 1, 900, 5, 6), rows: 5, columns: 1 };
    const without = daviesBouldin(Float64Array.of(0, 0, 1, 1), encodedOf(rows), 10);
    expect(daviesBouldin(Float64Array.of(0, 0, -1, 1, 1), encodedOf(more), 2)).toBe(without);
  });
});

test('the scatter is that around the mean', () => {
  const rows = { values: Float32Array.of(1, 2, 3, 4, 5, 9), rows: 3, columns: 2 };
  expect(scatterAround(3, encodedOf(rows), 2)).toBeCloseTo(8 + 26, 12);
});

describe('the rows of a silhouette', () => {
  const all = (rows: number): Int32Array => Int32Array.from({ length: rows }, (_, row) => row * 2);
  const size = (rows: number, columns: number, clusters: number): number =>
    silhouetteRows(all(rows), { columns, clusters }, seededSource(0)).length;
  test('are all up to 10,000, and 5,000 above; fewer of many columns or clusters', () => {
    expect([size(10_000, 28, 8), size(10_001, 28, 8), size(10_000, 1_000, 8), size(10_000, 28, 2_000)]).toEqual([
      10_000, 5_000, 2_000, 2_000,
    ]);
  });
  test('are drawn from all, without doubles, ascending, and the same each time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10_001, max: 12_000 }), (rows) => {
        const drawn = silhouetteRows(all(rows), { columns: 28, clusters: 8 }, seededSource(0));
        expect(drawn).toEqual(silhouetteRows(all(rows), { columns: 28, clusters: 8 }, seededSource(0)));
        expect(new Set(drawn).size).toBe(5_000);
        expect([...drawn]).toEqual([...drawn].sort((a, b) => a - b));
        expect(drawn.every((place) => place % 2 === 0 && place < rows * 2)).toBe(true);
      }),
      { numRuns: 5 },
    );
  });
});
