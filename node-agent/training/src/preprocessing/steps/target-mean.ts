import type { TextColumn } from '../../data/table.js';
import { shuffle } from '../../split/random-source.js';
import type { FitContext, FitTarget, FittedBase, Step } from '../step.js';
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
    const { all, others, foldOf } = target.kind === 'none' ? sharesOf(codes, levels, rows.length) : crossFitted(codes, levels, context);
    const rowsOf = Array.from({ length: levels.length + 1 }, (_, at) => [...all.values.subarray(at * all.width, (at + 1) * all.width)]);
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
      training: others.length === 0 ? null : levelEncoder(column, (row) => others[foldOf[row] ?? 0] ?? all, others),
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

/** The table of all training rows, and for each fold the one of the others, so that no row's own target is in its number. */
interface FoldTables {
  readonly all: LevelTable;
  /** Empty: training rows are encoded as all others. */
  readonly others: readonly LevelTable[];
  /** By row of the table. */
  readonly foldOf: Uint8Array;
}

/** Each level's share of the rows. */
function sharesOf({ counts }: LevelCodes, levels: readonly string[], rows: number): FoldTables {
  const met = [...counts].filter((count) => count > 0);
  return {
    all: { levels, values: Float32Array.from([...met, 0], (count) => count / rows), width: 1 },
    others: [],
    foldOf: new Uint8Array(0),
  };
}

function crossFitted(codes: LevelCodes, levels: readonly string[], { rows, target, random }: FitContext): FoldTables {
  const order = rows.slice();
  shuffle(order, random());
  const folds = Math.min(FOLDS, order.length);
  const foldOf = new Uint8Array(order.reduce((most, row) => Math.max(most, row), 0) + 1);
  order.forEach((row, at) => (foldOf[row] = at % folds));
  const placeOf = new Map(levels.map((level, at) => [level, at]));
  const places = codes.levels.map((level) => placeOf.get(level) ?? 0);
  // In which cell a row is: a fold's level.
  const cells = Int32Array.from(rows, (row) => (foldOf[row] ?? 0) * levels.length + (places[codes.of(row)] ?? 0));
  const width = target.kind === 'classes' && target.names.length > 2 ? target.names.length : 1;
  const tables = Array.from({ length: folds + 1 }, () => ({ levels, values: new Float32Array((levels.length + 1) * width), width }));
  for (let output = 0; output < width; output += 1) {
    const moments = momentsOf(cells, outputOf(target, rows, width === 1 ? 1 : output), folds * levels.length);
    // The last table leaves out no fold.
    tables.forEach(({ values }, without) => {
      smoothed(moments, folds, levels.length, without).forEach((mean, level) => (values[level * width + output] = mean));
    });
  }
  const [all, ...others] = [...tables.slice(-1), ...tables.slice(0, -1)];
  if (!all) throw new RangeError('There is at least one table.');
  return { all, others, foldOf };
}

function outputOf(target: FitTarget, rows: Int32Array, output: number): Float64Array {
  if (target.kind === 'none') return new Float64Array(rows.length);
  const { of } = target;
  return target.kind === 'classes'
    ? Float64Array.from(rows, (row) => Number(of[row] === output))
    : Float64Array.from(rows, (row) => of[row] ?? NaN);
}

/** Of each cell its rows, their mean, and the sum of squared distances from it. */
interface Moments {
  readonly count: Float64Array;
  readonly mean: Float64Array;
  readonly scatter: Float64Array;
}

function momentsOf(cells: Int32Array, values: Float64Array, total: number): Moments {
  const [count, mean, scatter] = [new Float64Array(total), new Float64Array(total), new Float64Array(total)];
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at] ?? 0;
    count[cell] = (count[cell] ?? 0) + 1;
    mean[cell] = (mean[cell] ?? 0) + (values[at] ?? 0);
  }
  for (let cell = 0; cell < total; cell += 1) mean[cell] = (mean[cell] ?? 0) / Math.max(1, count[cell] ?? 0);
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at] ?? 0;
    scatter[cell] = (scatter[cell] ?? 0) + ((values[at] ?? 0) - (mean[cell] ?? 0)) ** 2;
  }
  return { count, mean, scatter };
}

/** Adds cell `from` of one to cell `to` of the other (Chan, Golub and LeVeque, 1979). */
function add(sum: Moments, to: number, part: Moments, from: number): void {
  const [n, m] = [sum.count[to] ?? 0, part.count[from] ?? 0];
  if (m === 0) return;
  const distance = (part.mean[from] ?? 0) - (sum.mean[to] ?? 0);
  sum.count[to] = n + m;
  sum.mean[to] = (sum.mean[to] ?? 0) + (distance * m) / (n + m);
  sum.scatter[to] = (sum.scatter[to] ?? 0) + (part.scatter[from] ?? 0) + (distance * distance * n * m) / (n + m);
}

/**
 * Empirical Bayes as in scikit-learn 1.9's TargetEncoder with `smooth="auto"` (after Micci-Barreca, 2001): the level's mean counts by
 * v n / (v n + s / n), with n its rows, s the squared distances from its mean, and v the variance of all.
 * @param without a fold whose rows have no part in it; none where there is no such fold
 * @returns one a level, and last the mean of all
 */
function smoothed(moments: Moments, folds: number, levels: number, without: number): Float64Array {
  const by = { count: new Float64Array(levels + 1), mean: new Float64Array(levels + 1), scatter: new Float64Array(levels + 1) };
  for (let fold = 0; fold < folds; fold += 1) {
    if (fold === without) continue;
    for (let level = 0; level < levels; level += 1) add(by, level, moments, fold * levels + level);
  }
  for (let level = 0; level < levels; level += 1) add(by, levels, by, level);
  const mean = by.mean[levels] ?? 0;
  const variance = (by.scatter[levels] ?? 0) / Math.max(1, by.count[levels] ?? 0);
  return by.mean.map((own, level) => {
    const count = by.count[level] ?? 0;
    const weight = (variance * count) / (variance * count + (by.scatter[level] ?? 0) / count);
    return level === levels || count === 0 || Number.isNaN(weight) ? mean : weight * own + (1 - weight) * mean;
  });
}
