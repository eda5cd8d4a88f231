import { FALSE, MISSING_BOOLEAN, TRUE, type Column, type TextColumn } from '../table.js';
import { booleanOf, MISSING_TOKENS } from '../values.js';
import type { DateSpelling } from '../dates.js';
import { MAX_DISTINCT_TEXTS } from '../limits.js';
import { WRITTEN } from './numbers.js';
import { spellingsOf } from './range-reader.js';
import type { Chunk, ColumnFinds, ColumnPlan, Misfit } from './read-plan.js';
import { mergeDictionaries } from './merge-dictionaries.js';
import { NO_TEXTS } from './text-dictionary.js';

/** What a column is taken for in the next pass, and what is known of it already. */
export interface Attempt {
  readonly plan: Exclude<ColumnPlan, { as: 'skip' }>;
  readonly rows: number;
  /** Told with the column in the end. */
  readonly warnings: readonly string[];
  /** The column of doubles that the exact integers are added to. */
  readonly numbers?: Extract<Settled, { kind: 'done' }>;
}

/** One column after a pass, of all threads. */
export interface PassResult {
  readonly name: string;
  readonly attempt: Attempt;
  readonly threads: readonly (ColumnFinds | null)[];
  readonly chunks: readonly Chunk[];
  /** Which thread read a chunk. */
  readonly readers: Int32Array;
}

export type Settled =
  | {
      readonly kind: 'done';
      readonly column: Column;
      readonly warnings: readonly string[];
      readonly missingTexts: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'again'; readonly attempt: Attempt }
  | { readonly kind: 'infinite'; readonly row: number }
  | { readonly kind: 'too-many' };

/** Numbers, unless a text of the column is known that is none. */
export function firstAttempt(rows: number, text: string | null): Attempt {
  return text === null ? { plan: { as: 'number', values: doubles(rows) }, rows, warnings: [] } : afterNumbers(rows, text, []);
}

/** What a column is, now that all its values were looked at; or what it is taken for next. */
export function settle(result: PassResult): Settled {
  const { plan } = result.attempt;
  switch (plan.as) {
    case 'number':
      return settleNumbers(result, plan.values);
    case 'exact':
      return settleExact(result.attempt, plan.values);
    case 'date':
      return settleDates(result, plan.values, plan.spellings);
    case 'text':
      return settleTexts(result, plan.values);
  }
}

function settleNumbers({ name, attempt, threads }: PassResult, values: Float64Array): Settled {
  const misfit = firstMisfit(threads);
  if (misfit) return { kind: 'again', attempt: afterNumbers(attempt.rows, misfit.text, attempt.warnings) };
  const written = threads.reduce((bits, finds) => bits | (finds?.written ?? 0), 0);
  const is = (flag: number): boolean => (written & flag) !== 0;
  if (is(WRITTEN.comma) && is(WRITTEN.point)) {
    const mixed = `Column ${JSON.stringify(name)} has decimal points and decimal commas, so it is read as text. Write its numbers in one way.`;
    return { kind: 'again', attempt: asText(attempt.rows, [...attempt.warnings, mixed]) };
  }
  if (is(WRITTEN.infinite)) return { kind: 'infinite', row: values.findIndex((value) => value === Infinity || value === -Infinity) };
  const isInteger = !is(WRITTEN.fraction) && values.some((value) => value === value);
  const warnings = [...attempt.warnings, ...numberWarnings(name, is)];
  const column: Column = { kind: 'number', name, values, isInteger, exact: null };
  const done = { kind: 'done', column, warnings, missingTexts: missingTexts(missingOf(threads)) } as const;
  if (!isInteger || !is(WRITTEN.big) || is(WRITTEN.beyondInt64)) return done;
  const exact = new BigInt64Array(new SharedArrayBuffer(attempt.rows * BigInt64Array.BYTES_PER_ELEMENT));
  return { kind: 'again', attempt: { plan: { as: 'exact', values: exact }, rows: attempt.rows, warnings, numbers: done } };
}

function numberWarnings(name: string, is: (flag: number) => boolean): string[] {
  const warnings: string[] = [];
  if (is(WRITTEN.comma) && !is(WRITTEN.surelyDecimal)) {
    const mend = 'If it separates thousands, remove it';
    warnings.push(`The comma in the numbers of column ${JSON.stringify(name)} is read as a decimal comma: 1,234 is 1.234. ${mend}.`);
  }
  if (!is(WRITTEN.fraction) && is(WRITTEN.beyondInt64))
    warnings.push(`Column ${JSON.stringify(name)} has integers beyond 64 bits; they are rounded to some 16 digits.`);
  return warnings;
}

