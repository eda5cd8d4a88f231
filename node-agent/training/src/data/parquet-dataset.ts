import type { ColumnBuilder } from './column-builder.js';
import { dateBuilder, numberBuilder, textBuilder } from './column-builder.js';
import type { DuckDb } from './duck-db.js';
import { NO_NUMBER, sqlName, sqlText } from './duck-db.js';
import { ColumnTypeError, InfinityError, NoRowsError, UnreadableDatasetError } from './errors.js';
import type { Table } from './table.js';

/** A column of a Parquet file, with DuckDB's name of its type. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: string;
}

/** @throws UnreadableDatasetError when it is no whole Parquet file. */
export async function describeParquet(duckDb: DuckDb, path: string): Promise<ParquetColumn[]> {
  const columns: ParquetColumn[] = [];
  try {
    await duckDb.query(`DESCRIBE SELECT * FROM read_parquet(${sqlText(path)})`, ([names, types]) => {
      for (let row = 0; names && types && row < names.rows; row += 1)
        columns.push({ name: String(names.at(row)), type: String(types.at(row)) });
    });
  } catch (error) {
    throw new UnreadableDatasetError(`it is a broken Parquet file (${messageOf(error, path)}). Write it again and upload it whole.`, {
      cause: error,
    });
  }
  return columns;
}

/** Reads columns of a Parquet file. @throws DatasetError */
export async function readParquet(duckDb: DuckDb, path: string, all: readonly ParquetColumn[], names: readonly string[]): Promise<Table> {
  const readers = names.map((name) => readerOf(all.find((column) => column.name === name) ?? { name, type: 'unknown' }));
  const expressions = readers.map((reader) => reader.expression).join(', ');
  const query = `SELECT ${expressions} FROM read_parquet(${sqlText(path)})`;
  const rows = await duckDb
    .query(query, (columns) => columns.forEach((batch, index) => readers[index]?.builder.append(batch)))
    .catch((error: unknown) => {
      throw new UnreadableDatasetError(`it is a broken Parquet file (${messageOf(error, path)}). Write it again and upload it whole.`, {
        cause: error,
      });
    });
  if (rows === 0) throw new NoRowsError(all.length);
  const columns = readers.map(({ builder }) => {
    const { column, infiniteRow } = builder.finish();
    if (infiniteRow >= 0) throw new InfinityError(column.name, { unit: 'row', number: infiniteRow + 1 });
    return column;
  });
  return { rows, columns, locate: async (row) => ({ unit: 'row', number: row + 1 }) };
}

const INTEGERS = /^U?((TINY|SMALL|BIG|HUGE)INT|INTEGER)$/;
const FLOATS = /^(FLOAT|DOUBLE|DECIMAL\(.*\))$/;
const DATES = /^(DATE|TIMESTAMP.*)$/;
const TEXTS = /^(VARCHAR|ENUM\(.*\)|UUID)$/;

function readerOf({ name, type }: ParquetColumn): { expression: string; builder: ColumnBuilder } {
  const column = sqlName(name);
  const number = `coalesce(CAST(${column} AS DOUBLE), ${NO_NUMBER})`;
  if (INTEGERS.test(type)) return { expression: number, builder: numberBuilder(name, 'integer') };
  if (FLOATS.test(type)) return { expression: number, builder: numberBuilder(name, 'float') };
  if (type === 'BOOLEAN') return { expression: `CAST(${column} AS VARCHAR)`, builder: textBuilder(name) };
  if (DATES.test(type)) return { expression: `CAST(${column} AS VARCHAR)`, builder: dateBuilder(name) };
  if (TEXTS.test(type)) return { expression: `CAST(${column} AS VARCHAR)`, builder: textBuilder(name) };
  throw new ColumnTypeError(name, type.slice(0, 60));
}

function messageOf(error: unknown, path: string): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  // The file's place on the node is nobody's concern.
  return [`'${path}'`, `"${path}"`, path].reduce((text, shown) => text.replaceAll(shown, 'the file'), first).slice(0, 200);
}
