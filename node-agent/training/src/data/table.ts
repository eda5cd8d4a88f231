import type { DateSpelling } from './dates.js';
import type { Place } from './errors.js';

/** A column as read, one entry a row. */
export type Column = NumberColumn | BooleanColumn | TextColumn | DateColumn;

/** Missing is NaN; no value is infinite. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly name: string;
  readonly values: Float64Array;
  /** Every value is an integer that was written as one (`1`, not `1.0`), or of an integer type of the file; gaps change nothing. */
  readonly isInteger: boolean;
  /** The exact values, 0n where missing, of an integer column with some value beyond 2^53; else null. */
  readonly exact: BigInt64Array | null;
}

export interface BooleanColumn {
  readonly kind: 'boolean';
  readonly name: string;
  /** 0 for false, 1 for true, 2 for missing. */
  readonly values: Uint8Array;
}

export interface TextColumn {
  readonly kind: 'text';
  readonly name: string;
  /** Indices into `labels`, -1 for missing. */
  readonly codes: Int32Array;
  /** As they stood in the file, in the order of their first row. */
  readonly labels: readonly string[];
}

export interface DateColumn {
  readonly kind: 'date';
  readonly name: string;
  /** Seconds since 1970-01-01 00:00 UTC, NaN for missing. A date without a time is its midnight, a time without a zone is UTC. */
  readonly values: Float64Array;
  /** How all of the column's dates are written. */
  readonly spelling: DateSpelling;
}

/** What was read of a dataset: the columns asked for, in the order asked. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
  /** What was read otherwise than it might look. */
  readonly warnings: readonly string[];
  /** For each column how often which text stood for a missing value; empty ones are not counted, nor the nulls of a typed file. */
  readonly missingTexts: readonly Readonly<Record<string, number>>[];
  /** Finds where a row (from 0) stands in the file; reads the file again, so it is for errors. */
  locate(row: number): Promise<Place>;
}

/** A dataset that was looked at and is ready to be read. */
export interface Dataset {
  readonly format: 'csv' | 'parquet';
  readonly columnNames: readonly string[];
  readonly rows: number;
  /** SHA-256 of the file as it was stored, `sha256:` and hex. */
  readonly fingerprint: string;
  readonly warnings: readonly string[];
  /**
   * Reads the columns of these names, all rows of them.
   * @throws DatasetError naming column, line or limit.
   */
  read(names: readonly string[]): Promise<Table>;
  /** Gives back what it holds open. Idempotent. */
  close(): void;
}

/** Values of a boolean column. */
export const [FALSE, TRUE, MISSING_BOOLEAN] = [0, 1, 2];

/** The column as numbers, false as 0 and true as 1, missing as NaN; text and dates have none. */
export function numbersOf(column: Column): Float64Array | null {
  if (column.kind === 'number') return column.values;
  if (column.kind !== 'boolean') return null;
  return Float64Array.from(column.values, (value) => (value === MISSING_BOOLEAN ? NaN : value));
}

/** @returns the number of entries of the column, missing ones too. */
export function lengthOf(column: Column): number {
  return column.kind === 'text' ? column.codes.length : column.values.length;
}

/** Is the column's entry of this row (from 0) missing? */
export function isMissingAt(column: Column, row: number): boolean {
  if (column.kind === 'text') return (column.codes[row] ?? -1) < 0;
  if (column.kind === 'boolean') return column.values[row] === MISSING_BOOLEAN;
  return Number.isNaN(column.values[row]);
}

/** @returns how many entries of the column are missing */
export function gapsIn(column: Column): number {
  let gaps = 0;
  for (let row = 0; row < lengthOf(column); row += 1) gaps += Number(isMissingAt(column, row));
  return gaps;
}

/** The column's entries of these rows, in their order. */
export function pickedRows(column: Column, rows: Int32Array): Column {
  switch (column.kind) {
    case 'text':
      return { ...column, codes: rows.map((row) => column.codes[row] ?? -1) };
    case 'boolean':
      return { ...column, values: Uint8Array.from(rows, (row) => column.values[row] ?? MISSING_BOOLEAN) };
    case 'number': {
      const { exact } = column;
      const values = Float64Array.from(rows, (row) => column.values[row] ?? NaN);
      return { ...column, values, exact: exact && BigInt64Array.from(rows, (row) => exact[row] ?? 0n) };
    }
    case 'date':
      return { ...column, values: Float64Array.from(rows, (row) => column.values[row] ?? NaN) };
  }
}