function settleExact({ numbers }: Attempt, exact: BigInt64Array): Settled {
  if (numbers?.column.kind !== 'number') throw new RangeError('Exact integers belong to a column of numbers.');
  return { ...numbers, column: { ...numbers.column, exact } };
}

function settleDates({ name, attempt, threads }: PassResult, values: Float64Array, spellings: readonly DateSpelling[]): Settled {
  const { rows, warnings } = attempt;
  const fitting = spellings.filter((_, index) => threads.every((finds) => !finds || ((finds.spellings >> index) & 1) === 1));
  const [only, other] = fitting;
  if (firstMisfit(threads) || !only) return { kind: 'again', attempt: asText(rows, warnings) };
  if (other) {
    const why = `day and month can't be told apart (${fitting.join(' or ')})`;
    const warning = `Column ${JSON.stringify(name)} has dates of which ${why}, so it is read as text. Write them as YYYY-MM-DD.`;
    return { kind: 'again', attempt: asText(rows, [...warnings, warning]) };
  }
  // The values are those of the first spelling.
  if (only !== spellings[0]) return { kind: 'again', attempt: { plan: { as: 'date', values, spellings: [only] }, rows, warnings } };
  const column: Column = { kind: 'date', name, values, spelling: only };
  return { kind: 'done', column, warnings, missingTexts: missingTexts(missingOf(threads)) };
}

function settleTexts({ name, attempt, threads, chunks, readers }: PassResult, values: Int32Array): Settled {
  const missing = new Float64Array(MISSING_TOKENS.length);
  const contents = threads.map((finds) => finds?.texts ?? NO_TEXTS);
  if (contents.some(({ size }) => size > MAX_DISTINCT_TEXTS)) return { kind: 'too-many' };
  const { labels, codes } = mergeDictionaries(contents);
  if (labels.length > MAX_DISTINCT_TEXTS) return { kind: 'too-many' };
  chunks.forEach(({ row, records }, index) => {
    const own = codes[readers[index] ?? 0] ?? new Int32Array(0);
    for (let at = row; at < row + records; at += 1) {
      const code = own[values[at] ?? 0] ?? -1;
      values[at] = Math.max(code, -1);
      if (code < 0) missing[-1 - code] = (missing[-1 - code] ?? 0) + 1;
    }
  });
  const column = booleansOf({ kind: 'text', name, codes: values, labels });
  return { kind: 'done', column, warnings: attempt.warnings, missingTexts: missingTexts(missing) };
}

/** A column of which every value is a truth value is one of booleans. */
function booleansOf(column: TextColumn): Column {
  const { name, codes, labels } = column;
  // The first that is none ends it: there may be a million.
  if (labels.length === 0 || labels.some((label) => booleanOf(label) === null)) return column;
  const truth = labels.map(booleanOf);
  const values = new Uint8Array(new SharedArrayBuffer(codes.length));
  for (let row = 0; row < codes.length; row += 1) {
    const code = codes[row] ?? -1;
    values[row] = code < 0 ? MISSING_BOOLEAN : truth[code] ? TRUE : FALSE;
  }
  return { kind: 'boolean', name, values };
}

/** `text` is no number: is it a date? */
function afterNumbers(rows: number, text: string, warnings: readonly string[]): Attempt {
  const spellings = spellingsOf(text);
  return spellings.length === 0 ? asText(rows, warnings) : { plan: { as: 'date', values: doubles(rows), spellings }, rows, warnings };
}

function asText(rows: number, warnings: readonly string[]): Attempt {
  return { plan: { as: 'text', values: new Int32Array(new SharedArrayBuffer(rows * Int32Array.BYTES_PER_ELEMENT)) }, rows, warnings };
}

function doubles(rows: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(rows * Float64Array.BYTES_PER_ELEMENT));
}

function firstMisfit(threads: readonly (ColumnFinds | null)[]): Misfit | null {
  const [first] = threads.flatMap((finds) => finds?.misfit ?? []).sort((a, b) => a.row - b.row);
  return first ?? null;
}

function missingOf(threads: readonly (ColumnFinds | null)[]): Float64Array {
  const sums = new Float64Array(MISSING_TOKENS.length);
  for (const finds of threads) finds?.missing.forEach((count, token) => (sums[token] = (sums[token] ?? 0) + count));
  return sums;
}

/** Empty ones are not told by their text. */
function missingTexts(counts: Float64Array): Record<string, number> {
  return Object.fromEntries(MISSING_TOKENS.flatMap((token, index) => (token !== '' && counts[index] ? [[token, counts[index]]] : [])));
}
