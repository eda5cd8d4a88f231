import { TooManyTextsError } from './errors.js';
import type { Column } from './table.js';
import { booleanOf, isDate, isMissing, numberOf } from './values.js';

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

export function numberBuilder(name: string): ColumnBuilder {
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
    finish: () => ({ column: { kind: 'number', name, values: joined(parts, new Float64Array(rows)) }, infiniteRow }),
  };
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

/** For columns that the file itself calls dates. */
export function dateBuilder(name: string): ColumnBuilder {
  const text = textBuilder(name);
  return {
    append: (batch) => text.append(batch),
    finish() {
      const { column } = text.finish();
      return { column: column.kind === 'number' ? column : { ...column, kind: 'date' }, infiniteRow: -1 };
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
    return { column: { kind: 'number', name, values }, infiniteRow: values.findIndex((value) => Math.abs(value) === Infinity) };
  }
  const newCode = new Map(present.map((text, index) => [text, index]));
  const recode = texts.map((text) => newCode.get(text) ?? -1);
  return { column: { kind: kindOf(present), name, codes: codes.map((code) => recode[code] ?? -1), labels: present }, infiniteRow: -1 };
}

function kindOf(present: readonly string[]): 'boolean' | 'date' | 'text' {
  if (present.every((text) => booleanOf(text) !== null)) return 'boolean';
  return present.every(isDate) ? 'date' : 'text';
}

function joined<A extends Float64Array | Int32Array>(parts: readonly A[], whole: A): A {
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
