import type { Place } from './errors.js';

/** A column as read, one entry a row. */
export type Column = NumberColumn | CodedColumn;

/** Missing is NaN; no value is infinite. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly name: string;
  readonly values: Float64Array;
}

/** `codes` are indices into `labels`, -1 for missing; labels are as they stood in the file, in the order of their first row. */
export interface CodedColumn {
  readonly kind: 'boolean' | 'text' | 'date';
  readonly name: string;
  readonly codes: Int32Array;
  readonly labels: readonly string[];
}

/** What was read of a dataset: the columns asked for, in the order asked. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly Column[];
  /** Finds where a row (from 0) stands in the file; reads the file again, so it is for errors. */
  locate(row: number): Promise<Place>;
}

/** A dataset that was looked at and is ready to be read. */
export interface Dataset {
  readonly format: 'csv' | 'parquet';
  readonly columnNames: readonly string[];
  /** SHA-256 of the file as it was stored, `sha256:` and hex. */
  readonly fingerprint: string;
  readonly warnings: readonly string[];
  /**
   * Reads the columns of these names, all rows of them.
   * @throws DatasetError naming column, line or limit.
   */
  read(names: readonly string[]): Promise<Table>;
}

/** The column as numbers, false as 0 and true as 1, missing as NaN; text and dates have none. */
export function numbersOf(column: Column): Float64Array | null {
  if (column.kind === 'number') return column.values;
  if (column.kind !== 'boolean') return null;
  const truth = column.labels.map((label) => (label.trim().toLowerCase() === 'true' ? 1 : 0));
  return Float64Array.from(column.codes, (code) => truth[code] ?? NaN);
}
