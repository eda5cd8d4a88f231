import { loneGang } from '@trainer/actor';
import type { FeatureMatrix } from '../../learning/learner.js';
import { meanSilhouette } from '../../metrics/silhouette.js';
import { seededSource, type RandomSource } from '../../split/random-source.js';
import { Lloyd, problemOf } from './lloyd.js';
import type { Products } from './inexact-distances.js';
import { RowSpace } from './row-space.js';
import { spreadRows } from './seeding.js';

/** Numbers of clusters that are tried. */
const [FEWEST, MOST] = [2, 10];
/** Rows that they are tried on, at most; differences of two values that a silhouette of them may take. */
const [MOST_ROWS, MOST_DIFFERENCES] = [2_000, 2e8];
const RESTARTS = 3;
const ITERATIONS = 100;

/** A number of clusters, and the mean silhouette of the rows that it was tried on. */
export interface Tried {
  readonly count: number;
  readonly silhouette: number;
}

/** Rows, drawn by `random`, on which numbers of clusters are tried; all ranks call it together and get the same. */
export async function rowsToTry(space: RowSpace, random: RandomSource): Promise<FeatureMatrix> {
  const { columns } = space;
  const affordable = Math.floor(Math.sqrt((2 * MOST_DIFFERENCES) / columns));
  const rows = Math.min(space.rows, MOST_ROWS, Math.max(MOST, affordable));
  const numbers = new Set<number>();
  for (let last = space.rows - rows; last < space.rows; last += 1) {
    const row = random.below(last + 1);
    numbers.add(numbers.has(row) ? last : row);
  }
  return { values: Float32Array.from(await space.rowsAt([...numbers])), rows, columns };
}

/**
 * Tries numbers of clusters on some rows, each from three starts. Deterministic.
 * @returns those that give a silhouette; empty where none does
 */
export async function triedCounts(
  rows: FeatureMatrix,
  products: Products,
  seed: number,
  tick: (share: number) => void,
): Promise<readonly Tried[]> {
  const space = await RowSpace.open(rows, loneGang());
  const tried: Tried[] = [];
  for (let count = FEWEST; count <= Math.min(MOST, rows.rows - 1); count += 1) {
    const clusters = await bestClusters(space, products, count, seed);
    const silhouette = meanSilhouette(rows, Float64Array.from(clusters));
    if (silhouette !== null) tried.push({ count, silhouette });
    tick((count - FEWEST + 1) / (MOST - FEWEST + 1));
  }
  return tried;
}

async function bestClusters(space: RowSpace, products: Products, count: number, seed: number): Promise<Int32Array> {
  const problem = await problemOf(space, products, count, 1e-4);
  let best: { readonly inertia: number; readonly clusters: Int32Array } = { inertia: Infinity, clusters: new Int32Array(0) };
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    const nothing = (): void => undefined;
    const lloyd = Lloyd.start(problem, await spreadRows(problem, seededSource(seed + restart), nothing), nothing);
    for (let iteration = 0; iteration < ITERATIONS && !(await lloyd.iterate(nothing)); iteration += 1);
    const inertia = await lloyd.inertia();
    if (inertia < best.inertia) best = { inertia, clusters: lloyd.clusters };
  }
  return best.clusters;
}
