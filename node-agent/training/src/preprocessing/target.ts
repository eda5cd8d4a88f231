import type { TaskType } from '@trainer/model';
import { TargetError } from '../data/errors.js';
import {
  isMissingAt,
  lengthOf,
  numbersOf,
  TRUE,
  type BooleanColumn,
  type Column,
  type NumberColumn,
  type TextColumn,
} from '../data/table.js';
import type { TargetVector } from '../learning/learner.js';
import type { LabelType, TargetEncoding } from './preprocessing.js';
import { pythonRepr } from './python-repr.js';

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
 * `True`, dates are refused; classes are in the order of `TargetEncoding`. Regression: numbers as given.
 * @throws TargetError
 */
export function encodeTarget(column: Column, task: TaskType): EncodedTarget {
  const { rows, dropped } = rowsWithTarget(column);
  if (rows.length === 0) {
    throw new TargetError(column.name, 'missing', dropped, 'has no value in any row. Name another target_column.');
  }
  if (task !== 'classification') return encodeNumber(column, rows, dropped);
  if (column.kind === 'number') return encodeNumericClasses(column, rows, dropped);
  if (column.kind === 'date') {
    throw new TargetError(column.name, 'dates', 0, 'holds dates, which are no classes. Name another target_column.');
  }
  if (column.kind === 'boolean') return encodeLabels(booleanLabels(column), 'boolean', rows, dropped);
  return encodeLabels(column, 'string', rows, dropped);
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

function encodeNumericClasses(column: NumberColumn, rows: Int32Array, dropped: number): EncodedTarget {
  const { name, values, isInteger, exact } = column;
  if (isInteger && exact !== null) return encodeIntegers(name, rows, (row) => exact[row] ?? 0n, dropped);
  if (isInteger) {
    if (rows.some((row) => !Number.isSafeInteger(values[row]))) {
      throw new TargetError(name, 'beyond-integers', 0, 'has integers beyond 2^53, which cannot be told apart. Write the classes as text.');
    }
    return encodeIntegers(name, rows, (row) => BigInt(values[row] ?? 0), dropped);
  }
  const distinct = new Set<number>();
  // Minus zero is zero.
  for (const row of rows) distinct.add((values[row] ?? NaN) + 0);
  const isFractional = [...distinct].some((value) => !Number.isInteger(value));
  if (isFractional && distinct.size > MAX_FRACTION_CLASSES) {
    const message = `has ${distinct.size} distinct fractional numbers, so it is no class. Use task_type regression, or name another target_column.`;
    throw new TargetError(name, 'continuous', distinct.size, message);
  }
  const classes = checkedClasses(name, [...distinct]).sort((a, b) => a - b);
  const index = new Map(classes.map((value, at) => [value, at]));
  const encoded = Float64Array.from(rows, (row) => index.get((values[row] ?? NaN) + 0) ?? 0);
  return { encoding: { kind: 'classes', name, type: 'float64', classes: classes.map(pythonRepr) }, rows, values: encoded, dropped };
}

function encodeIntegers(name: string, rows: Int32Array, valueOf: (row: number) => bigint, dropped: number): EncodedTarget {
  const distinct = new Set<bigint>();
  for (const row of rows) distinct.add(valueOf(row));
  const classes = checkedClasses(name, [...distinct]).sort((a, b) => (a < b ? -1 : 1));
  const index = new Map(classes.map((value, at) => [value, at]));
  const values = Float64Array.from(rows, (row) => index.get(valueOf(row)) ?? 0);
  return { encoding: { kind: 'classes', name, type: 'int64', classes: classes.map(String) }, rows, values, dropped };
}

function booleanLabels({ name, values }: BooleanColumn): TextColumn {
  return { kind: 'text', name, codes: Int32Array.from(values, (value) => Number(value === TRUE)), labels: ['False', 'True'] };
}

function encodeLabels(column: TextColumn, type: LabelType, rows: Int32Array, dropped: number): EncodedTarget {
  const classes = [...checkedClasses(column.name, metLabels(column, rows))].sort(byCodePoint);
  const index = new Map(classes.map((label, at) => [label, at]));
  const recode = column.labels.map((label) => index.get(label) ?? 0);
  const values = Float64Array.from(rows, (row) => recode[column.codes[row] ?? 0] ?? 0);
  return { encoding: { kind: 'classes', name: column.name, type, classes }, rows, values, dropped };
}

/** The labels that some row has: a boolean column may hold one of its two. */
function metLabels({ codes, labels }: TextColumn, rows: Int32Array): string[] {
  const isMet = new Uint8Array(labels.length);
  for (const row of rows) isMet[codes[row] ?? 0] = 1;
  return labels.filter((_, at) => isMet[at] === 1);
}

/** The order of numpy and of UTF-8; JavaScript's own puts emoji before some letters. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

function checkedClasses<T extends string | number | bigint>(name: string, classes: readonly T[]): T[] {
  if (classes.length === 1) {
    const message = `has one class only (${JSON.stringify(String(classes[0]))}); at least two are needed. Name another target_column.`;
    throw new TargetError(name, 'one-class', 1, message);
  }
  if (classes.length > MAX_CLASSES) {
    const message = `has ${classes.length} distinct values; classification takes at most ${MAX_CLASSES} classes. Use task_type regression, or name another target_column.`;
    throw new TargetError(name, 'too-many-classes', classes.length, message);
  }
  return [...classes];
}
