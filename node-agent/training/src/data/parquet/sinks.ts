import { textsOf } from '../csv/merge-dictionaries.js';
import { NotedTexts } from '../csv/noted-texts.js';
import { isAllUtf8, TextDictionary } from '../csv/text-dictionary.js';
import { hashOf, SLACK_BYTES } from '../csv/text-words.js';
import { InfinityError, TooManyTextsError } from '../errors.js';
import { MAX_DISTINCT_TEXTS } from '../limits.js';
import { MISSING_BOOLEAN } from '../table.js';
import type { DataPage } from './pages.js';
import type { ParquetColumn } from './parquet-file.js';
import { readLongs, readNumbers } from './plain-numbers.js';
import { readRuns } from './runs.js';

/** Takes the pages of a column, in order, and has its values in the end. */
export interface Sink {
  dictionary(bytes: Uint8Array, values: number): void;
  /** The page's first row is `row`. */
  page(page: DataPage, row: number): void;
}

/** Numbers of the dictionary, one for each value of the page. @throws where one is beyond the dictionary */
function dictionaryNumbers({ bytes, values }: Pick<DataPage, 'bytes' | 'values'>, size: number): Int32Array {
  const numbers = new Int32Array(values);
  if (values === 0) return numbers;
  readRuns(bytes, 1, bytes.length, bytes[0] ?? 0, values, numbers);
  for (let at = 0; at < values; at += 1) if ((numbers[at] ?? 0) >>> 0 >= size) throw new Error('a value is not in its dictionary');
  return numbers;
}

/** Fixed-length values: doubles, or 64-bit integers as they are. */
type Values = Float64Array | BigInt64Array;

abstract class ValueSink<V extends Values> implements Sink {
  #dictionary: V;

  constructor(
    protected readonly column: ParquetColumn,
    /** An entry a row. */
    readonly values: V,
    private readonly make: (length: number) => V,
  ) {
    this.#dictionary = make(0);
  }

  /** Reads plain values into the places from `first` on. */
  protected abstract read(bytes: Uint8Array, values: number, into: V, first: number): void;
  protected abstract readonly missing: V[number];

  dictionary(bytes: Uint8Array, values: number): void {
    this.#dictionary = this.make(values);
    this.read(bytes, values, this.#dictionary, 0);
  }

  page(page: DataPage, row: number): void {
    const { present, rows, values: count } = page;
    if (present === null) {
      this.#stored(page, this.values, row);
      return;
    }
    const stored = this.make(count);
    this.#stored(page, stored, 0);
    for (let at = 0, next = 0; at < rows; at += 1) {
      const isPresent = present[at] === 1;
      this.values[row + at] = isPresent ? (stored[next] ?? this.missing) : this.missing;
      if (isPresent) next += 1;
    }
  }

  #stored(page: DataPage, into: V, first: number): void {
    if (page.encoding !== 'dictionary') {
      this.read(page.bytes, page.values, into, first);
      return;
    }
    const numbers = dictionaryNumbers(page, this.#dictionary.length);
    const dictionary = this.#dictionary;
    for (let at = 0; at < numbers.length; at += 1) into[first + at] = dictionary[numbers[at] ?? 0] ?? this.missing;
  }
}

/** Doubles, NaN for null. @throws InfinityError */
export class NumberSink extends ValueSink<Float64Array> {
  protected readonly missing = NaN;

  constructor(column: ParquetColumn, values: Float64Array) {
    super(column, values, (length) => new Float64Array(length));
  }

  protected read(bytes: Uint8Array, values: number, into: Float64Array, first: number): void {
    readNumbers(bytes, values, this.column, into, first);
  }

  override page(page: DataPage, row: number): void {
    super.page(page, row);
    if (this.column.kind !== 'float') return;
    const at = firstInfinity(this.values, row, row + page.rows);
    if (at >= 0) throw new InfinityError(this.column.name, { unit: 'row', number: at + 1 });
  }
}

function firstInfinity(values: Float64Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) if (Math.abs(values[at] ?? 0) === Infinity) return at;
  return -1;
}

/** 64-bit integers, 0 for null. */
export class LongSink extends ValueSink<BigInt64Array> {
  protected readonly missing = 0n;

  constructor(column: ParquetColumn, values: BigInt64Array) {
    super(column, values, (length) => new BigInt64Array(length));
  }

  protected read(bytes: Uint8Array, values: number, into: BigInt64Array, first: number): void {
    readLongs(bytes, values, into, first);
  }
}

export class BooleanSink implements Sink {
  /** `values`: an entry a row. */
  constructor(private readonly values: Uint8Array) {}

  dictionary(): void {
    throw new Error('a column of truth values has a dictionary');
  }

  page({ present, rows, values, encoding, bytes }: DataPage, row: number): void {
    const stored = new Int32Array(values);
    // Plain ones are a run without its head.
    if (encoding === 'plain') bits(bytes, stored);
    else readRuns(bytes, 0, bytes.length, 1, values, stored);
    for (let at = 0, next = 0; at < rows; at += 1) {
      const isPresent = present === null || present[at] === 1;
      this.values[row + at] = isPresent ? (stored[next] ?? MISSING_BOOLEAN) : MISSING_BOOLEAN;
      if (isPresent) next += 1;
    }
  }
}

