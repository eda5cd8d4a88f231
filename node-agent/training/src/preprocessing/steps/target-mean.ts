import type { TextColumn } from '../../data/table.js';
import { shuffle } from '../../split/random-source.js';
import type { BlockEncoder, FitContext, FitTarget, FittedBase, Step } from '../step.js';
import { levelCodes, levelEncoder, levelsInOnnx, type LevelCodes, type LevelTable } from './levels.js';

/**
 * The mean of the target in the training rows of a level, drawn towards the mean of all by as much as the level's rows are few and
 * scattered. Two classes: the share of the second; several: the share of each. Without a target: the level's share of the rows.
 */
export interface TargetMeanStep extends FittedBase {
  readonly kind: 'target-mean';
  /** Levels of the training rows; the empty text stands for missing. */
  readonly levels: readonly string[];
  /** A row of numbers a level, one an encoded column. */
  readonly means: readonly (readonly number[])[];
  /** Those of a level that training did not meet. */
  readonly otherwise: readonly number[];
}

/** Parts in which the training rows are encoded, each by the others (scikit-learn's TargetEncoder has five, too). */
const FOLDS = 5;

export const targetMeanStep: Step<TextColumn, TargetMeanStep> = {
  fit(column, context) {
    const { rows, target } = context;
    const codes = levelCodes(column, rows);
    const levels = codes.levels.filter((_, at) => (codes.counts[at] ?? 0) > 0);
    const table = meansOf(codes, levels, rows, target);
    const rowsOf = Array.from({ length: levels.length + 1 }, (_, at) => [
      ...table.values.subarray(at * table.width, (at + 1) * table.width),
    ]);
    return {
      fitted: {
        kind: 'target-mean',
        input: column.name,
        encoded: namesOf(column.name, target),
        levels,
        means: rowsOf.slice(0, -1),
        otherwise: rowsOf.at(-1) ?? [],
      },
      warnings: [],
      training: target.kind === 'none' ? null : crossFitted(column, codes, levels, context),
    };
  },
  encoder({ levels, means, otherwise }, column) {
    const table = { levels, values: Float32Array.from([...means, otherwise].flat()), width: otherwise.length };
    return levelEncoder(column, () => table, [table]);
  },
  inputType: () => 'string',
  toOnnx: ({ levels, means, otherwise }, graph, input) =>
    levelsInOnnx(graph, input, { levels, values: Float32Array.from([...means, otherwise].flat()), width: otherwise.length }),
};

function namesOf(name: string, target: FitTarget): string[] {
  if (target.kind === 'none') return [`${name}.share`];
  if (target.kind === 'number' || target.names.length <= 2) return [`${name}.mean`];
  return target.names.map((label) => `${name}.mean=${label}`);
}

/** Each training row by the rows of the other folds, so that no row's own target is in its number. */
function crossFitted(column: TextColumn, codes: LevelCodes, levels: readonly string[], { rows, target, random }: FitContext): BlockEncoder {
  const order = rows.slice();
  shuffle(order, random());
  const folds = Math.min(FOLDS, order.length);
  const foldOf = new Uint8Array(column.codes.length);
  order.forEach((row, at) => (foldOf[row] = at % folds));
  const tables = Array.from({ length: folds }, (_, fold) =>
    meansOf(
      codes,
      levels,
      order.filter((__, at) => at % folds !== fold),
      target,
    ),
  );
  const [first] = tables;
  if (!first) throw new RangeError('There is at least one training row.');
  return levelEncoder(column, (row) => tables[foldOf[row] ?? 0] ?? first, tables);
}

/** Sums of one output of the target by level, and over all rows. */
interface Sums {
  readonly count: Float64Array;
  readonly mean: Float64Array;
  /** Squared distances from the level's mean, summed. */
  readonly scatter: Float64Array;
}

function meansOf(codes: LevelCodes, levels: readonly string[], rows: Int32Array, target: FitTarget): LevelTable {
  const width = target.kind === 'classes' && target.names.length > 2 ? target.names.length : 1;
  const values = new Float32Array((levels.length + 1) * width);
  const placeOf = new Map(levels.map((level, at) => [level, at]));
  const place = Int32Array.from(codes.levels, (level) => placeOf.get(level) ?? levels.length);
  for (let output = 0; output < width; output += 1) {
    const valueOf = outputOf(target, width === 1 ? 1 : output);
    const means = target.kind === 'none' ? shares(codes, place, rows, levels.length) : smoothed(codes, place, rows, valueOf, levels.length);
    means.forEach((mean, level) => (values[level * width + output] = mean));
  }
  return { levels, values, width };
}

function outputOf(target: FitTarget, output: number): (row: number) => number {
  if (target.kind === 'classes') return (row) => Number(target.of[row] === output);
  if (target.kind === 'number') return (row) => target.of[row] ?? NaN;
  return () => 0;
}

function shares(codes: LevelCodes, place: Int32Array, rows: Int32Array, levels: number): Float64Array {
  const counts = new Float64Array(levels + 1);
  for (const row of rows) counts[place[codes.of(row)] ?? 0] = (counts[place[codes.of(row)] ?? 0] ?? 0) + 1;
  return counts.map((count) => count / rows.length);
}

/**
 * Empirical Bayes as in scikit-learn 1.9's TargetEncoder with `smooth="auto"` (after Micci-Barreca, 2001): the level's mean counts by
 * v n / (v n + s / n), with n its rows, s the squared distances from its mean, and v the variance of all.
 * @returns one a level, and last the mean of all
 */
function smoothed(codes: LevelCodes, place: Int32Array, rows: Int32Array, valueOf: (row: number) => number, levels: number): Float64Array {
  const all = sumsOf(rows, () => 0, valueOf, 1);
  const by = sumsOf(rows, (row) => place[codes.of(row)] ?? 0, valueOf, levels);
  const [mean = 0, variance = 0] = [all.mean[0], (all.scatter[0] ?? 0) / rows.length];
  const means = new Float64Array(levels + 1).fill(mean);
  for (let level = 0; level < levels; level += 1) {
    const count = by.count[level] ?? 0;
    if (count === 0) continue;
    const weight = (variance * count) / (variance * count + (by.scatter[level] ?? 0) / count);
    if (!Number.isNaN(weight)) means[level] = weight * (by.mean[level] ?? 0) + (1 - weight) * mean;
  }
  return means;
}

function sumsOf(rows: Int32Array, levelOf: (row: number) => number, valueOf: (row: number) => number, levels: number): Sums {
  const [count, mean, scatter] = [new Float64Array(levels), new Float64Array(levels), new Float64Array(levels)];
  for (const row of rows) {
    const level = levelOf(row);
    count[level] = (count[level] ?? 0) + 1;
    mean[level] = (mean[level] ?? 0) + valueOf(row);
  }
  mean.forEach((sum, level) => (mean[level] = sum / (count[level] ?? 1)));
  for (const row of rows) {
    const level = levelOf(row);
    scatter[level] = (scatter[level] ?? 0) + (valueOf(row) - (mean[level] ?? 0)) ** 2;
  }
  return { count, mean, scatter };
}
