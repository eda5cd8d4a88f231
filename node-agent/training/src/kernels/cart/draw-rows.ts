import type { RandomSource } from '../../split/random-source.js';
import type { GrowthSettings } from './growth-settings.js';

/** The rows that a tree grows from. */
export interface DrawnRows {
  /** Each once, in their order. */
  readonly rows: Int32Array;
  /** How often each of them was drawn. */
  readonly times: Int32Array;
  /** Of the classes; one, for numbers. */
  readonly weights: Float64Array;
}

/**
 * Draws rows with putting back (`rowsDrawn`), or takes all. Classes are balanced as in scikit-learn 1.9: by drawing each class as often as the
 * others ("balanced" with bootstrap), or by weights of n / (classes n_c) over all rows, or over the drawn ones ("balanced_subsample").
 */
export function drawRows(
  target: Float64Array,
  { classes, rowsDrawn, balance }: Pick<GrowthSettings, 'classes' | 'rowsDrawn' | 'balance'>,
  random: RandomSource,
): DrawnRows {
  const all = target.length;
  const times = new Int32Array(all);
  if (rowsDrawn === 0) times.fill(1);
  else if (balance === 'drawn') drawClasses(rowsOfClasses(target, classes), rowsDrawn, random, times);
  else for (let drawn = 0; drawn < rowsDrawn; drawn += 1) addOne(times, random.below(all));
  let kept = 0;
  for (let row = 0; row < all; row += 1) kept += Number(times[row] !== 0);
  const rows = new Int32Array(kept);
  const timesOfRows = new Int32Array(kept);
  for (let row = 0, at = 0; row < all; row += 1) {
    if (times[row] === 0) continue;
    rows[at] = row;
    timesOfRows[at] = times[row] ?? 0;
    at += 1;
  }
  const isWeighted = balance === 'all' || balance === 'each-tree';
  return {
    rows,
    times: timesOfRows,
    weights: isWeighted ? balancedWeights(target, classes, times) : new Float64Array(Math.max(1, classes)).fill(1),
  };
}

/** A class is drawn, then a row of it. */
function drawClasses(rows: readonly Int32Array[], count: number, random: RandomSource, times: Int32Array): void {
  const present = rows.filter(({ length }) => length > 0);
  for (let drawn = 0; drawn < count; drawn += 1) {
    const own = present[random.below(present.length)] ?? new Int32Array(1);
    addOne(times, own[random.below(own.length)] ?? 0);
  }
}

function rowsOfClasses(target: Float64Array, classes: number): Int32Array[] {
  const lists = Array.from({ length: classes }, (): number[] => []);
  for (const [row, cls] of target.entries()) lists[cls]?.push(row);
  return lists.map((list) => Int32Array.from(list));
}

/** n / (classes n_c), over the classes that have rows; 0 for the others. */
function balancedWeights(target: Float64Array, classes: number, times: Int32Array): Float64Array {
  const counts = new Float64Array(classes);
  let [total, present] = [0, 0];
  for (let row = 0; row < target.length; row += 1) {
    const cls = target[row] ?? 0;
    counts[cls] = (counts[cls] ?? 0) + (times[row] ?? 0);
    total += times[row] ?? 0;
  }
  for (const count of counts) present += Number(count > 0);
  return counts.map((count) => (count > 0 ? total / (present * count) : 0));
}

function addOne(times: Int32Array, row: number): void {
  times[row] = (times[row] ?? 0) + 1;
}
