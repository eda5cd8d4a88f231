import { EncodingError, LineTooLongError, NoRowsError, NulByteError, OpenQuoteError, type DatasetError } from '../errors.js';
import type { HeaderLimits } from '../column-names.js';
import type { Crew } from './crew.js';
import type { FileWindow } from './file-window.js';
import { readCsvHead, type CsvHead } from './head.js';
import { lineOf } from './places.js';
import type { Chunk } from './read-plan.js';
import { MAX_RECORD_BYTES, scanRange, type Range, type ScannedRange, type ScanProblem } from './scan-range.js';

/** A text file whose records are counted. */
export interface CsvFile extends CsvHead {
  readonly rows: number;
  /** Shares of the body, in order; together all its records. */
  readonly chunks: readonly Chunk[];
}

/**
 * Reads the header and counts the records, on all threads of the crew; this one does `meanwhile` first.
 * @throws DatasetError
 */
export async function openCsv(
  crew: Crew,
  { name, limits, rangeBytes }: { readonly name: string; readonly limits: HeaderLimits; readonly rangeBytes: number },
  meanwhile: () => void,
): Promise<CsvFile> {
  const head = readCsvHead(crew.file, name, limits);
  const ranges = rangesOf(head.bodyStart, crew.file.size, rangeBytes);
  const taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const finds = await crew.run({ kind: 'scan', separator: head.separator, ranges, taken }, meanwhile);
  const guesses: (ScannedRange | null)[] = Array.from(ranges, () => null);
  for (const find of finds) if (find.kind === 'scan') for (const { index, found } of find.ranges) guesses[index] = found;
  const chunks = joined(crew.file, head, ranges, guesses);
  const rows = chunks.reduce((sum, { records }) => sum + records, 0);
  if (rows === 0) throw new NoRowsError(head.names.length);
  return { ...head, rows, chunks };
}

function rangesOf(start: number, end: number, bytes: number): Range[] {
  const ranges: Range[] = [];
  for (let from = start; from < end; from += bytes) ranges.push({ start: from, end: Math.min(from + bytes, end) });
  return ranges;
}

/** Goes through the ranges in order: a guess holds where it begins at the place to which the ranges before lead. */
function joined(file: FileWindow, head: CsvHead, ranges: readonly Range[], guesses: readonly (ScannedRange | null)[]): Chunk[] {
  const chunks: Chunk[] = [];
  let at = head.bodyStart;
  let row = 0;
  ranges.forEach((range, index) => {
    // The line at `at` belongs to a later range.
    if (at > range.end || at >= file.size) return;
    const guess = guesses[index];
    const found = guess?.first === at ? guess : scanRange(file, range, at, head.separator);
    if (!found) throw new RangeError(`No record was found at ${at}`);
    if (found.problem) throw errorOf(file, found.problem);
    chunks.push({ first: at, next: found.next, row, records: found.records });
    row += found.records;
    at = found.next;
  });
  return chunks;
}

function errorOf(file: FileWindow, { kind, offset }: ScanProblem): DatasetError {
  const line = lineOf(file, offset);
  if (kind === 'nul') return new NulByteError(line);
  if (kind === 'encoding') return new EncodingError(line);
  return kind === 'open-quote' ? new OpenQuoteError(line) : new LineTooLongError(line, MAX_RECORD_BYTES);
}
