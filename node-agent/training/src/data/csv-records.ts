import { open } from 'node:fs/promises';
import { ColumnNameTooLongError, DuplicateColumnError, EmptyDatasetError, LineTooLongError, TooManyColumnsError } from './errors.js';

/** The beginning of a text file: its separator, its header, and some records to guess types from. */
export interface CsvHead {
  /** Lines without content before the header. */
  readonly blankLines: number;
  readonly separator: string;
  readonly names: readonly string[];
  readonly sample: readonly (readonly string[])[];
}

export interface HeaderLimits {
  readonly columns: number;
  readonly nameChars: number;
}

/** Bytes looked at for types; more only where the header is longer. */
const SAMPLE_BYTES = 64 << 10;
/** The longest header: the limits' 16,384 columns with names of a kilobyte. */
const MAX_HEADER_BYTES = 32 << 20;
const SEPARATORS = [',', '\t', ';', '|'];

/**
 * Reads the header. The separator is a tab for a name in `.tsv`, else the one of comma, tab, semicolon and bar that the header
 * has most of. A column without a name is called `Unnamed: 3` by its position from 0, as pandas does.
 * @throws EmptyDatasetError, DuplicateColumnError, ColumnNameTooLongError, TooManyColumnsError, LineTooLongError
 */
export async function readCsvHead(path: string, isTsv: boolean, limits: HeaderLimits): Promise<CsvHead> {
  const file = await open(path);
  try {
    for (let bytes = SAMPLE_BYTES; ; bytes *= 8) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
      const text = buffer.toString('utf8', 0, bytesRead).replace(/^\ufeff/, '');
      const isWhole = bytesRead < bytes;
      const separator = isTsv ? '\t' : separatorOf(text);
      const records = parseRecords(text, separator);
      // The last record may be cut.
      if (!isWhole) records.pop();
      const header = records.shift();
      if (header) return { blankLines: blankLinesBefore(text), separator, names: checkedNames(header, limits), sample: records };
      if (isWhole) throw new EmptyDatasetError();
      if (bytes >= MAX_HEADER_BYTES) throw new LineTooLongError(1, bytes);
    }
  } finally {
    await file.close();
  }
}

function blankLinesBefore(text: string): number {
  const blank = /^[\r\n]*/.exec(text)?.[0] ?? '';
  return blank.replaceAll('\r\n', '\n').length;
}

function separatorOf(text: string): string {
  const counts = new Map(SEPARATORS.map((separator) => [separator, 0]));
  let isQuoted = false;
  let hasContent = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (char === '\n' || char === '\r') {
      if (hasContent) break;
      continue;
    }
    hasContent = true;
    const count = counts.get(char);
    if (count !== undefined) counts.set(char, count + 1);
  }
  return SEPARATORS.reduce((best, separator) => ((counts.get(separator) ?? 0) > (counts.get(best) ?? 0) ? separator : best));
}

/** Splits into records (RFC 4180); lines without content are passed over. */
function parseRecords(text: string, separator: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at <= text.length) {
    const value = parseValue(text, at, separator);
    record.push(value.text);
    at = value.end;
    if (text[at] === separator) {
      at += 1;
      continue;
    }
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
    at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
  }
  return records;
}

function parseValue(text: string, start: number, separator: string): { text: string; end: number } {
  if (text[start] !== '"') {
    let end = start;
    while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end += 1;
    return { text: text.slice(start, end), end };
  }
  let end = start + 1;
  for (;;) {
    const quote = text.indexOf('"', end);
    if (quote < 0) return { text: text.slice(start + 1), end: text.length };
    if (text[quote + 1] !== '"') return { text: text.slice(start + 1, quote).replaceAll('""', '"'), end: quote + 1 };
    end = quote + 2;
  }
}

/** Names as they are, unnamed ones by position. @throws as `readCsvHead` */
export function checkedNames(header: readonly string[], limits: HeaderLimits): string[] {
  if (header.length > limits.columns) throw new TooManyColumnsError(header.length, limits.columns);
  const names = header.map((name, index) => (name.trim() === '' ? `Unnamed: ${index}` : name));
  const positions = new Map<string, number[]>();
  names.forEach((name, index) => {
    if (name.length > limits.nameChars) throw new ColumnNameTooLongError(index + 1, limits.nameChars);
    const known = positions.get(name);
    if (known) known.push(index + 1);
    else positions.set(name, [index + 1]);
  });
  for (const [name, places] of positions) if (places.length > 1) throw new DuplicateColumnError(name, places);
  return names;
}
