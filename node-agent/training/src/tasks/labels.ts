import { TargetError } from '../data/errors.js';
import { isMissingAt, lengthOf, TRUE, type BooleanColumn, type Column, type NumberColumn, type TextColumn } from '../data/table.js';
import type { TargetVector } from '../learning/learner.js';
import type { LabelType } from '../preprocessing/preprocessing.js';
import { pythonRepr } from './python-repr.js';

/**
 * Classes that a classification takes at most. Probabilities are rows times classes and boosters grow a tree a class and round;
 * scikit-learn's own data sets end at 20.
 */
export const MAX_CLASSES = 1_000;
/** Distinct fractional numbers that may still be meant as classes, such as 0.5, 1, 1.5. */
export const MAX_FRACTION_CLASSES = 50;

/** The labels of a column, and which of them each row has. */
export interface Labels {
  readonly type: LabelType;
  /** In `np.unique`'s order. */
  readonly classes: readonly string[];
  /** Index of the class, of the rows asked for. */
  readonly codes: TargetVector;
}

/** Rows that have a value, ascending. */
export function rowsWithValue(column: Column): Int32Array {
  const rows = new Int32Array(lengthOf(column));
  let kept = 0;
  for (let row = 0; row < rows.length; row += 1) {
    if (isMissingAt(column, row)) continue;
    rows[kept] = row;
    kept += 1;
  }
  return rows.slice(0, kept);
}

/** The column has no value in any of its rows. */
export function noValue(name: string, rows: number): TargetError {
  return new TargetError(name, 'missing', rows, 'has no value in any row. Name another target_column.');
}

/** @param rows that have a value. @throws TargetError where the values are no classes */
export function labelsOf(column: Column, rows: Int32Array): Labels {
  switch (column.kind) {
    case 'number':
      return column.exact === null ? ofNumbers(column, rows) : ofExact(column.name, column.exact, rows);
    case 'boolean':
      return ofBooleans(column, rows);
    case 'text':
      return ofTexts(column, rows);
    case 'date':
      throw new TargetError(column.name, 'dates', 0, 'holds dates, which are no classes. Name another target_column.');
  }
}

function ofNumbers({ name, values, isInteger }: NumberColumn, rows: Int32Array): Labels {
  const distinct = new Set<number>();
  // Minus zero is zero.
  for (const row of rows) distinct.add((values[row] ?? NaN) + 0);
  if (isInteger && [...distinct].some((value) => !Number.isSafeInteger(value))) {
    const message =
      'has integers beyond 64 bits, of which some would become one. Write a letter before each, so that they are text, or name another target_column.';
    throw new TargetError(name, 'beyond-integers', distinct.size, message);
  }
  const isFractional = !isInteger && [...distinct].some((value) => !Number.isInteger(value));
  if (isFractional && distinct.size > MAX_FRACTION_CLASSES) {
    const message = `has ${distinct.size} distinct fractional numbers, so it is no class. Use task_type regression, or name another target_column.`;
    throw new TargetError(name, 'continuous', distinct.size, message);
  }
  const sorted = checked(name, [...distinct]).sort((a, b) => a - b);
  const index = new Map(sorted.map((value, at) => [value, at]));
  const codes = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += 1) codes[at] = index.get((values[rows[at] ?? 0] ?? NaN) + 0) ?? 0;
  return isInteger ? { type: 'int64', classes: sorted.map(String), codes } : { type: 'float64', classes: sorted.map(pythonRepr), codes };
}

function ofExact(name: string, exact: BigInt64Array, rows: Int32Array): Labels {
  const distinct = new Set<bigint>();
  for (const row of rows) distinct.add(exact[row] ?? 0n);
  const sorted = checked(name, [...distinct]).sort((a, b) => (a < b ? -1 : 1));
  const index = new Map(sorted.map((value, at) => [value, at]));
  const codes = Float64Array.from(rows, (row) => index.get(exact[row] ?? 0n) ?? 0);
  return { type: 'int64', classes: sorted.map(String), codes };
}

function ofBooleans({ name, values }: BooleanColumn, rows: Int32Array): Labels {
  const isThere = [false, false];
  for (const row of rows) isThere[values[row] === TRUE ? 1 : 0] = true;
  const classes = checked(
    name,
    ['False', 'True'].filter((_, at) => isThere[at]),
  );
  return { type: 'boolean', classes, codes: Float64Array.from(rows, (row) => (values[row] === TRUE ? 1 : 0)) };
}

function ofTexts({ name, codes, labels }: TextColumn, rows: Int32Array): Labels {
  const isMet = new Uint8Array(labels.length);
  for (const row of rows) isMet[codes[row] ?? 0] = 1;
  const met = labels.filter((_, at) => isMet[at] === 1);
  const classes = checked(name, met).sort(byCodePoint);
  const index = new Map(classes.map((label, at) => [label, at]));
  const recoded = labels.map((label) => index.get(label) ?? 0);
  return { type: 'string', classes, codes: Float64Array.from(rows, (row) => recoded[codes[row] ?? 0] ?? 0) };
}

function checked<T>(name: string, classes: readonly T[]): T[] {
  if (classes.length === 1) {
    const message = `has one class only (${textOf(classes[0])}); at least two are needed. Name another target_column.`;
    throw new TargetError(name, 'one-class', 1, message);
  }
  if (classes.length > MAX_CLASSES) {
    const message = `has ${classes.length} distinct values; classification takes at most ${MAX_CLASSES} classes. Use task_type regression, or name another target_column.`;
    throw new TargetError(name, 'too-many-classes', classes.length, message);
  }
  return [...classes];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value);
}

/** As Python and numpy order texts; UTF-8's bytes stand in the order of the code points. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** @returns a warning where labels differ by case or spaces alone, which is often one class in two spellings */
export function spellingWarnings(column: string, { type, classes }: Pick<Labels, 'type' | 'classes'>): string[] {
  if (type !== 'string') return [];
  const spellings = new Map<string, string[]>();
  for (const label of classes) {
    const plain = label.trim().replace(/\s+/g, ' ').toLowerCase();
    spellings.set(plain, [...(spellings.get(plain) ?? []), label]);
  }
  const alike = [...spellings.values()].filter((labels) => labels.length > 1);
  if (alike.length === 0) return [];
  const examples = alike.slice(0, 3).map((labels) => labels.map(textOf).join(' and '));
  const more = alike.length > examples.length ? `, and ${alike.length - examples.length} more` : '';
  const what = `Labels of ${JSON.stringify(column)} differ by case or spaces alone and are classes of their own`;
  return [`${what}: ${examples.join('; ')}${more}. Write them alike if they mean the same.`];
}
