import { afterLineEnd, COMMA, OPEN_QUOTE, POINT, recordEnd, recordStart } from '@trainer/model';
import { InfinityError, RaggedRowError, TooManyTextsError } from '../errors.js';
import { MAX_DISTINCT_TEXTS } from '../limits.js';
import type { Column } from '../table.js';
import type { Crew } from './crew.js';
import type { CsvFile } from './csv-file.js';
import { lineOf, lineOfRow } from './places.js';
import { RangeReader } from './range-reader.js';
import type { ColumnFinds, ColumnPlan, ReadFinds } from './read-plan.js';
import { firstAttempt, settle, type Settled } from './settle.js';

/** Bytes of the file's beginning that give the first guess of what its columns are; a wrong guess costs a pass. */
const SAMPLE_BYTES = 64 << 10;

export interface ReadColumns {
  readonly columns: readonly Column[];
  readonly warnings: readonly string[];
  /** For each column how often which text stood for a missing value; the empty one is not among them. */
  readonly missingTexts: readonly Readonly<Record<string, number>>[];
}

/**
 * Reads the columns at these positions, in as many passes as their values need: one where the first guess of all holds.
 * @throws RaggedRowError, InfinityError, TooManyTextsError
 */
export async function readColumns(crew: Crew, csv: CsvFile, positions: readonly number[]): Promise<ReadColumns> {
  const decimalMark = csv.separator === COMMA ? POINT : COMMA;
  const base = { separator: csv.separator, decimalMark };
  const guesses = sampled(crew, csv, decimalMark);
  let open = new Map(positions.map((position) => [position, firstAttempt(csv.rows, guesses[position] ?? null)]));
  const done = new Map<number, Extract<Settled, { kind: 'done' }>>();
  while (open.size > 0) {
    const plan = { ...base, columns: csv.names.map((_, position): ColumnPlan => open.get(position)?.plan ?? { as: 'skip' }) };
    const taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const readers = new Int32Array(new SharedArrayBuffer(csv.chunks.length * Int32Array.BYTES_PER_ELEMENT));
    const found = await crew.run({ kind: 'read', plan, chunks: csv.chunks, taken, readers });
    const finds = found.flatMap((one) => (one.kind === 'read' ? [one.finds] : []));
    checkRecords(crew, csv, finds);
    const next: typeof open = new Map();
    for (const [position, attempt] of open) {
      const threads = finds.map(({ columns }): ColumnFinds | null => columns[position] ?? null);
      const settled = settle({ name: csv.names[position] ?? '', attempt, threads, chunks: csv.chunks, readers });
      if (settled.kind === 'again') next.set(position, settled.attempt);
      else if (settled.kind === 'done') done.set(position, settled);
      else throw errorOf(crew, csv, position, settled);
    }
    open = next;
  }
  const all = positions.flatMap((position) => done.get(position) ?? []);
  return {
    columns: all.map(({ column }) => column),
    warnings: all.flatMap(({ warnings }) => warnings),
    missingTexts: all.map(({ missingTexts }) => missingTexts),
  };
}

/** @throws RaggedRowError for the first record that has another number of values than the header */
function checkRecords(crew: Crew, csv: CsvFile, finds: readonly ReadFinds[]): void {
  const [first] = finds.flatMap(({ ragged }) => ragged ?? []).sort((a, b) => a.row - b.row);
  if (first) throw new RaggedRowError(lineOf(crew.file, first.offset), csv.names.length, first.found);
}

function errorOf(crew: Crew, csv: CsvFile, position: number, settled: Extract<Settled, { kind: 'infinite' | 'too-many' }>): Error {
  const name = csv.names[position] ?? '';
  if (settled.kind === 'too-many') return new TooManyTextsError(name, MAX_DISTINCT_TEXTS);
  return new InfinityError(name, { unit: 'line', number: lineOfRow(crew.file, csv.chunks, csv.separator, settled.row) });
}

/** Reads the first records as numbers. @returns for each column the first text that is none, or null */
function sampled(crew: Crew, { chunks, names, separator }: CsvFile, decimalMark: number): (string | null)[] {
  const [chunk] = chunks;
  if (!chunk) return [];
  const { bytes, length } = crew.file.load(chunk.first, Math.min(chunk.next, chunk.first + SAMPLE_BYTES));
  let [records, end] = [0, 0];
  for (let at = recordStart(bytes, 0, length, separator); at < length; records += 1) {
    const lineEnd = recordEnd(bytes, at, length, separator);
    // The last record may be cut.
    if (lineEnd === OPEN_QUOTE || lineEnd >= length - 1) break;
    end = afterLineEnd(bytes, lineEnd, length);
    at = recordStart(bytes, end, length, separator);
  }
  const columns = names.map((): ColumnPlan => ({ as: 'number', values: new Float64Array(records) }));
  const reader = new RangeReader({ separator, decimalMark, columns });
  reader.read(bytes, end, chunk.first, 0);
  return reader.finds().columns.map((column) => column?.misfit?.text ?? null);
}
