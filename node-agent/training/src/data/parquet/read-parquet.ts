import type { FileWindow } from '../csv/file-window.js';
import { TYPED_SPELLING } from '../dates.js';
import type { Column } from '../table.js';
import { pagesOf } from './pages.js';
import { asParquet, type ParquetColumn, type ParquetFile } from './parquet-file.js';
import { BooleanSink, LongSink, NumberSink, TextSink, type Sink } from './sinks.js';

/** A column, and whether some of its integers are beyond 64 bits with sign, so that its doubles round them. */
interface ReadColumn {
  readonly column: Column;
  readonly isBeyond: boolean;
}

/**
 * Reads columns as the file types them: no value is guessed again, null alone is missing (and NaN, which no number is).
 * @throws UnreadableDatasetError, InfinityError, TooManyTextsError
 */
export function readParquetColumns(
  file: FileWindow,
  { columns, rows }: ParquetFile,
  names: readonly string[],
): { readonly columns: readonly Column[]; readonly warnings: readonly string[] } {
  const wanted = names.flatMap((name) => columns.find((column) => column.name === name) ?? []);
  const read = wanted.map((column) => asParquet(() => readColumn(file, column, rows)));
  return {
    columns: read.map(({ column }) => column),
    warnings: read
      .filter(({ isBeyond }) => isBeyond)
      .map(({ column }) => `Column ${JSON.stringify(column.name)} has integers beyond 64 bits; they are rounded to some 16 digits.`),
  };
}

function readColumn(file: FileWindow, column: ParquetColumn, rows: number): ReadColumn {
  const { name, kind } = column;
  switch (kind) {
    case 'boolean': {
      const values = shared(Uint8Array, rows);
      fill(file, column, new BooleanSink(values));
      return { column: { kind: 'boolean', name, values }, isBeyond: false };
    }
    case 'text': {
      const codes = shared(Int32Array, rows);
      const sink = new TextSink(column, codes);
      fill(file, column, sink);
      return { column: { kind: 'text', name, codes, labels: sink.labels() }, isBeyond: false };
    }
    case 'date': {
      const values = shared(Float64Array, rows);
      fill(file, column, new NumberSink(column, values));
      return { column: { kind: 'date', name, values, spelling: TYPED_SPELLING }, isBeyond: false };
    }
    case 'integer':
    case 'long':
    case 'float': {
      const values = shared(Float64Array, rows);
      fill(file, column, new NumberSink(column, values));
      const { exact, isBeyond } = kind === 'long' ? exactValues(file, column, values) : { exact: null, isBeyond: false };
      return { column: { kind: 'number', name, values, isInteger: kind !== 'float', exact }, isBeyond };
    }
  }
}

/** Doubles up to this may each stand for one integer alone. */
const SURE = 2 ** 53;
const [LEAST_SURE, GREATEST_SURE] = [-(2n ** 53n), 2n ** 53n];

/** Reads the column once more where its doubles may have rounded it. */
function exactValues(file: FileWindow, column: ParquetColumn, doubles: Float64Array): { exact: BigInt64Array | null; isBeyond: boolean } {
  if (!doubles.some((value) => value >= SURE || value <= -SURE)) return { exact: null, isBeyond: false };
  const exact = shared(BigInt64Array, doubles.length);
  fill(file, column, new LongSink(column, exact));
  if (column.form.as === 'uint64' && exact.some((value) => value < 0n)) return { exact: null, isBeyond: true };
  return { exact: exact.some((value) => value > GREATEST_SURE || value < LEAST_SURE) ? exact : null, isBeyond: false };
}

function fill(file: FileWindow, column: ParquetColumn, sink: Sink): void {
  let row = 0;
  for (const chunk of column.chunks) {
    for (const page of pagesOf(file, column, chunk)) {
      if (page.kind === 'dictionary') sink.dictionary(page.bytes, page.values);
      else {
        sink.page(page, row);
        row += page.rows;
      }
    }
  }
}

/** Memory that other threads see too, as that of a text file's columns is. */
function shared<A>(make: { new (buffer: SharedArrayBuffer): A; readonly BYTES_PER_ELEMENT: number }, length: number): A {
  return new make(new SharedArrayBuffer(length * make.BYTES_PER_ELEMENT));
}
