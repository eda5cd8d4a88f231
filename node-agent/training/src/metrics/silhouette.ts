import type { Metric } from '@trainer/model';
import type { FeatureMatrix } from '../learning/learner.js';
import { shuffle, type RandomSource } from '../split/random-source.js';

/** Rows of which every one is compared with every other, at most; above it a sample is, so that the score costs less than the training. */
const [MOST_ROWS, SAMPLE_ROWS] = [10_000, 5_000];
/** Differences of two values that a score takes at most, some two seconds; and numbers that are kept meanwhile. */
const [MOST_DIFFERENCES, MOST_KEPT] = [2e9, 4e6];

/**
 * @returns those of the places whose silhouettes are found, ascending: all up to 10,000 of up to 40 columns and 400 clusters, fewer of more;
 *   above it a sample.
 */
export function silhouetteRows(
  places: Int32Array,
  { columns, clusters }: { readonly columns: number; readonly clusters: number },
  random: RandomSource,
): Int32Array {
  const affordable = Math.floor(Math.min(Math.sqrt((2 * MOST_DIFFERENCES) / columns), MOST_KEPT / Math.max(1, clusters)));
  if (places.length <= Math.min(MOST_ROWS, affordable)) return places;
  const drawn = places.slice();
  shuffle(drawn, random);
  return drawn.subarray(0, Math.min(SAMPLE_ROWS, affordable)).sort();
}

/**
 * The mean over rows of (b - a) / max(a, b): a is the mean distance to the other rows of its cluster, b the least mean distance to those of
 * another one; 0 for a row that is alone in its cluster (Rousseeuw, 1987). Takes rows² x columns / 2 steps.
 * @param clusters of each row, from 0. @returns null where there are fewer than two clusters, or each row is one
 */
export function meanSilhouette(features: FeatureMatrix, clusters: Float64Array): Metric {
  const { rows } = features;
  const numbers = [...new Set(clusters)];
  const count = numbers.length;
  if (count < 2 || count >= rows) return null;
  const indexOf = new Map(numbers.map((cluster, at) => [cluster, at]));
  const own = Int32Array.from(clusters, (cluster) => indexOf.get(cluster) ?? 0);
  const sizes = new Float64Array(count);
  for (const cluster of own) sizes[cluster] = (sizes[cluster] ?? 0) + 1;
  const sums = distanceSums(features, own, count);
  let total = 0;
  for (let row = 0; row < rows; row += 1) total += silhouetteOf(sums.subarray(row * count, (row + 1) * count), own[row] ?? 0, sizes);
  return total / rows;
}

function silhouetteOf(sums: Float64Array, own: number, sizes: Float64Array): number {
  const size = sizes[own] ?? 0;
  if (size <= 1) return 0;
  const within = (sums[own] ?? NaN) / (size - 1);
  let next = Infinity;
  for (let cluster = 0; cluster < sums.length; cluster += 1) {
    if (cluster !== own) next = Math.min(next, (sums[cluster] ?? NaN) / (sizes[cluster] ?? 1));
  }
  const larger = Math.max(within, next);
  return larger === 0 ? 0 : (next - within) / larger;
}

/** Four sums at a time, as each addition waits for the one before. */
function squaredDistance(x: Float32Array, i: number, y: Float32Array, j: number, columns: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let at = 0;
  for (const end = columns - 3; at < end; at += 4) {
    const d0 = (x[i + at] ?? NaN) - (y[j + at] ?? NaN);
    const d1 = (x[i + at + 1] ?? NaN) - (y[j + at + 1] ?? NaN);
    const d2 = (x[i + at + 2] ?? NaN) - (y[j + at + 2] ?? NaN);
    const d3 = (x[i + at + 3] ?? NaN) - (y[j + at + 3] ?? NaN);
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; at < columns; at += 1) {
    const d = (x[i + at] ?? NaN) - (y[j + at] ?? NaN);
    s0 += d * d;
  }
  return s0 + s1 + (s2 + s3);
}

/** Of each row its distances to the rows of each cluster, added up: row-major `rows x count`. */
function distanceSums({ values, rows, columns }: FeatureMatrix, own: Int32Array, count: number): Float64Array {
  const sums = new Float64Array(rows * count);
  for (let i = 1; i < rows; i += 1) {
    const [a, ownOfI] = [i * columns, own[i] ?? 0];
    for (let j = 0; j < i; j += 1) {
      const distance = Math.sqrt(squaredDistance(values, a, values, j * columns, columns));
      const [ofI, ofJ] = [i * count + (own[j] ?? 0), j * count + ownOfI];
      sums[ofI] = (sums[ofI] ?? 0) + distance;
      sums[ofJ] = (sums[ofJ] ?? 0) + distance;
    }
  }
  return sums;
}
