import {
  afterLineEnd,
  DATE_PARTS,
  MAX_ONE_HOT_LEVELS,
  OPEN_QUOTE,
  recordEnd,
  recordsOf,
  recordStart,
  separatorOf,
  type TextSample,
} from '@trainer/model';
import type { EstimatedTable, WhatTakesPart } from './estimated-table.js';

/** Records whose values are looked at: 500 show nearly every class and level that is frequent, and cost a few milliseconds. */
const LOOKED_AT = 500;
const DATE = /^"?(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})/;

/**
 * The table that a text of `totalBytes` bytes holds, by its first bytes: as many records a byte as there, the values of the first 500.
 * @returns null where it can't be told: no second record is whole in the sample
 */
export function tableOfText(
  sample: TextSample,
  totalBytes: number,
  { target, hasTarget, excluded, hasClasses }: WhatTakesPart,
): EstimatedTable | null {
  const separator = separatorOf(sample);
  const [names = [], ...records] = recordsOf(sample, separator, LOOKED_AT + 1);
  if (records.length === 0) return null;
  const features = names.map((name, column) => ({ name, column })).filter(({ name }) => !excluded.includes(name));
  const lastColumn = hasTarget ? features.at(-1)?.column : undefined;
  const targetColumn = target === null ? lastColumn : names.indexOf(target);
  const valuesOf = (column: number): Set<string> => new Set(records.map((record) => record[column] ?? '').filter((value) => value !== ''));
  const classes = hasClasses ? valuesOf(targetColumn ?? -1).size : 0;
  const columns = features
    .filter(({ column }) => column !== targetColumn)
    .reduce((sum, { column }) => sum + encodedColumns([...valuesOf(column)], classes), 0);
  return { rows: Math.ceil(rowsIn(sample, separator, totalBytes)), columns: Math.max(1, columns), classes };
}

function rowsIn(sample: TextSample, separator: string, totalBytes: number): number {
  const { bytes, length } = sample;
  const code = separator.charCodeAt(0);
  const next = (at: number): number => recordStart(bytes, afterLineEnd(bytes, at, length), length, code);
  const body = next(recordEnd(bytes, recordStart(bytes, sample.start, length, code), length, code));
  let records = 0;
  let read = body;
  for (let at = body; at < length;) {
    const end = recordEnd(bytes, at, length, code);
    if (end === OPEN_QUOTE || (!sample.isWhole && end >= length - 1)) break;
    records += 1;
    at = read = next(end);
  }
  return sample.isWhole ? records : (records * (totalBytes - body)) / Math.max(1, read - body);
}

/** @param values those that were seen, each once */
function encodedColumns(values: readonly string[], classes: number): number {
  const isMostly = (test: (value: string) => boolean): boolean => values.filter(test).length * 2 >= values.length;
  if (isMostly((value) => Number.isFinite(Number(value)))) return 1;
  if (isMostly((value) => DATE.test(value))) return DATE_PARTS.length;
  if (values.length <= MAX_ONE_HOT_LEVELS) return values.length;
  // The mean of the target by level: one of each class.
  return classes > 2 ? classes : 1;
}
