import { isUtf8 } from 'node:buffer';
import { checkedNames, type HeaderLimits } from '../column-names.js';
import {
  EmptyDatasetError,
  EncodingError,
  LineTooLongError,
  NoHeaderError,
  NulByteError,
  OpenQuoteError,
  TitleLineError,
} from '../errors.js';
import { CR, LF, NUL } from './bytes.js';
import type { FileWindow } from './file-window.js';
import { numberOf } from './numbers.js';
import { afterLineEnd, lineEndsBefore, OPEN_QUOTE, recordEnd, recordStart, recordValues } from './records.js';
import { MAX_RECORD_BYTES } from './scan-range.js';

/** The beginning of a text file. */
export interface CsvHead {
  readonly names: readonly string[];
  /** A byte. */
  readonly separator: number;
  /** Where the line behind the header begins. */
  readonly bodyStart: number;
  readonly warnings: readonly string[];
}

/** Bytes looked at first; more only where the header is longer. */
const FIRST_BYTES = 64 << 10;
/** In the order in which they are taken where several fit equally well. */
const SEPARATORS = [',', '\t', ';', '|'];
/** Records that tell the separator, the header among them. */
const SAMPLE_RECORDS = 50;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** What Excel writes and reads as the first line. */
const SEPARATOR_LINE = /^"?sep=([,;\t|])"?[\r\n]/i;

/** The first bytes of the file from `start` on, without a cut record at their end where the file goes on. */
interface Sample {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
  readonly isWhole: boolean;
}

/**
 * Reads the header. The separator is what `sep=;` in the first line says, a tab for a name in `.tsv`, else the one of comma, tab,
 * semicolon and bar by which the most lines have as many values as the header; of several the one that gives the most. A column
 * without a name is called `Unnamed: 3` by its position from 0, as pandas does.
 * @throws EmptyDatasetError, DuplicateColumnError, ColumnNameTooLongError, TooManyColumnsError, LineTooLongError, EncodingError,
 * NulByteError, OpenQuoteError, NoHeaderError, TitleLineError
 */
export function readCsvHead(file: FileWindow, isTsv: boolean, limits: HeaderLimits): CsvHead {
  for (let wanted = FIRST_BYTES; ; wanted *= 8) {
    const { bytes, length } = file.load(0, wanted);
    const isWhole = length >= file.size;
    const mark = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
    const said = SEPARATOR_LINE.exec(bytes.toString('latin1', mark, Math.min(length, mark + 8)))?.[1] ?? (isTsv ? '\t' : null);
    const start = said === null || isTsv ? mark : afterLineEnd(bytes, bytes.findIndex(isLineEnd), length);
    const head = headIn({ bytes, start, length, isWhole }, said, limits);
    if (head) return head;
    if (isWhole) throw new OpenQuoteError(lineEndsBefore(bytes, recordStart(bytes, start, length, NUL)) + 1);
    if (wanted >= MAX_RECORD_BYTES) throw new LineTooLongError(1, MAX_RECORD_BYTES);
  }
}

/** @returns null where the header does not end in these bytes. */
function headIn(sample: Sample, said: string | null, limits: HeaderLimits): CsvHead | null {
  const { bytes, length, isWhole } = sample;
  const separator = said ?? separatorOf(sample);
  const code = separator.charCodeAt(0);
  const start = recordStart(bytes, sample.start, length, code);
  if (start === length) {
    if (isWhole) throw new EmptyDatasetError();
    return null;
  }
  const end = recordEnd(bytes, start, length, code);
  // A CR at the very end may be followed by its LF.
  if (end === OPEN_QUOTE || (!isWhole && end >= length - 1)) return null;
  checkText(bytes, start, end);
  const names = recordValues(bytes, start, length, code).values;
  if (said === null) checkTitle(names, sample);
  checkHeader(names);
  return {
    names: checkedNames(
      names.map((name, index) => (name === '' ? `Unnamed: ${index}` : name)),
      limits,
    ),
    separator: code,
    bodyStart: afterLineEnd(bytes, end, length),
    warnings: isAllNumbers(names) && !isCounting(names) ? [NUMBERS_WARNING] : [],
  };
}

const NUMBERS_WARNING = 'The first line of the dataset holds only numbers; it was taken as the header. Add a header if it is a row.';

function checkText(bytes: Buffer, start: number, end: number): void {
  const header = bytes.subarray(start, end);
  if (header.includes(NUL)) throw new NulByteError(lineEndsBefore(bytes, start + header.indexOf(NUL)) + 1);
  if (!isUtf8(header)) throw new EncodingError(lineEndsBefore(bytes, start) + 1);
}

function isLineEnd(byte: number): boolean {
  return byte === LF || byte === CR;
}

/** The first records as a separator splits them, the header first. */
function records({ bytes, start, length, isWhole }: Sample, separator: string): string[][] {
  const code = separator.charCodeAt(0);
  const found: string[][] = [];
  for (let at = recordStart(bytes, start, length, code); at < length && found.length < SAMPLE_RECORDS;) {
    const { values, end } = recordValues(bytes, at, length, code);
    if (end === OPEN_QUOTE || (!isWhole && end >= length - 1)) break;
    found.push(values);
    at = recordStart(bytes, afterLineEnd(bytes, end, length), length, code);
  }
  return found;
}

function separatorOf(sample: Sample): string {
  let best = { separator: ',', fitting: -1, columns: 1 };
  for (const separator of SEPARATORS) {
    const [header = [], ...rows] = records(sample, separator);
    if (header.length < 2) continue;
    const isFitting = (row: readonly string[]): boolean =>
      row.length === header.length || (row.length === header.length + 1 && row.at(-1) === '');
    const fitting = rows.length === 0 ? 1 : rows.filter(isFitting).length / rows.length;
    if (fitting > best.fitting || (fitting === best.fitting && header.length > best.columns))
      best = { separator, fitting, columns: header.length };
  }
  return best.separator;
}

/** Rows that agree on more values than one, below a line of one, are a table whose header is not the first line. */
function checkTitle(names: readonly string[], sample: Sample): void {
  if (names.length > 1) return;
  for (const separator of SEPARATORS) {
    const [, second = [], ...rest] = records(sample, separator);
    if (second.length < 2 || rest.length === 0 || rest.some((row) => row.length !== second.length)) continue;
    const line = lineEndsBefore(sample.bytes, secondStart(sample, separator)) + 1;
    throw new TitleLineError(names[0] ?? '', line, second.length);
  }
}

function secondStart({ bytes, start, length }: Sample, separator: string): number {
  const code = separator.charCodeAt(0);
  const first = recordStart(bytes, start, length, code);
  return recordStart(bytes, afterLineEnd(bytes, recordEnd(bytes, first, length, code), length), length, code);
}

/** @throws NoHeaderError where at least half of the names are numbers and some of them such as no column is called */
function checkHeader(names: readonly string[]): void {
  const numbers = names.filter((name) => numberOf(name) !== null);
  if (numbers.length < 2 || numbers.length * 2 < names.length) return;
  if (numbers.some((name) => !Number.isInteger(numberOf(name))) || new Set(numbers).size < numbers.length) throw new NoHeaderError(numbers);
}

function isAllNumbers(names: readonly string[]): boolean {
  return names.every((name) => numberOf(name) !== null);
}

/** 0, 1, 2, ... as libraries name columns without a name. */
function isCounting(names: readonly string[]): boolean {
  return names.length > 1 && names.every((name, index) => numberOf(name) === index);
}
