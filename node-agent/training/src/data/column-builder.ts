import { datesOf, TYPED_SPELLING } from './dates.js';
import { TooManyTextsError } from './errors.js';
import { FALSE, MISSING_BOOLEAN, TRUE, type Column, type NumberColumn, type TextColumn } from './table.js';
import { booleanOf, isInteger, isMissing, numberOf } from './values.js';

/** Distinct texts of one column that are kept at most; above it a column is no category but prose or ids (some 100 MB of them). */
export const MAX_DISTINCT_TEXTS = 1_000_000;

/** Values of one column of one batch, by row of the batch; null is missing. */
export interface ColumnBatch {
  readonly rows: number;
  /** All values at once, where the column is of doubles and its query leaves no null; only until the next batch. */
  readonly numbers: Float64Array | null;
  at(row: number): unknown;
}

/** Collects a column batch by batch. */
export interface ColumnBuilder {
  append(batch: ColumnBatch): void;
  /** @returns the column, and the first row with an infinite number, or -1. */
  finish(): { readonly column: Column; readonly infiniteRow: number };
}

/** What a reader knows of the numbers of a column before it reads them. */
export type NumberType = 'integer' | 'float' | 'unknown';

/** `unknown`: integers are told by their values alone. */
export function numberBuilder(name: string, type: NumberType): ColumnBuilder {
  const parts: Float64Array[] = [];
  let rows = 0;
  let infiniteRow = -1;
  return {
    append(batch) {
      const part = batch.numbers
        ? batch.numbers.slice(0, batch.rows)
        : Float64Array.from({ length: batch.rows }, (_, row) => asNumber(batch.at(row)));
      for (let row = 0; row < batch.rows && infiniteRow < 0; row += 1) {
        const number = part[row] ?? NaN;
        if (number === Infinity || number === -Infinity) infiniteRow = rows + row;
      }
      parts.push(part);
      rows += batch.rows;
    },
    finish() {
      const values = joined(parts, new Float64Array(rows));
      return { column: numberColumn(name, values, type === 'integer' || (type === 'unknown' && areIntegers(values))), infiniteRow };
    },
  };
}

function numberColumn(name: string, values: Float64Array, areAllIntegers: boolean): NumberColumn {
  return { kind: 'number', name, values, isInteger: areAllIntegers, exact: null };
}

function areIntegers(values: Float64Array): boolean {
  return values.every((value) => Number.isNaN(value) || Number.isInteger(value)) && !values.every(Number.isNaN);
}

function asNumber(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}

/** For text, booleans and dates, and for numbers that a reader could not take as such; the kind follows from all values. */
export function textBuilder(name: string): ColumnBuilder {
  const parts: Int32Array[] = [];
  const codeOf = new Map<string, number>();
  let rows = 0;
  return {
    append(batch) {
      const part = new Int32Array(batch.rows);
      for (let row = 0; row < batch.rows; row += 1) {
        const value = batch.at(row);
        part[row] = value === null || value === undefined ? -1 : codeFor(codeOf, String(value as string | boolean), name);
      }
      parts.push(part);
      rows += batch.rows;
    },
    finish: () => settled(name, joined(parts, new Int32Array(rows)), [...codeOf.keys()]),
  };
}

/** For columns that the file itself calls dates, as ISO 8601 texts. */
export function dateBuilder(name: string): ColumnBuilder {
  const text = textBuilder(name);
  return {
    append: (batch) => text.append(batch),
    finish() {
      const { column } = text.finish();
      if (column.kind === 'date' || column.kind === 'text') return { column, infiniteRow: -1 };
      // Not one date in it.
      const values = new Float64Array(column.values.length).fill(NaN);
      return { column: { kind: 'date', name, values, spelling: TYPED_SPELLING }, infiniteRow: -1 };
    },
  };
}

function codeFor(codeOf: Map<string, number>, text: string, name: string): number {
  const known = codeOf.get(text);
  if (known !== undefined) return known;
  if (codeOf.size >= MAX_DISTINCT_TEXTS) throw new TooManyTextsError(name, MAX_DISTINCT_TEXTS);
  codeOf.set(text, codeOf.size);
  return codeOf.size - 1;
}

/** Decides the kind from the distinct values: numbers, booleans, dates, else text. */
function settled(name: string, codes: Int32Array, texts: readonly string[]): { column: Column; infiniteRow: number } {
  const present = texts.filter((text) => !isMissing(text));
  if (present.every((text) => numberOf(text) !== null)) {
    const numbers = texts.map((text) => (isMissing(text) ? NaN : (numberOf(text) ?? NaN)));
    const values = Float64Array.from(codes, (code) => numbers[code] ?? NaN);
    const column = numberColumn(name, values, present.length > 0 && present.every(isInteger));
    return { column, infiniteRow: values.findIndex((value) => Math.abs(value) === Infinity) };
  }
  const newCode = new Map(present.map((text, index) => [text, index]));
  const recode = texts.map((text) => newCode.get(text) ?? -1);
  return { column: coded({ kind: 'text', name, codes: codes.map((code) => recode[code] ?? -1), labels: present }), infiniteRow: -1 };
}

function coded(column: TextColumn): Column {
  const { name, codes, labels } = column;
  const truth = labels.map((label) => booleanOf(label));
  if (!truth.includes(null)) {
    const values = Uint8Array.from(codes, (code) => (code < 0 ? MISSING_BOOLEAN : truth[code] ? TRUE : FALSE));
    return { kind: 'boolean', name, values };
  }
  const dates = datesOf(labels);
  if (dates.kind !== 'dates') return column;
  return { kind: 'date', name, values: Float64Array.from(codes, (code) => dates.seconds[code] ?? NaN), spelling: dates.spelling };
}

function joined<A extends Float64Array | Int32Array>(parts: readonly A[], whole: A): A {
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
