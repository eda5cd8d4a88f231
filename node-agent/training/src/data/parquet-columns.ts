import { textsOf } from './csv/merge-dictionaries.js';
import { TextDictionary } from './csv/text-dictionary.js';
import { hashOf, SLACK_BYTES } from './csv/text-words.js';
import { TYPED_SPELLING } from './dates.js';
import type { ColumnBatch, DuckDb } from './duck-db.js';
import { sqlName, sqlText } from './duck-db.js';
import { InfinityError, TooManyTextsError } from './errors.js';
import { MAX_DISTINCT_TEXTS } from './limits.js';
import { brokenParquet, type ParquetColumn, type ParquetFile } from './parquet-file.js';
import { MISSING_BOOLEAN, type Column } from './table.js';

/** Bytes of a query's result, which lies in DuckDB's memory beside the columns that it is copied to. */
const RESULT_BYTES = 32 << 20;

/**
 * Reads columns as the file types them: no value is guessed again, null alone is missing (and NaN, which no number is).
 * @throws UnreadableDatasetError, InfinityError, TooManyTextsError
 */
export async function readParquetColumns(
  duckDb: DuckDb,
  path: string,
  file: ParquetFile,
  names: readonly string[],
): Promise<{ readonly columns: readonly Column[]; readonly warnings: readonly string[] }> {
  const wanted = names.flatMap((name) => file.columns.find((column) => column.name === name) ?? []);
  const large = await largeColumns(duckDb, path, wanted);
  const columns: Column[] = [];
  const together = Math.max(1, Math.floor(RESULT_BYTES / (file.rows * Float64Array.BYTES_PER_ELEMENT)));
  for (let from = 0; from < wanted.length; from += together) {
    const readers = wanted.slice(from, from + together).map((column) => readerOf(column, file.rows, large.get(column.name) ?? null));
    await query(duckDb, path, readers.flatMap((reader) => reader.expressions).join(', '), (batches, row) => {
      let at = 0;
      for (const reader of readers) reader.append(batches.slice(at, (at += reader.expressions.length)), row);
    });
    columns.push(...readers.map((reader) => reader.finish()));
  }
  const beyond = wanted.filter(({ name }) => large.get(name) === 'beyond');
  return {
    columns,
    warnings: beyond.map(({ name }) => `Column ${JSON.stringify(name)} has integers beyond 64 bits; they are rounded to some 16 digits.`),
  };
}

/** Integers that doubles round: those that 64 bits with sign hold, and those that they don't. */
type Large = 'exact' | 'beyond';

async function largeColumns(duckDb: DuckDb, path: string, columns: readonly ParquetColumn[]): Promise<Map<string, Large>> {
  const longs = columns.filter(({ kind }) => kind === 'long');
  const large = new Map<string, Large>();
  if (longs.length === 0) return large;
  const tests = longs.flatMap(({ alias }) => {
    const [least, greatest] = [`min(${sqlName(alias)})`, `max(${sqlName(alias)})`];
    return [
      `CAST(coalesce(${least} < -9007199254740992 OR ${greatest} > 9007199254740992, false) AS DOUBLE)`,
      `CAST(coalesce(${least} < -9223372036854775808 OR ${greatest} > 9223372036854775807, false) AS DOUBLE)`,
    ];
  });
  await query(duckDb, path, tests.join(', '), (batches) => {
    longs.forEach(({ name }, index) => {
      if (batches[2 * index]?.numbers?.[0] !== 1) return;
      large.set(name, batches[2 * index + 1]?.numbers?.[0] === 1 ? 'beyond' : 'exact');
    });
  });
  return large;
}

async function query(
  duckDb: DuckDb,
  path: string,
  expressions: string,
  batch: (batches: readonly ColumnBatch[], row: number) => void,
): Promise<void> {
  let row = 0;
  try {
    await duckDb.query(`SELECT ${expressions} FROM read_parquet(${sqlText(path)})`, (batches) => {
      batch(batches, row);
      row += batches[0]?.rows ?? 0;
    });
  } catch (error) {
    if (error instanceof InfinityError || error instanceof TooManyTextsError) throw error;
    throw brokenParquet(error, path);
  }
}

