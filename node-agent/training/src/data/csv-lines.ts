import { createReadStream } from 'node:fs';

/*
 * Finds lines for errors. The reader's library counts records, not lines, and people look for lines; these passes are slower than
 * its own and run only when something is wrong.
 */

/** A record as it lies in the file. */
interface RecordPlace {
  /** Line on which it begins, from 1. */
  readonly line: number;
  /** From -1, the header. */
  readonly row: number;
  readonly values: number;
  /** Its last value is empty, so that its line ends with a separator. */
  readonly endsEmpty: boolean;
  /** A quote is open at the end of the file. */
  readonly isOpen: boolean;
}

const [LF, CR, QUOTE] = [0x0a, 0x0d, 0x22];

/** Goes through the records (lines without content are none) until `visit` returns true. */
async function scanRecords(path: string, separator: string, visit: (record: RecordPlace) => boolean): Promise<void> {
  const separatorByte = separator.charCodeAt(0);
  let [line, startLine, row, values, last] = [1, 1, -1, 1, 0];
  let [isQuoted, isBlank, endsEmpty] = [false, true, true];
  const done = (): boolean => {
    const isFound = !isBlank && visit({ line: startLine, row, values, endsEmpty, isOpen: isQuoted });
    if (!isBlank) row += 1;
    startLine = line;
    values = 1;
    isBlank = true;
    endsEmpty = true;
    return isFound;
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      const isEnd = byte === CR || (byte === LF && last !== CR);
      const isRest = byte === LF && last === CR;
      last = byte;
      if (isRest) continue;
      if (isEnd) {
        line += 1;
        if (!isQuoted && done()) return;
        continue;
      }
      if (byte === QUOTE) isQuoted = !isQuoted;
      isBlank = false;
      endsEmpty = byte === separatorByte && !isQuoted;
      if (endsEmpty) values += 1;
    }
  }
  done();
}

/** @returns the line (from 1) on which row `row` (from 0, after the header) begins. */
export async function lineOfRow(path: string, separator: string, row: number): Promise<number> {
  let line = 1;
  await scanRecords(path, separator, (record) => {
    line = record.line;
    return record.row === row;
  });
  return line;
}

/** @returns the first line with another number of values than the header (an empty one more at its end is none), or null. */
export async function firstRaggedLine(path: string, separator: string, expected: number): Promise<{ line: number; found: number } | null> {
  let ragged: { line: number; found: number } | null = null;
  await scanRecords(path, separator, ({ line, values, endsEmpty }) => {
    if (values === expected || (values === expected + 1 && endsEmpty)) return false;
    ragged = { line, found: values };
    return true;
  });
  return ragged;
}

/** @returns the line of the record in which a quote is open at the end of the file, or null. */
export async function openQuoteLine(path: string, separator: string): Promise<number | null> {
  let open: number | null = null;
  await scanRecords(path, separator, ({ line, isOpen }) => {
    if (isOpen) open = line;
    return isOpen;
  });
  return open;
}

/** @returns the first line that ends otherwise than the first one does (LF or CR LF), or null. */
export async function otherLineEnding(path: string): Promise<number | null> {
  let line = 1;
  let last = 0;
  let first: boolean | null = null;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === LF) {
        const isCrLf = last === CR;
        if (first !== null && isCrLf !== first) return line;
        first = isCrLf;
        line += 1;
      }
      last = byte;
    }
  }
  return null;
}
