import { TRAIN_LIMITS } from '@trainer/model';
import { readCsv } from './csv-dataset.js';
import { checkedNames, readCsvHead } from './csv-records.js';
import type { DuckDb } from './duck-db.js';
import { EmptyDatasetError, TooManyRowsError } from './errors.js';
import { describeParquet, readParquet } from './parquet-dataset.js';
import { inspectFile } from './source-file.js';
import type { Dataset, Table } from './table.js';
import { numberOf } from './values.js';

export interface DatasetLimits {
  /** Rows that the model takes. */
  readonly maxRows: number;
  /** Bytes that a gzip file may unpack to, on the scratch disk. */
  readonly maxUnpackedBytes: number;
}

/** Columns that are read at most: reading takes 16 KiB a column at a time, so this is 256 MiB of a lease's memory. */
export const MAX_COLUMNS = 16_384;
const HEADER_LIMITS = { columns: MAX_COLUMNS, nameChars: TRAIN_LIMITS.columnName.chars };

/**
 * Looks at a local file (CSV with any of comma, semicolon, tab or bar, gzip of it, Parquet: the content decides) and restricts
 * DuckDB to it. `name` is the dataset's key; only its ending is looked at.
 * @throws DatasetError naming line, column or limit.
 */
export async function openDataset(duckDb: Promise<DuckDb>, path: string, name: string, limits: DatasetLimits): Promise<Dataset> {
  const source = await inspectFile(path, limits.maxUnpackedBytes);
  if (source.format === 'csv') {
    const head = await readCsvHead(source.path, /\.tsv(\.gz)?$/i.test(name), HEADER_LIMITS);
    const opened = await duckDb;
    await opened.restrictTo(source.path);
    return {
      format: 'csv',
      columnNames: head.names,
      fingerprint: source.fingerprint,
      warnings: head.names.every((column) => numberOf(column) !== null)
        ? ['The first line of the dataset holds only numbers; it was taken as the header. Add a header if it is a row.']
        : [],
      read: async (names) => withinRows(await readCsv(opened, source.path, head, names), limits.maxRows),
    };
  }
  const opened = await duckDb;
  await opened.restrictTo(source.path);
  const columns = await describeParquet(opened, source.path);
  if (columns.length === 0) throw new EmptyDatasetError();
  const columnNames = checkedNames(
    columns.map((column) => column.name),
    HEADER_LIMITS,
  );
  return {
    format: 'parquet',
    columnNames,
    fingerprint: source.fingerprint,
    warnings: [],
    read: async (names) => withinRows(await readParquet(opened, source.path, columns, names), limits.maxRows),
  };
}

function withinRows(table: Table, maxRows: number): Table {
  if (table.rows > maxRows) throw new TooManyRowsError(maxRows);
  return table;
}