/** Fills one column from the results of its expressions. */
interface ColumnReader {
  readonly expressions: readonly string[];
  append(batches: readonly ColumnBatch[], row: number): void;
  finish(): Column;
}

/** What stands for null in a result of doubles. */
const NO_NUMBER = "'nan'::DOUBLE";

function readerOf({ name, alias, kind }: ParquetColumn, rows: number, large: Large | null): ColumnReader {
  const column = sqlName(alias);
  switch (kind) {
    case 'boolean':
      return booleanReader(name, rows, `coalesce(CAST(${column} AS DOUBLE), ${MISSING_BOOLEAN})`);
    case 'text':
      return textReader(name, rows, `CAST(${column} AS VARCHAR)`);
    case 'date': {
      const values = shared(Float64Array, rows);
      const expression = `coalesce(epoch(CAST(${column} AS TIMESTAMP)), ${NO_NUMBER})`;
      return doubleReader(name, values, expression, () => ({ kind: 'date', name, values, spelling: TYPED_SPELLING }));
    }
    case 'integer':
    case 'long':
    case 'float': {
      const values = shared(Float64Array, rows);
      const expression = `coalesce(CAST(${column} AS DOUBLE), ${NO_NUMBER})`;
      const isInteger = kind !== 'float';
      const plain = doubleReader(name, values, expression, () => ({ kind: 'number', name, values, isInteger, exact: null }));
      return large === 'exact' ? exactReader(plain, rows, column) : plain;
    }
  }
}

function doubleReader(name: string, values: Float64Array, expression: string, finish: () => Column): ColumnReader {
  return {
    expressions: [expression],
    append([batch], row) {
      const numbers = batch?.numbers ?? new Float64Array(0);
      for (let at = 0; at < numbers.length; at += 1) {
        const value = numbers[at] ?? NaN;
        if (value === Infinity || value === -Infinity) throw new InfinityError(name, { unit: 'row', number: row + at + 1 });
        values[row + at] = value;
      }
    },
    finish,
  };
}

/** The exact values are read beside the doubles, as decimal digits. */
function exactReader(plain: ColumnReader, rows: number, column: string): ColumnReader {
  const exact = shared(BigInt64Array, rows);
  return {
    expressions: [...plain.expressions, `CAST(coalesce(${column}, 0) AS VARCHAR)`],
    append(batches, row) {
      plain.append(batches.slice(0, 1), row);
      const digits = batches[1];
      for (let at = 0; at < (digits?.rows ?? 0); at += 1) exact[row + at] = BigInt(digits?.textAt(at) ?? 0);
    },
    finish: () => ({ ...plain.finish(), exact }) as Column,
  };
}

function booleanReader(name: string, rows: number, expression: string): ColumnReader {
  const values = shared(Uint8Array, rows);
  return {
    expressions: [expression],
    append: ([batch], row) => values.set(batch?.numbers ?? [], row),
    finish: () => ({ kind: 'boolean', name, values }),
  };
}

function textReader(name: string, rows: number, expression: string): ColumnReader {
  const codes = shared(Int32Array, rows);
  const dictionary = new TextDictionary();
  return {
    expressions: [expression],
    append([batch], row) {
      for (let at = 0; at < (batch?.rows ?? 0); at += 1) {
        const bytes = batch?.bytesAt(at) ?? null;
        if (bytes === null) codes[row + at] = -1;
        else {
          const { buffer, start, end } = bytes;
          const text = new Uint8Array(end - start + SLACK_BYTES);
          text.set(buffer.subarray(start, end));
          const view = new DataView(text.buffer);
          codes[row + at] = dictionary.numberOf(view, 0, end - start, hashOf(view, 0, end - start), row + at);
        }
      }
      if (dictionary.size > MAX_DISTINCT_TEXTS) throw new TooManyTextsError(name, MAX_DISTINCT_TEXTS);
    },
    finish: () => ({ kind: 'text', name, codes, labels: textsOf(dictionary.content()) }),
  };
}

/** Memory that other threads see too, as that of a text file's columns is. */
function shared<A>(make: { new (buffer: SharedArrayBuffer): A; readonly BYTES_PER_ELEMENT: number }, length: number): A {
  return new make(new SharedArrayBuffer(length * make.BYTES_PER_ELEMENT));
}
