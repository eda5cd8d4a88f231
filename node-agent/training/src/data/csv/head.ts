import { isUtf8 } from 'node:buffer';
import {
  afterLineEnd,
  lineEndsBefore,
  NUL,
  OPEN_QUOTE,
  recordEnd,
  recordsOf,
  recordStart,
  recordValues,
  SEPARATORS,
  separatorOf,
  textSample,
  type TextSample,
} from '@trainer/model';
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
import type { FileWindow } from './file-window.js';
import { numberOf } from './numbers.js';
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

/**
 * Reads the header of the file that is called `name`. The separator is what `sep=;` in the first line says, a tab for a name in `.tsv`, else the one of comma, tab,
 * semicolon and bar by which the most lines have as many values as the header; of several the one that gives the most. A column
 * without a name is called `Unnamed: 3` by its position from 0, as pandas does.
 * @throws EmptyDatasetError, DuplicateColumnError, ColumnNameTooLongError, TooManyColumnsError, LineTooLongError, EncodingError,
 * NulByteError, OpenQuoteError, NoHeaderError, TitleLineError
 */
export function readCsvHead(file: FileWindow, name: string, limits: HeaderLimits): CsvHead {
  for (let wanted = FIRST_BYTES; ; wanted *= 8) {
    const { bytes, length } = file.load(0, wanted);
    const isWhole = length >= file.size;
    const sample = textSample(bytes, length, isWhole, name);
    const head = headIn(sample, limits);
    if (head) return head;
    if (isWhole) throw new OpenQuoteError(lineEndsBefore(bytes, recordStart(bytes, sample.start, length, NUL)) + 1);
    if (wanted >= MAX_RECORD_BYTES) throw new LineTooLongError(1, MAX_RECORD_BYTES);
  }
}

/** @returns null where the header does not end in these bytes. */
function headIn(sample: TextSample, limits: HeaderLimits): CsvHead | null {
  const { bytes, length, isWhole } = sample;
  const code = separatorOf(sample).charCodeAt(0);
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
  if (sample.said === null) checkTitle(names, sample);
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

function checkText(bytes: Uint8Array, start: number, end: number): void {
  const header = bytes.subarray(start, end);
  if (header.includes(NUL)) throw new NulByteError(lineEndsBefore(bytes, start + header.indexOf(NUL)) + 1);
  if (!isUtf8(header)) throw new EncodingError(lineEndsBefore(bytes, start) + 1);
}

/** Rows that agree on more values than one, below a line of one, are a table whose header is not the first line. */
function checkTitle(names: readonly string[], sample: TextSample): void {
  if (names.length > 1) return;
  for (const separator of SEPARATORS) {
    const [, second = [], ...rest] = recordsOf(sample, separator);
    if (second.length < 2 || rest.length === 0 || rest.some((row) => row.length !== second.length)) continue;
    const line = lineEndsBefore(sample.bytes, secondStart(sample, separator)) + 1;
    throw new TitleLineError(names[0] ?? '', line, second.length);
  }
}

function secondStart({ bytes, start, length }: TextSample, separator: string): number {
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
