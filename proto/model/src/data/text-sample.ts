import { afterLineEnd, OPEN_QUOTE, recordStart, recordValues } from './records.js';
import { CR, LF } from './text-bytes.js';

/** The first bytes of a text file; a record that is cut at their end does not count where the file goes on. */
export interface TextSample {
  /** Its content ends at `length` and is followed by an LF. */
  readonly bytes: Uint8Array;
  /** Where the table begins: behind a byte order mark, and a line that says the separator. */
  readonly start: number;
  readonly length: number;
  readonly isWhole: boolean;
  /** The separator, where the file or its name says it; else null. */
  readonly said: string | null;
}

/** In the order in which they are taken where several fit equally well. */
export const SEPARATORS: readonly string[] = [',', '\t', ';', '|'];
/** Records that tell the separator, the header among them. */
const SEPARATING_RECORDS = 50;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** What Excel writes and reads as the first line. */
const SEPARATOR_LINE = /^"?sep=([,;\t|])"?[\r\n]/i;
const SEPARATOR_LINE_BYTES = 8;

/** @param name of the file: a name in `.tsv` or `.tsv.gz` says that a tab separates */
export function textSample(bytes: Uint8Array, length: number, isWhole: boolean, name: string): TextSample {
  const isTsv = /\.tsv(\.gz)?$/i.test(name);
  const mark = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte) ? BYTE_ORDER_MARK.length : 0;
  const line = isTsv
    ? null
    : SEPARATOR_LINE.exec(String.fromCharCode(...bytes.subarray(mark, Math.min(length, mark + SEPARATOR_LINE_BYTES))));
  const lineEnd = bytes.findIndex((byte) => byte === LF || byte === CR);
  return {
    bytes,
    start: line ? afterLineEnd(bytes, lineEnd, length) : mark,
    length,
    isWhole,
    said: isTsv ? '\t' : (line?.[1] ?? null),
  };
}

/** @returns the first records as the separator splits them, at most `most`, the header first */
export function recordsOf({ bytes, start, length, isWhole }: TextSample, separator: string, most = SEPARATING_RECORDS): string[][] {
  const code = separator.charCodeAt(0);
  const found: string[][] = [];
  for (let at = recordStart(bytes, start, length, code); at < length && found.length < most;) {
    const { values, end } = recordValues(bytes, at, length, code);
    if (end === OPEN_QUOTE || (!isWhole && end >= length - 1)) break;
    found.push(values);
    at = recordStart(bytes, afterLineEnd(bytes, end, length), length, code);
  }
  return found;
}

/** @returns the separator that was said; else the one by which the most lines have as many values as the header, of several the one that gives the most */
export function separatorOf(sample: TextSample): string {
  if (sample.said !== null) return sample.said;
  let best = { separator: ',', fitting: -1, columns: 1 };
  for (const separator of SEPARATORS) {
    const [header = [], ...rows] = recordsOf(sample, separator);
    if (header.length < 2) continue;
    const isFitting = (row: readonly string[]): boolean =>
      row.length === header.length || (row.length === header.length + 1 && row.at(-1) === '');
    const fitting = rows.length === 0 ? 1 : rows.filter(isFitting).length / rows.length;
    if (fitting > best.fitting || (fitting === best.fitting && header.length > best.columns))
      best = { separator, fitting, columns: header.length };
  }
  return best.separator;
}
