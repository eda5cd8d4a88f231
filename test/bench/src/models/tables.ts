import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { hasClasses, hasTarget, type TaskType } from '@trainer/model';
import { seededRandom } from '@trainer/test';
import { normal } from '../data/random.js';
import type { BenchTable } from './messages.js';

const SEED = 9;
/** Rows whose class is drawn at random, and the noise of a number. */
const [FLIPPED, NOISE] = [0.05, 0.3];
/** Where no target is: so many groups, whose means lie about so far from each other, in deviations of a group. They overlap. */
const [GROUPS, APART] = [20, 3];
/** Written at once. */
const ROWS_AT_ONCE = 4_096;

/**
 * Columns of normal numbers with mean 0 and deviation 1, of which the first half decide a class of two or a number of mean 0 and deviation 1, not
 * linearly; without a target they are in groups. Equal arguments give equal bytes.
 */
export async function writeTable(
  folder: string,
  task: TaskType,
  shape: { readonly rows: number; readonly columns: number },
): Promise<BenchTable> {
  const { rows, columns } = shape;
  const stem = join(folder, `${task}-${rows}-${columns}`);
  const random = seededRandom(SEED);
  const next = normal(random);
  const means = Float32Array.from({ length: GROUPS * columns }, () => (next() * APART) / Math.sqrt(2 * columns));
  const scores = new Float64Array(rows);
  const file = await open(`${stem}.features`, 'w');
  const block = new Float32Array(ROWS_AT_ONCE * columns);
  for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - from);
    for (let row = 0; row < count; row += 1) {
      const values = block.subarray(row * columns, (row + 1) * columns);
      const group = hasTarget(task) ? null : Math.floor(random() * GROUPS) * columns;
      for (let column = 0; column < columns; column += 1) values[column] = next() + (group === null ? 0 : (means[group + column] ?? 0));
      scores[from + row] = score(values, columns >> 1);
    }
    await file.writeFile(new Uint8Array(block.buffer, 0, count * columns * Float32Array.BYTES_PER_ELEMENT));
  }
  await file.close();
  const table = { features: `${stem}.features`, rows, columns, classes: hasClasses(task) ? 2 : 0 };
  if (!hasTarget(task)) return { ...table, target: null };
  const target = hasClasses(task) ? classesOf(scores, random) : numbersOf(scores, next);
  const written = await open(`${stem}.target`, 'w');
  await written.writeFile(new Uint8Array(target.buffer));
  await written.close();
  return { ...table, target: `${stem}.target` };
}

/** Sums and products of neighbours, so that trees have something to find at every depth and lines a part of it. */
function score(values: Float32Array, informative: number): number {
  let sum = 0;
  for (let column = 0; column + 1 < informative; column += 2) {
    const [a = 0, b = 0] = [values[column], values[column + 1]];
    sum += a + 0.7 * a * b - 0.4 * (b * b - 1);
  }
  return sum;
}

function classesOf(scores: Float64Array, random: () => number): Float64Array {
  return scores.map((value) => Number(random() < FLIPPED ? random() < 0.5 : value > 0));
}

function numbersOf(scores: Float64Array, next: () => number): Float64Array {
  const mean = scores.reduce((sum, value) => sum + value, 0) / scores.length;
  const deviation = Math.sqrt(scores.reduce((sum, value) => sum + (value - mean) ** 2, 0) / scores.length);
  const scale = Math.sqrt(1 + NOISE ** 2);
  return scores.map((value) => ((value - mean) / deviation + NOISE * next()) / scale);
}
