import { afterLineEnd, copyValue, CR, LF, recordStart, recordValueCount, SPACE, valueEnd } from '@trainer/model';
import { DATE_SPELLINGS, secondsOf, type DateSpelling } from '../dates.js';
import { MAX_DISTINCT_TEXTS } from '../limits.js';
import { MISSING_TOKENS } from '../values.js';
import { isSpace, missingTokenAt } from './missing.js';
import { readInfinity, readNumber } from './numbers.js';
import type { ColumnFinds, Misfit, Ragged, ReadFinds, ReadPlan } from './read-plan.js';
import { TextReader } from './text-reader.js';

/** Distinct dates whose seconds are remembered at a time. */
const REMEMBERED_DATES = 1 << 16;
const TOKENS = MISSING_TOKENS.length;
const [SKIP, NUMBER, EXACT, DATE, TEXT] = [0, 1, 2, 3, 4];
const KIND_OF = { skip: SKIP, number: NUMBER, exact: EXACT, date: DATE, text: TEXT };
const NO_VALUES = new Float64Array(0);

/** Reads whole records into the columns of a plan: one thread's part of one pass. */
export class RangeReader {
  readonly #separator: number;
  readonly #mark: number;
  readonly #last: number;
  readonly #kinds: Uint8Array;
  readonly #numbers: Float64Array[];
  readonly #exact = new Map<number, BigInt64Array>();
  readonly #dates = new Map<number, DateReader>();
  readonly #texts: (TextReader | null)[];
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #written: Int32Array;
  readonly #missing: Float64Array;
  readonly #misfits = new Map<number, Misfit>();
  /** The value at hand without quotes and spaces, and an LF. */
  #scratch = Buffer.allocUnsafeSlow(1 << 8);
  #scratchLength = 0;
  #ragged: Ragged | null = null;

  constructor(plan: ReadPlan) {
    this.#separator = plan.separator;
    this.#mark = plan.decimalMark;
    this.#last = plan.columns.length - 1;
    this.#kinds = Uint8Array.from(plan.columns, ({ as }) => KIND_OF[as] ?? SKIP);
    this.#numbers = plan.columns.map((column) => (column.as === 'number' ? column.values : NO_VALUES));
    this.#texts = plan.columns.map((column) => (column.as === 'text' ? new TextReader(column.values, plan.separator) : null));
    plan.columns.forEach((column, index) => {
      if (column.as === 'exact') this.#exact.set(index, column.values);
      if (column.as === 'date') this.#dates.set(index, new DateReader(column.values, column.spellings));
    });
    this.#written = new Int32Array(plan.columns.length);
    this.#missing = new Float64Array(plan.columns.length * TOKENS);
  }

