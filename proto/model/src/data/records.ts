import { CR, LF, QUOTE, SPACE, TAB } from './text-bytes.js';

/*
 * The one definition of a record, for header, counter, reader and messages alike; it is the one of pandas' reader in C.
 *
 * R1. A value that begins with a double quote is quoted to the next single double quote; two of them stand for one. What follows
 *     the closing quote up to the separator belongs to the value as it is. Elsewhere a double quote is a character like any other.
 * R2. LF, CR LF and CR end a record outside of quotes, in any mixture.
 * R3. Lines of nothing but spaces and tabs are no records.
 *
 * All functions take bytes whose content ends at `end`, followed by an LF.
 */

/** @returns where the next record begins: behind lines without content, or `end`. */
export function recordStart(bytes: Uint8Array, start: number, end: number, separator: number): number {
  for (let line = start; line < end;) {
    let at = line;
    while (at < end && isBlank(bytes[at] ?? 0, separator)) at += 1;
    if (at < end && bytes[at] !== LF && bytes[at] !== CR) return line;
    line = at + 1;
  }
  return end;
}

/** Is there nothing but spaces and tabs between the two places? */
export function isBlankLine(bytes: Uint8Array, start: number, end: number, separator: number): boolean {
  let at = start;
  while (at < end && isBlank(bytes[at] ?? 0, separator)) at += 1;
  return at === end;
}

function isBlank(byte: number, separator: number): boolean {
  return (byte === SPACE || byte === TAB) && byte !== separator;
}

/** Where a value ends that is quoted to the end of the content. */
export const OPEN_QUOTE = -1;

/** @returns the end of the value that begins at `start`: its separator, its line end, `end`, or OPEN_QUOTE. */
export function valueEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let at = start;
  if (bytes[at] === QUOTE) {
    at = closingQuote(bytes, start, end) + 1;
    if (at === 0) return OPEN_QUOTE;
  }
  for (let byte = bytes[at]; byte !== separator && byte !== LF && byte !== CR; byte = bytes[at]) at += 1;
  return Math.min(at, end);
}

/** @returns where the quote is closed that opens at `start`, or -1. */
export function closingQuote(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at += 1) {
    if (bytes[at] !== QUOTE) continue;
    if (bytes[at + 1] !== QUOTE) return at;
    at += 1;
  }
  return -1;
}

/** @returns the end of the record that begins at `start`: its line end, `end`, or OPEN_QUOTE. */
export function recordEnd(bytes: Uint8Array, start: number, end: number, separator: number): number {
  for (let at = start; ; at += 1) {
    at = valueEnd(bytes, at, end, separator);
    if (at < 0 || at >= end || bytes[at] !== separator) return at;
  }
}

/** @returns how many values the record that begins at `start` has. */
export function recordValueCount(bytes: Uint8Array, start: number, end: number, separator: number): number {
  let count = 1;
  for (let at = valueEnd(bytes, start, end, separator); at >= 0 && at < end && bytes[at] === separator; count += 1)
    at = valueEnd(bytes, at + 1, end, separator);
  return count;
}

/** @returns how many lines, as an editor counts them, end before the place. */
export function lineEndsBefore(bytes: Uint8Array, place: number): number {
  let lines = 0;
  for (let at = 0; at < place; at += 1) if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) lines += 1;
  return lines;
}

/** @returns the place behind the line end at `at`. */
export function afterLineEnd(bytes: Uint8Array, at: number, end: number): number {
  return Math.min(bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at + 1, end);
}

/** The values of the record that begins at `start`, without their quotes, and where it ends (as `recordEnd`). */
export function recordValues(bytes: Uint8Array, start: number, end: number, separator: number): { values: string[]; end: number } {
  const values: string[] = [];
  for (let at = start; ; at += 1) {
    const from = at;
    at = valueEnd(bytes, from, end, separator);
    if (at < 0) return { values, end: OPEN_QUOTE };
    values.push(valueText(bytes, from, at));
    if (at >= end || bytes[at] !== separator) return { values, end: at };
  }
}

/** What is no UTF-8 shows as U+FFFD. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The value between two places, without its quotes. */
function valueText(bytes: Uint8Array, start: number, end: number): string {
  if (bytes[start] !== QUOTE) return utf8.decode(bytes.subarray(start, end));
  const close = closingQuote(bytes, start, end);
  return utf8.decode(bytes.subarray(start + 1, close)).replaceAll('""', '"') + utf8.decode(bytes.subarray(close + 1, end));
}

/**
 * Writes the value between two places, without its quotes, to the beginning of `into`, which holds as many bytes.
 * @returns its length
 */
export function copyValue(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let length = 0;
  let at = start;
  if (bytes[at] === QUOTE) {
    const close = closingQuote(bytes, start, end);
    for (at += 1; at < close; at += 1) {
      into[length] = bytes[at] ?? 0;
      length += 1;
      if (bytes[at] === QUOTE) at += 1;
    }
    at += 1;
  }
  for (; at < end; at += 1) {
    into[length] = bytes[at] ?? 0;
    length += 1;
  }
  return length;
}
