import type { Metric } from '@trainer/model';
import type { FeatureMatrix } from '../learning/learner.js';

/** Encodes rows by their places. */
type Encoded = (places: Int32Array) => FeatureMatrix;
type Visit = (place: number, values: Float32Array, at: number, columns: number) => void;

/**
 * The mean over the clusters of how much the most similar other one overlaps with it: the sum of both mean distances to the centre, by the distance
 * of the centres (Davies and Bouldin, 1979); lower is better. Rows of no cluster (-1) are left out.
 * @param blockRows that are encoded at once. @returns null where there are fewer than two clusters, or each row is one
 */
export function daviesBouldin(clusters: Float64Array, encoded: Encoded, blockRows: number): Metric {
  const numbers = [...new Set(clusters)].filter((cluster) => cluster >= 0).sort((a, b) => a - b);
  const placed = clusters.reduce((sum, cluster) => sum + Number(cluster >= 0), 0);
  if (numbers.length < 2 || numbers.length >= placed) return null;
  const indexOf = new Map(numbers.map((cluster, at) => [cluster, at]));
  const { columns } = encoded(Int32Array.of(0));
  const sizes = new Float64Array(numbers.length);
  const centres = new Float64Array(numbers.length * columns);
  const each = (visit: (cluster: number, values: Float32Array, at: number) => void): void =>
    eachRow(clusters.length, encoded, blockRows, (place, values, at) => {
      const cluster = indexOf.get(clusters[place] ?? -1);
      if (cluster !== undefined) visit(cluster, values, at);
    });
  each((cluster, values, at) => {
    sizes[cluster] = (sizes[cluster] ?? 0) + 1;
    for (let j = 0; j < columns; j += 1) {
      const to = cluster * columns + j;
      centres[to] = (centres[to] ?? 0) + (values[at + j] ?? NaN);
    }
  });
  centres.forEach((sum, at) => (centres[at] = sum / (sizes[Math.floor(at / columns)] ?? 1)));
  const spreads = new Float64Array(numbers.length);
  each((cluster, values, at) => {
    spreads[cluster] = (spreads[cluster] ?? 0) + distance(values, at, centres, cluster * columns, columns) / (sizes[cluster] ?? 1);
  });
  return overlap(spreads, centres, columns);
}

function overlap(spreads: Float64Array, centres: Float64Array, columns: number): number {
  let sum = 0;
  for (let i = 0; i < spreads.length; i += 1) {
    let most = 0;
    for (let j = 0; j < spreads.length; j += 1) {
      if (i === j) continue;
      const apart = distance(centres, i * columns, centres, j * columns, columns);
      // Centres that fall together count nothing, as in scikit-learn.
      if (apart > 0) most = Math.max(most, ((spreads[i] ?? 0) + (spreads[j] ?? 0)) / apart);
    }
    sum += most;
  }
  return sum / spreads.length;
}

/** @returns the squared distances of the first `rows` rows to their mean, added up */
export function scatterAround(rows: number, encoded: Encoded, blockRows: number): number {
  const { columns } = encoded(Int32Array.of(0));
  const means = new Float64Array(columns);
  eachRow(rows, encoded, blockRows, (_, values, at) => {
    for (let j = 0; j < columns; j += 1) means[j] = (means[j] ?? 0) + (values[at + j] ?? NaN) / rows;
  });
  let squares = 0;
  eachRow(rows, encoded, blockRows, (_, values, at) => (squares += distance(values, at, means, 0, columns) ** 2));
  return squares;
}

function eachRow(rows: number, encoded: Encoded, blockRows: number, visit: Visit): void {
  for (let from = 0; from < rows; from += blockRows) {
    const places = Int32Array.from({ length: Math.min(blockRows, rows - from) }, (_, at) => from + at);
    const { values, columns } = encoded(places);
    for (let at = 0; at < places.length; at += 1) visit(from + at, values, at * columns, columns);
  }
}

function distance(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, columns: number): number {
  let squares = 0;
  for (let at = 0; at < columns; at += 1) squares += ((a[i + at] ?? NaN) - (b[j + at] ?? NaN)) ** 2;
  return Math.sqrt(squares);
}