  /**
   * Reads the records of a chunk, which are the first `length` bytes of a FileWindow's, into the rows from `firstRow` on; `offset` is where they stand in the file.
   * @returns their number; less than all where one does not fit the header
   */
  read(bytes: Buffer, length: number, offset: number, firstRow: number): number {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const rows = this.#records(bytes, length, offset, firstRow);
    this.#texts.forEach((reader, column) => {
      reader?.flush(this.#view);
      if ((reader?.dictionary.size ?? 0) > MAX_DISTINCT_TEXTS) this.#kinds[column] = SKIP;
    });
    return rows;
  }

  #records(bytes: Buffer, length: number, offset: number, firstRow: number): number {
    let row = firstRow;
    let at = recordStart(bytes, 0, length, this.#separator);
    while (at < length) {
      const next = this.#record(bytes, at, length, row);
      if (next < 0) {
        const found = recordValueCount(bytes, at, length, this.#separator);
        this.#ragged ??= { offset: offset + at, row, found };
        return row - firstRow;
      }
      row += 1;
      at = (bytes[next] ?? 0) <= SPACE ? recordStart(bytes, next, length, this.#separator) : next;
    }
    return row - firstRow;
  }

  finds(): ReadFinds {
    const columns = Array.from(this.#kinds, (kind, column): ColumnFinds | null => {
      const misfit = this.#misfits.get(column) ?? null;
      const dictionary = this.#texts[column]?.dictionary ?? null;
      if (kind === SKIP && misfit === null && dictionary === null) return null;
      return {
        written: this.#written[column] ?? 0,
        missing: this.#missing.slice(column * TOKENS, (column + 1) * TOKENS),
        spellings: this.#dates.get(column)?.fitting ?? 0,
        texts: dictionary?.content() ?? null,
        misfit,
      };
    });
    return { columns, ragged: this.#ragged };
  }

  /** @returns the place behind its line end, or -1 where it has another number of values than the header. */
  #record(bytes: Buffer, start: number, length: number, row: number): number {
    const separator = this.#separator;
    for (let column = 0, at = start; ; column += 1) {
      const kind = this.#kinds[column];
      let end: number;
      if (kind === NUMBER) end = this.#number(bytes, at, length, column, row);
      else if (kind === TEXT) end = this.#text(bytes, at, length, column, row);
      else if (kind === SKIP) end = valueEnd(bytes, at, length, separator);
      else end = this.#other(bytes, at, length, column, row);
      if (bytes[end] !== separator) return column === this.#last ? afterLineEnd(bytes, end, length) : -1;
      at = end + 1;
      if (column < this.#last) continue;
      // A separator at the end of the line separates nothing.
      const byte = bytes[at];
      return byte === LF || byte === CR ? afterLineEnd(bytes, at, length) : -1;
    }
  }

  #number(bytes: Buffer, at: number, length: number, column: number, row: number): number {
    const values = this.#numbers[column] ?? NO_VALUES;
    const first = bytes[at];
    if (first === this.#separator || first === LF || first === CR) {
      values[row] = NaN;
      return at;
    }
    const written = this.#written[column] ?? 0;
    const end = readNumber(bytes, at, this.#mark, values, row, this.#written, column);
    const byte = end < 0 ? -1 : bytes[end];
    if (byte === this.#separator || byte === LF || byte === CR) return end;
    this.#written[column] = written;
    return this.#oddNumber(bytes, at, length, column, row);
  }

  /** In quotes, between spaces, missing, infinite, or none. */
  #oddNumber(bytes: Buffer, at: number, length: number, column: number, row: number): number {
    const values = this.#numbers[column] ?? NO_VALUES;
    const end = valueEnd(bytes, at, length, this.#separator);
    this.#take(bytes, at, end);
    if (this.#isMissing(column)) values[row] = NaN;
    else if (readNumber(this.#scratch, 0, this.#mark, values, row, this.#written, column) !== this.#scratchLength) {
      const text = this.#scratchText();
      if (!readInfinity(text, values, row, this.#written, column)) this.#misfit(column, row, text);
    }
    return end;
  }

  #text(bytes: Buffer, at: number, length: number, column: number, row: number): number {
    const reader = this.#texts[column];
    return reader ? reader.read(bytes, this.#view, at, length, row) : valueEnd(bytes, at, length, this.#separator);
  }

  /** Exact integers and dates. */
  #other(bytes: Buffer, at: number, length: number, column: number, row: number): number {
    const end = valueEnd(bytes, at, length, this.#separator);
    this.#take(bytes, at, end);
    const isMissing = this.#isMissing(column);
    const exact = this.#exact.get(column);
    if (exact) exact[row] = isMissing ? 0n : BigInt(this.#scratchText().replace('+', ''));
    else if (!this.#dates.get(column)?.read(isMissing ? null : this.#scratchText(), row)) this.#misfit(column, row, this.#scratchText());
    return end;
  }

  #misfit(column: number, row: number, text: string): void {
    this.#misfits.set(column, { row, text });
    this.#kinds[column] = SKIP;
  }

  #isMissing(column: number): boolean {
    const token = missingTokenAt(this.#scratch, 0, this.#scratchLength);
    if (token < 0) return false;
    const counter = column * TOKENS + token;
    this.#missing[counter] = (this.#missing[counter] ?? 0) + 1;
    return true;
  }

  /** Puts the value, without quotes and without spaces around it, into the scratch buffer. */
  #take(bytes: Buffer, start: number, end: number): void {
    let to = this.#unquote(bytes, start, end);
    let from = 0;
    while (from < to && isSpace(this.#scratch[from] ?? 0)) from += 1;
    while (to > from && isSpace(this.#scratch[to - 1] ?? 0)) to -= 1;
    if (from > 0) this.#scratch.copyWithin(0, from, to);
    this.#scratchLength = to - from;
    this.#scratch[this.#scratchLength] = LF;
  }

  #unquote(bytes: Buffer, start: number, end: number): number {
    if (end - start >= this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(2 * (end - start) + 1);
    return copyValue(bytes, start, end, this.#scratch);
  }

  #scratchText(): string {
    return this.#scratch.toString('utf8', 0, this.#scratchLength);
  }
}

/** One column's dates; most stand in many rows. */
class DateReader {
  #known = new Map<string, { readonly seconds: number; readonly fitting: number }>();
  fitting: number;

  constructor(
    private readonly values: Float64Array,
    private readonly spellings: readonly DateSpelling[],
  ) {
    this.fitting = 2 ** spellings.length - 1;
  }

  /** @returns false where no spelling is left that fits all dates. */
  read(text: string | null, row: number): boolean {
    if (text === null) {
      this.values[row] = NaN;
      return true;
    }
    const known = this.#known.get(text) ?? this.#look(text);
    this.fitting &= known.fitting;
    this.values[row] = known.seconds;
    return this.fitting !== 0;
  }

  #look(text: string): { seconds: number; fitting: number } {
    const all = this.spellings.map((spelling) => secondsOf(text, spelling));
    const fitting = all.reduce<number>((bits, seconds, index) => bits | (seconds === null ? 0 : 1 << index), 0);
    const found = { seconds: all[0] ?? NaN, fitting };
    if (this.#known.size >= REMEMBERED_DATES) this.#known.clear();
    this.#known.set(text, found);
    return found;
  }
}

/** @returns the spellings in which a text is a date. */
export function spellingsOf(text: string): DateSpelling[] {
  return (Object.keys(DATE_SPELLINGS) as DateSpelling[]).filter((spelling) => secondsOf(text, spelling) !== null);
}
