import { PROFILE_LIMITS } from '@trainer/model';
import { MISSING_BOOLEAN, TRUE, type Column, type DateColumn, type NumberColumn, type TextColumn } from '../data/table.js';
import { MAX_CLASSES } from '../tasks/labels.js';
import { pythonRepr } from '../tasks/python-repr.js';
import { short } from './bounds.js';

/** What a column holds, as far as it can be told in a few words. */
export interface ColumnValues {
  /** Distinct values, missing ones apart; null: numbers or dates, and more than a classification takes as classes. */
  readonly distinct: number | null;
  /** The most frequent ones, most frequent first, equally frequent ones as they come in the table; empty where `distinct` is null. */
  readonly values: readonly { readonly value: string; readonly rows: number }[];
}

const { values: SHOWN_VALUES, valueChars: VALUE_CHARS } = PROFILE_LIMITS;

/** Counts the values of a column; labels are written as classes are (`np.unique`). */
export function columnValues(column: Column): ColumnValues {
  switch (column.kind) {
    case 'text':
      return ofTexts(column);
    case 'boolean':
      return counted(
        column.values,
        (value) => value === MISSING_BOOLEAN,
        (value) => (value === TRUE ? 'True' : 'False'),
      );
    case 'date':
      return counted(column.values, Number.isNaN, dateText(column));
    case 'number':
      return ofNumbers(column);
  }
}

function ofNumbers({ values, exact, isInteger }: NumberColumn): ColumnValues {
  if (exact === null) return counted(values, Number.isNaN, isInteger ? String : pythonRepr);
  const present = exact.filter((_, row) => !Number.isNaN(values[row]));
  return counted(present, () => false, String);
}

function counted<T extends number | bigint>(
  values: Iterable<T>,
  isMissing: (value: T) => boolean,
  textOf: (value: T) => string,
): ColumnValues {
  const counts = new Map<T, number>();
  for (const value of values) {
    if (isMissing(value)) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (counts.size > MAX_CLASSES) return { distinct: null, values: [] };
  }
  const [known, rows] = [[...counts.keys()], Int32Array.from(counts.values())];
  return mostFrequent(rows, (at) => textOf(known[at] as T));
}

function ofTexts({ codes, labels }: TextColumn): ColumnValues {
  const rows = new Int32Array(labels.length);
  for (const code of codes) if (code >= 0) rows[code] = (rows[code] ?? 0) + 1;
  return mostFrequent(rows, (at) => labels[at] ?? '');
}

/** @param rows of each value, in the order of their first ones; there may be a million, which are not copied */
function mostFrequent(rows: Int32Array, textOf: (at: number) => string): ColumnValues {
  const places: number[] = [];
  rows.forEach((count, at) => {
    if (places.length === SHOWN_VALUES && count <= (rows[places.at(-1) ?? 0] ?? 0)) return;
    const below = places.findIndex((place) => (rows[place] ?? 0) < count);
    places.splice(below < 0 ? places.length : below, 0, at);
    places.length = Math.min(places.length, SHOWN_VALUES);
  });
  return { distinct: rows.length, values: places.map((at) => ({ value: short(textOf(at), VALUE_CHARS), rows: rows[at] ?? 0 })) };
}

/** A midnight is a day where all of the column are. */
function dateText({ values }: DateColumn): (seconds: number) => string {
  const areDays = values.every((seconds) => Number.isNaN(seconds) || seconds % 86_400 === 0);
  return (seconds) => {
    const date = new Date(seconds * 1000);
    if (Number.isNaN(date.getTime())) return `${seconds} s since 1970`;
    const text = date.toISOString();
    return areDays ? text.slice(0, text.indexOf('T')) : text.replace('.000Z', 'Z');
  };
}