function bits(bytes: Uint8Array, into: Int32Array): void {
  if (into.length > bytes.length * 8) throw new RangeError('values end early');
  for (let at = 0; at < into.length; at += 1) into[at] = ((bytes[at >> 3] ?? 0) >> (at & 7)) & 1;
}

const UUID_BYTES = 16;

/** Texts, as codes in the order in which they are met. @throws TooManyTextsError */
export class TextSink implements Sink {
  readonly #texts = new TextDictionary();
  #page: PlainTexts | null = null;
  /** For each text of the file's dictionary its code, or -1 while no row has it. */
  #codes = new Int32Array(0);

  readonly #notes: NotedTexts;

  /** `values`: an entry a row. */
  constructor(
    private readonly column: ParquetColumn,
    private readonly values: Int32Array,
  ) {
    this.#notes = new NotedTexts(this.#texts, values);
  }

  dictionary(bytes: Uint8Array, values: number): void {
    this.#page = this.#plain(bytes, values);
    this.#codes = new Int32Array(this.#page.ends.length).fill(-1);
  }

  page(page: DataPage, row: number): void {
    if (page.encoding === 'dictionary') this.#numbered(page, row);
    else this.#noted(page, row);
    if (this.#texts.size > MAX_DISTINCT_TEXTS) throw new TooManyTextsError(this.column.name, MAX_DISTINCT_TEXTS);
  }

  /** In the order of their codes. @throws where one is not UTF-8 */
  labels(): string[] {
    const content = this.#texts.content();
    if (!isAllUtf8(content)) throw new Error('a text is not UTF-8');
    return textsOf(content);
  }

  #numbered({ present, rows, ...page }: DataPage, row: number): void {
    const [codes, values] = [this.#codes, this.values];
    const numbers = dictionaryNumbers(page, codes.length);
    for (let at = 0, next = 0; at < rows; at += 1) {
      if (present !== null && present[at] === 0) {
        values[row + at] = -1;
        continue;
      }
      const number = numbers[next] ?? 0;
      next += 1;
      const code = codes[number] ?? -1;
      values[row + at] = code >= 0 ? code : this.#first(number, row + at);
    }
  }

  /** A text of the file's dictionary, in the first row that has it. */
  #first(number: number, row: number): number {
    if (!this.#page) throw new Error('a page has no dictionary');
    const { view, starts, ends } = this.#page;
    const start = starts[number] ?? 0;
    const end = ends[number] ?? 0;
    const code = this.#texts.numberOf(view, start, end, hashOf(view, start, end), row);
    this.#codes[number] = code;
    return code;
  }

  #noted({ present, rows, bytes, values }: DataPage, row: number): void {
    const { view, starts, ends } = this.#plain(bytes, values);
    for (let at = 0, next = 0; at < rows; at += 1) {
      if (present !== null && present[at] === 0) {
        this.values[row + at] = -1;
        continue;
      }
      const start = starts[next] ?? 0;
      const end = ends[next] ?? 0;
      next += 1;
      this.#notes.note(view, start, end, hashOf(view, start, end), row + at);
    }
    this.#notes.flush(view);
  }

  #plain(bytes: Uint8Array, values: number): PlainTexts {
    return this.column.form.as === 'uuid' ? uuids(bytes, values) : plainTexts(bytes, values);
  }
}

/** Texts by their places, with SLACK_BYTES behind them. */
interface PlainTexts {
  readonly view: DataView;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Each text behind its length. @throws where they end early */
function plainTexts(bytes: Uint8Array, values: number): PlainTexts {
  const own = Buffer.allocUnsafeSlow(bytes.length + SLACK_BYTES);
  own.set(bytes);
  const view = new DataView(own.buffer, own.byteOffset, own.byteLength);
  if (values * 4 > bytes.length) throw new RangeError('texts end early');
  const starts = new Int32Array(values);
  const ends = new Int32Array(values);
  let at = 0;
  for (let value = 0; value < values; value += 1) {
    const start = at + 4;
    at = start + (start > bytes.length ? Infinity : view.getUint32(start - 4, true));
    if (at > bytes.length) throw new RangeError('texts end early');
    starts[value] = start;
    ends[value] = at;
  }
  return { view, starts, ends };
}

function uuids(bytes: Uint8Array, values: number): PlainTexts {
  if (values * UUID_BYTES > bytes.length) throw new RangeError('texts end early');
  const texts = Array.from({ length: values }, (_, at) => {
    const hex = Buffer.from(bytes.subarray(at * UUID_BYTES, (at + 1) * UUID_BYTES)).toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  });
  const own = Buffer.from(texts.join('') + ' '.repeat(SLACK_BYTES));
  const length = (texts[0] ?? '').length;
  return {
    view: new DataView(own.buffer, own.byteOffset, own.byteLength),
    starts: Int32Array.from(texts, (_, at) => at * length),
    ends: Int32Array.from(texts, (_, at) => (at + 1) * length),
  };
}
