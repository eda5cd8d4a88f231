import { isUtf8 } from 'node:buffer';
import { afterLineEnd, CR, isBlankLine, LF, NUL, OPEN_QUOTE, QUOTE, recordEnd } from '@trainer/model';
import type { FileWindow } from './file-window.js';
import { fourOf, lowestByte, WORD_BYTES, zeroBytes } from './text-words.js';

/** The longest record; one that is longer is an open quote, or no table. */
export const MAX_RECORD_BYTES = 32 << 20;
/** Read beyond a range, for the record that crosses its end. */
const LOOK_AHEAD = 64 << 10;
/** What is read beyond where the place of the first record is only guessed: a wrong guess may look for the end of a quote that is none. */
const GUESS_AHEAD = 1 << 20;

/** A share of the file: the lines that begin behind `start` and up to `end` (the first range: at `start` too). Places are offsets in the file. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What is between `first` and `next`: so many records, or the first problem that makes the file no table. */
export interface ScannedRange {
  readonly first: number;
  readonly records: number;
  readonly next: number;
  readonly problem: ScanProblem | null;
}

export interface ScanProblem {
  readonly kind: 'nul' | 'encoding' | 'open-quote' | 'too-long';
  /** Of the byte, or of the beginning of its line or record. */
  readonly offset: number;
}

/**
 * Counts the records of a range. `first` is where its first record begins, if that is known. Else it is the place behind its first line
 * end, which is right where no quoted value crosses the range's start: the caller compares it with the `next` of the range before.
 * @returns null where the guess leads nowhere
 */
export function scanRange(file: FileWindow, range: Range, first: number | null, separator: number): ScannedRange | null {
  const from = first ?? range.start;
  const most = first === null ? GUESS_AHEAD : MAX_RECORD_BYTES;
  for (let ahead = LOOK_AHEAD; ; ahead = Math.min(ahead * 8, most)) {
    const { bytes, length } = file.load(from, Math.max(range.end, from) + ahead);
    const isWhole = from + length >= file.size;
    const end = isWhole ? length : wholeLines(bytes, length);
    const begin = first === null ? behindFirstLineEnd(bytes, end) : 0;
    if (begin < 0 || begin > range.end - from) return null;
    const counted = countRecords({ bytes, begin, stop: range.end - from, end, isWhole, separator });
    if (counted.next !== null) return checked(bytes, from, { begin, next: counted.next, records: counted.records });
    if (first === null && ahead >= most) return null;
    const open = { first: from + begin, records: counted.records, next: from + counted.at };
    if (isWhole) return { ...open, problem: { kind: 'open-quote', offset: from + counted.at } };
    if (ahead >= most) return { ...open, problem: { kind: 'too-long', offset: from + counted.at } };
  }
}

/** @returns the place behind the last line end of which it is sure that it is whole. */
function wholeLines(bytes: Buffer, length: number): number {
  const lf = bytes.lastIndexOf(LF, length - 1);
  // A CR at the very end may be followed by its LF.
  const cr = bytes.lastIndexOf(CR, length - 2);
  return Math.max(lf, cr) + 1;
}

function behindFirstLineEnd(bytes: Buffer, end: number): number {
  const lf = bytes.indexOf(LF);
  const cr = bytes.indexOf(CR);
  const at = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf;
  return at < 0 || at >= end ? -1 : afterLineEnd(bytes, at, end);
}

interface Lines {
  readonly bytes: Buffer;
  readonly begin: number;
  /** The last record begins here at the latest. */
  readonly stop: number;
  readonly end: number;
  /** The file ends at `end`. */
  readonly isWhole: boolean;
  readonly separator: number;
}

/** `next` null: the record at `at` does not end in these bytes. */
function countRecords({ bytes, begin, stop, end, isWhole, separator }: Lines): { records: number; next: number | null; at: number } {
  const [nextLf, nextCr, nextQuote] = [finder(bytes, LF, end), finder(bytes, CR, end), finder(bytes, QUOTE, end)];
  let records = 0;
  for (let at = begin; at < end;) {
    let lineEnd = Math.min(nextLf(at), nextCr(at));
    // Most lines have no quote, and the search for their end is the library's.
    if (nextQuote(at) < lineEnd) lineEnd = recordEnd(bytes, at, end, separator);
    if (lineEnd === OPEN_QUOTE || (lineEnd >= end && !isWhole)) return { records, next: null, at };
    if (!isBlankLine(bytes, at, lineEnd, separator)) records += 1;
    at = afterLineEnd(bytes, lineEnd, end);
    if (at > stop) return { records, next: at, at };
  }
  return isWhole ? { records, next: end, at: end } : { records, next: null, at: end };
}

/** Bytes that are looked through before the library is asked, whose call takes as long as some hundred. */
const NEAR_BYTES = 96;

/** Finds the first such byte at or behind a place; the places asked for only grow. */
function finder(bytes: Buffer, byte: number, end: number): (from: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const four = fourOf(byte);
  let known = -1;
  return (from) => {
    if (known >= from) return known;
    const near = Math.min(from + NEAR_BYTES, end);
    for (let at = from; at < near; at += WORD_BYTES) {
      const hits = zeroBytes(view.getInt32(at, true) ^ four);
      if (hits === 0) continue;
      known = Math.min(at + lowestByte(hits), end);
      return known;
    }
    known = bytes.indexOf(byte, near);
    if (known < 0 || known > end) known = end;
    return known;
  };
}

function checked(bytes: Buffer, from: number, { begin, next, records }: { begin: number; next: number; records: number }): ScannedRange {
  const range = { first: from + begin, records, next: from + next };
  const nul = bytes.indexOf(NUL, begin);
  const text = bytes.subarray(begin, next);
  const broken = isUtf8(text) ? next : begin + brokenLine(text);
  const isNul = nul >= 0 && nul < next;
  if (isNul && nul <= broken) return { ...range, problem: { kind: 'nul', offset: from + nul } };
  return { ...range, problem: broken < next ? { kind: 'encoding', offset: from + broken } : null };
}

/** @returns the beginning of the first line that is not UTF-8. */
function brokenLine(text: Buffer): number {
  for (let start = 0; ;) {
    const end = text.indexOf(LF, start);
    if (end < 0 || !isUtf8(text.subarray(start, end))) return start;
    start = end + 1;
  }
}
