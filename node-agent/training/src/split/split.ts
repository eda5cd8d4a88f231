import { quoted, TargetError, TooFewRowsError } from '../data/errors.js';
import { seededSource, shuffle } from './random-source.js';

/** How the rows were split: with the rows' number and classes it gives the same split anywhere. */
export interface SplitRule {
  /** none: all rows train. */
  readonly method: 'stratified' | 'random' | 'none';
  /** Share of the rows that validate. */
  readonly validationShare: number;
  readonly seed: number;
  readonly generator: 'xoshiro128**';
}

/** What is split. */
export interface SplitInput {
  readonly rows: number;
  /** Class of each row, to be stratified by; null for regression. */
  readonly classOf: ArrayLike<number> | null;
  /** Names of the classes, by index; empty for regression. */
  readonly classNames: readonly (string | number)[];
  /** Name of the target column, for errors. */
  readonly target: string;
  /** As the client sent it, or null: by the number of rows. */
  readonly validationSplit: number | null;
  readonly seed: number;
}

/** Row numbers of both parts, ascending. */
export interface Split {
  readonly rule: SplitRule;
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly warnings: readonly string[];
}

/**
 * Splits rows into training and validation. Without a share from the client: 20 %, 25 % below 100 rows, 30 % below 50 (with
 * warnings). Stratified: each class keeps its share, rounded so that the sum is right; one with a single row is for training only
 * (with a warning), one with more has at least one row on each side.
 * @throws TooFewRowsError, TargetError when no row could validate.
 */
export function splitRows(input: SplitInput): Split {
  if (input.rows < 2) throw new TooFewRowsError(input.rows, 2);
  const warnings: string[] = [];
  const share = input.validationSplit ?? shareByRows(input.rows, warnings);
  const random = seededSource(input.seed);
  const isValidation = new Uint8Array(input.rows);
  const groups = input.classOf ? groupsOf(input.classOf, input.rows, input.classNames.length) : [allRows(input.rows)];
  const counts = validationCounts(
    groups.map((group) => group.length),
    share,
  );
  groups.forEach((group, index) => {
    shuffle(group, random);
    for (const row of group.subarray(0, counts[index])) isValidation[row] = 1;
  });
  if (input.classOf) warnSingles(input, groups, warnings);
  return {
    rule: { method: input.classOf ? 'stratified' : 'random', validationShare: share, seed: input.seed, generator: 'xoshiro128**' },
    train: rowsWhere(isValidation, 0),
    validation: rowsWhere(isValidation, 1),
    warnings,
  };
}

/** No row is held out. @throws TooFewRowsError without any */
export function allTrain(rows: number, seed: number): Split {
  if (rows < 1) throw new TooFewRowsError(rows, 1);
  const rule = { method: 'none', validationShare: 0, seed, generator: 'xoshiro128**' } as const;
  return { rule, train: allRows(rows), validation: new Int32Array(0), warnings: [] };
}

/** The shares of the original trainer (platform.md). */
function shareByRows(rows: number, warnings: string[]): number {
  if (rows >= 100) return 0.2;
  const share = rows < 50 ? 0.3 : 0.25;
  warnings.push(`The dataset has only ${rows} rows: ${share * 100} % of them validate, and the metrics are rough.`);
  return share;
}

function allRows(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row);
}

function groupsOf(classOf: ArrayLike<number>, rows: number, classes: number): Int32Array[] {
  const sizes = new Int32Array(classes);
  for (let row = 0; row < rows; row += 1) sizes[classOf[row] ?? 0] = (sizes[classOf[row] ?? 0] ?? 0) + 1;
  const groups = Array.from(sizes, (size) => new Int32Array(size));
  const filled = new Int32Array(classes);
  for (let row = 0; row < rows; row += 1) {
    const group = classOf[row] ?? 0;
    const at = filled[group] ?? 0;
    filled[group] = at + 1;
    const rowsOfGroup = groups[group];
    if (rowsOfGroup) rowsOfGroup[at] = row;
  }
  return groups;
}

/** Largest remainders (Hamilton's method), then at least one row a side where there are two. */
function validationCounts(sizes: readonly number[], share: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  // As scikit-learn rounds (ceil), without the last bit of the product.
  const wanted = Math.ceil(total * share - 1e-9);
  const counts = sizes.map((size) => Math.floor(size * share));
  const byRemainder = sizes
    .map((size, index) => ({ index, remainder: size * share - Math.floor(size * share) }))
    .sort((x, y) => y.remainder - x.remainder || x.index - y.index);
  let left = wanted - counts.reduce((sum, count) => sum + count, 0);
  for (const { index } of byRemainder) {
    if (left <= 0) break;
    counts[index] = (counts[index] ?? 0) + 1;
    left -= 1;
  }
  return counts.map((count, index) => Math.max(0, Math.min(Math.max(count, 1), (sizes[index] ?? 0) - 1)));
}

function warnSingles(input: SplitInput, groups: readonly Int32Array[], warnings: string[]): void {
  const singles = input.classNames.filter((_, index) => groups[index]?.length === 1);
  if (singles.length === 0) return;
  if (singles.length === groups.length) {
    const message = `has ${singles.length} classes with one row each, so that no row could validate. Give at least two rows of a class.`;
    throw new TargetError(input.target, 'single-rows', singles.length, message);
  }
  const names = singles
    .slice(0, 10)
    .map((name) => (typeof name === 'string' ? quoted(name) : String(name)))
    .join(', ');
  const more = singles.length > 10 ? ` and ${singles.length - 10} more` : '';
  warnings.push(`Only one row has the class ${names}${more}; it is used for training and no metric of validation speaks of it.`);
}

function rowsWhere(marks: Uint8Array, mark: 0 | 1): Int32Array {
  const rows = new Int32Array(marks.reduce((count, value) => count + (value === mark ? 1 : 0), 0));
  let at = 0;
  marks.forEach((value, row) => {
    if (value !== mark) return;
    rows[at] = row;
    at += 1;
  });
  return rows;
}
