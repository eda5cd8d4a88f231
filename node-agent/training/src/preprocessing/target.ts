import type { TaskType } from '@trainer/model';
import { TargetError } from '../data/errors.js';
import { isMissingAt, lengthOf, numbersOf, TRUE, type BooleanColumn, type Column, type TextColumn } from '../data/table.js';
import type { TargetVector } from '../learning/learner.js';
import type { TargetEncoding } from './preprocessing.js';

/**
 * Classes that a classification takes at most. Probabilities are rows times classes and boosters grow a tree a class and round;
 * scikit-learn's own data sets end at 20.
 */
export const MAX_CLASSES = 1_000;
/** Distinct fractional numbers that may still be meant as classes, such as 0.5, 1, 1.5. */
const MAX_FRACTION_CLASSES = 50;

export interface EncodedTarget {
  readonly encoding: TargetEncoding;
  /** Rows of the table that have a target, ascending. */
  readonly rows: Int32Array;
  /** The target of those rows. */
  readonly values: TargetVector;
  /** Rows without a target. */
  readonly dropped: number;
}

/**
 * Encodes the target. Classification: integers stay integers, fractions and texts are labels as they stand, booleans `False` and
 * `True`, dates are refused; classes are in ascending order (text by code unit). Regression: numbers as given.
 * @throws TargetError
 */
export function encodeTarget(column: Column, task: TaskType): EncodedTarget {
  const { rows, dropped } = rowsWithTarget(column);
  if (rows.length === 0) {
    throw new TargetError(column.name, 'missing', dropped, 'has no value in any row. Name another target_column.');
  }
  if (task !== 'classification') return encodeNumber(column, rows, dropped);
  if (column.kind === 'number') return encodeNumericClasses(column.name, column.values, rows, dropped);
  if (column.kind === 'date') {
    throw new TargetError(column.name, 'dates', 0, 'holds dates, which are no classes. Name another target_column.');
  }
  return encodeLabels(column.kind === 'text' ? column : booleanLabels(column), rows, dropped);
}

function rowsWithTarget(column: Column): { rows: Int32Array; dropped: number } {
  const total = lengthOf(column);
  const rows = new Int32Array(total);
  let kept = 0;
  for (let row = 0; row < total; row += 1) {
    if (isMissingAt(column, row)) continue;
    rows[kept] = row;
    kept += 1;
  }
  return { rows: rows.slice(0, kept), dropped: total - kept };
}

function encodeNumber(column: Column, rows: Int32Array, dropped: number): EncodedTarget {
  const values = numbersOf(column);
  if (!values) {
    const what = column.kind === 'text' ? `text (such as ${JSON.stringify((column.labels[0] ?? '').slice(0, 60))})` : `${column.kind}s`;
    const message = `holds ${what}, and regression needs numbers. Name another target_column.`;
    throw new TargetError(column.name, 'not-numeric', 0, message);
  }
  return { encoding: { kind: 'number', name: column.name }, rows, values: Float64Array.from(rows, (row) => values[row] ?? NaN), dropped };
}

function encodeNumericClasses(name: string, values: Float64Array, rows: Int32Array, dropped: number): EncodedTarget {
  const distinct = new Set<number>();
  let isFractional = false;
  for (const row of rows) {
    const value = values[row] ?? NaN;
    isFractional ||= !Number.isInteger(value);
    // Minus zero is zero.
    distinct.add(value + 0);
  }
  if (isFractional && distinct.size > MAX_FRACTION_CLASSES) {
    const message = `has ${distinct.size} distinct fractional numbers, so it is no class. Use task_type regression, or name another target_column.`;
    throw new TargetError(name, 'continuous', distinct.size, message);
  }
  const classes = checkedClasses(name, [...distinct]).sort((a, b) => a - b);
  if (classes.some((value) => Number.isInteger(value) && !Number.isSafeInteger(value))) {
    const message = 'has integers beyond 2^53, which cannot be told apart. Write the classes as text.';
    throw new TargetError(name, 'beyond-integers', classes.length, message);
  }
  const index = new Map(classes.map((value, at) => [value, at]));
  const encoded = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += 1) encoded[at] = index.get((values[rows[at] ?? 0] ?? NaN) + 0) ?? 0;
  if (!isFractional) return { encoding: { kind: 'classes', name, labels: 'int64', classes }, rows, values: encoded, dropped };
  return { encoding: { kind: 'classes', name, labels: 'string', classes: classes.map(String) }, rows, values: encoded, dropped };
}

function booleanLabels({ name, values }: BooleanColumn): TextColumn {
  return { kind: 'text', name, codes: Int32Array.from(values, (value) => Number(value === TRUE)), labels: ['False', 'True'] };
}

function encodeLabels(column: TextColumn, rows: Int32Array, dropped: number): EncodedTarget {
  const classes = [...checkedClasses(column.name, column.labels)].sort((a, b) => (a < b ? -1 : 1));
  const index = new Map(classes.map((label, at) => [label, at]));
  const recode = column.labels.map((label) => index.get(label) ?? 0);
  const values = Float64Array.from(rows, (row) => recode[column.codes[row] ?? 0] ?? 0);
  return { encoding: { kind: 'classes', name: column.name, labels: 'string', classes }, rows, values, dropped };
}

function checkedClasses<T extends string | number>(name: string, classes: readonly T[]): T[] {
  if (classes.length === 1) {
    const message = `has one class only (${JSON.stringify(classes[0])}); at least two are needed. Name another target_column.`;
    throw new TargetError(name, 'one-class', 1, message);
  }
  if (classes.length > MAX_CLASSES) {
    const message = `has ${classes.length} distinct values; classification takes at most ${MAX_CLASSES} classes. Use task_type regression, or name another target_column.`;
    throw new TargetError(name, 'too-many-classes', classes.length, message);
  }
  return [...classes];
}
