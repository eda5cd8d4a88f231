import { describe, expect, test } from '@jest/globals';
import type { Column } from '../data/table.js';
import { flatMetrics } from '../metrics/flat-metrics.js';
import { trainingRange } from '../split/shards.js';
import { clustering } from './clustering.js';
import { classCountOf, type EncodedRows } from './task.js';

const numbers = (...values: number[]): Column => ({
  kind: 'number',
  name: 'y',
  values: Float64Array.from(values),
  isInteger: values.every((value) => !(value % 1)),
  exact: null,
});

describe('a column to compare with', () => {
  test('gives each row the index of its label; rows without one stay, and are counted', () => {
    const target = clustering.readTarget(numbers(7, NaN, 5, 7));
    expect([[...target.rows], [...target.values], target.dropped]).toEqual([[0, 1, 2, 3], [1, NaN, 0, 1], 0]);
    expect([target.encoding, classCountOf(target.encoding)]).toEqual([{ kind: 'clusters', compared: { name: 'y', labels: 2 } }, 2]);
    expect(target.warnings).toEqual(['1 rows have no value in the target column "y": they are clustered, and left out of ari.']);
  });
  test.each<[string, Column, RegExp]>([
    ['has no value', numbers(NaN, NaN), /it has no value in any row/],
    ['is constant', numbers(3, 3), /all its values are the same/],
    ['is a quantity', numbers(...Array.from({ length: 60 }, (_, row) => row + 0.5)), /many distinct fractions/],
    ['has as many values as rows', numbers(...Array.from({ length: 1_001 }, (_, row) => row)), /too many distinct values/],
    ['holds dates', { kind: 'date', name: 'y', values: Float64Array.of(0, 86_400), spelling: 'YYYY-MM-DD' }, /it holds dates/],
  ])('that %s fails no job: it is left out, and a warning says that nothing is compared', (_what, column, why) => {
    const { rows, encoding, warnings } = clustering.readTarget(column);
    expect([rows.length > 0, classCountOf(encoding)]).toEqual([true, 0]);
    expect(warnings).toEqual([expect.stringMatching(why)]);
  });
  test('is not needed', () => {
    const target = clustering.withoutTarget?.(3);
    expect(target).toMatchObject({ encoding: { kind: 'clusters', compared: null }, dropped: 0, warnings: [] });
    expect([...(target?.rows ?? [])]).toEqual([0, 1, 2]);
  });
});

/** Two tight pairs and one row far from both. */
const POINTS = [0, 1, 10, 11, 100];
const encoded: EncodedRows = (places) => ({
  values: Float32Array.from(places, (place) => POINTS[place] ?? NaN),
  rows: places.length,
  columns: 1,
});
const none = { target: new Float64Array(0), predictions: new Float64Array(0) };
const predictions = (...clusters: number[]): Float64Array => Float64Array.from(clusters.flatMap((cluster) => [cluster, 0.25]));
const scoresOf = (labels: readonly number[], compared: { name: string; labels: number } | null) =>
  clustering.scores({ kind: 'clusters', compared }, Float64Array.from(labels), new Float64Array(0), encoded);

describe('scores', () => {
  const labels = [0, 0, 1, 1, NaN];
  const at = { number: 2, learningRate: null };
  test('of an epoch are the inertia, the same for any number of ranks', () => {
    const scores = scoresOf(labels, null);
    const all = predictions(0, 0, 1, 1, 1);
    const found = [1, 2, 3].map((worldSize) => {
      const training = Array.from({ length: worldSize }, (_, rank) => {
        const { from, to } = trainingRange(labels.length, { rank, worldSize });
        return scores.sums({ target: Float64Array.from(labels).subarray(from, to), predictions: all.subarray(2 * from, 2 * to) });
      });
      return flatMetrics(scores.epoch(at, none, { training, hasDear: false }));
    });
    expect(found[0]).toEqual({ train_loss: 0.25, val_loss: null, inertia: 1.25 });
    expect(found.slice(1)).toEqual([found[0], found[0]]);
  });
  test('of the kept model speak of rows in a cluster alone, and compare rows that have a label', () => {
    const scores = scoresOf(labels, { name: 'y', labels: 2 });
    const kept = scores.epoch(at, { target: none.target, predictions: predictions(0, 0, 1, 1, -1) }, { training: null, hasDear: true });
    // (10.5 - 1) / 10.5 and (9.5 - 1) / 9.5, twice each; (0.5 + 0.5) / 10.
    expect(kept.additional['silhouette']).toBeCloseTo((9.5 / 10.5 + 8.5 / 9.5) / 2, 12);
    expect(kept.additional['davies_bouldin']).toBeCloseTo(0.1, 12);
    expect(kept.additional).toMatchObject({ inertia: null, n_clusters: 2, n_noise: 1, ari: 1 });
    expect(scores.warnings(kept)).toEqual([]);
  });
  test('without a column to compare with have no ari', () => {
    const kept = scoresOf(labels, null).epoch(at, { ...none, predictions: predictions(0, 0, 1, 1, 1) }, { training: null, hasDear: true });
    expect(kept.additional).not.toHaveProperty('ari');
  });
  test('of one cluster of all rows are the baseline', () => {
    const mean = POINTS.reduce((sum, value) => sum + value, 0) / POINTS.length;
    const inertia = POINTS.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const { inertia: found, ...others } = scoresOf(labels, { name: 'y', labels: 2 }).baseline();
    expect([others, scoresOf(labels, null).baseline()]).toEqual([{ ari: 0 }, { inertia: found }]);
    expect(found).toBeCloseTo(inertia, 6);
  });
  test('one cluster, and clusters that overlap, are warnings', () => {
    const scores = scoresOf(labels, null);
    const told = (...clusters: number[]) =>
      scores.warnings(scores.epoch(at, { ...none, predictions: predictions(...clusters) }, { training: null, hasDear: true }));
    expect(told(0, 0, 0, 0, 0)).toEqual(['The model found 1 cluster, so there is no silhouette.']);
    expect(told(-1, -1, -1, 0, 0)).toEqual(['The model found 1 cluster, and 3 rows in none, so there is no silhouette.']);
    expect(told(0, 1, 0, 1, 0)).toEqual([expect.stringMatching(/^The silhouette is -0\.\d+: rows lie on average no nearer/)]);
  });
});
