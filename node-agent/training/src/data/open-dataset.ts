import { statSync } from 'node:fs';
import { TRAIN_LIMITS } from '@trainer/model';
import { openCrew } from './csv/crew.js';
import { openCsv } from './csv/csv-file.js';
import { FileWindow } from './csv/file-window.js';
import { lineOfRow } from './csv/places.js';
import { readColumns } from './csv/read-columns.js';
import { TooManyRowsError } from './errors.js';
import { describeParquet } from './parquet/parquet-file.js';
import { readParquetColumns } from './parquet/read-parquet.js';
import { fingerprintOf, openSource, type SourceFile } from './source-file.js';
import type { Dataset } from './table.js';

export interface DatasetLimits {
  /** Rows that the model takes. */
  readonly maxRows: number;
  /** Bytes that a gzip file may unpack to, on the scratch disk. */
  readonly maxUnpackedBytes: number;
}

/** How a dataset is read. */
export interface DatasetReading extends DatasetLimits {
  readonly threads: number;
  /** Of the file as it was stored, where it is known: `sha256:` and hex. */
  readonly fingerprint?: string;
  /** A thread's share of a text file at a time, and the least that is worth a thread. */
  readonly rangeBytes?: number;
}

/** Columns that are read at most. */
export const MAX_COLUMNS = 16_384;
const HEADER_LIMITS = { columns: MAX_COLUMNS, nameChars: TRAIN_LIMITS.columnName.chars };
/** Large enough that the calls don't count, small enough that threads end together. */
const RANGE_BYTES = 4 << 20;
/** A thread takes a tenth of a second of CPU to start, in which another reads so much. */
const BYTES_PER_THREAD = 16 << 20;

/**
 * Looks at a local file (CSV with any of comma, semicolon, tab or bar, gzip of it, Parquet: the content decides): its header and how many
 * rows it has. `name` is the dataset's key; only its ending is looked at.
 * @throws DatasetError naming line, column or limit.
 */
export async function openDataset(path: string, name: string, reading: DatasetReading): Promise<Dataset> {
  const opened = await openSource(path, reading.maxUnpackedBytes);
  const source = { ...opened, fingerprint: reading.fingerprint ?? opened.fingerprint };
  return source.format === 'csv' ? openCsvDataset(source, path, name, reading) : openParquetDataset(source, path, reading);
}

async function openCsvDataset(source: SourceFile, stored: string, name: string, reading: DatasetReading): Promise<Dataset> {
  const { rangeBytes = RANGE_BYTES } = reading;
  const worth = Math.ceil(statSync(source.path).size / (reading.rangeBytes ?? BYTES_PER_THREAD));
  const crew = openCrew(source.path, Math.max(1, Math.min(reading.threads, worth)));
  try {
    let fingerprint = source.fingerprint ?? '';
    const csv = await openCsv(crew, { name, limits: HEADER_LIMITS, rangeBytes }, () => {
      if (source.fingerprint === null) fingerprint = fingerprintOf(stored);
    });
    checkRows(csv.rows, reading.maxRows);
    return {
      format: 'csv',
      columnNames: csv.names,
      rows: csv.rows,
      fingerprint,
      warnings: csv.warnings,
      async read(names) {
        const read = await readColumns(
          crew,
          csv,
          names.map((column) => csv.names.indexOf(column)),
        );
        const locate = async (row: number) => ({ unit: 'line' as const, number: lineOfRow(crew.file, csv.chunks, csv.separator, row) });
        return { rows: csv.rows, ...read, locate };
      },
      close: () => crew.close(),
    };
  } catch (error) {
    crew.close();
    throw error;
  }
}

function openParquetDataset(source: SourceFile, stored: string, reading: DatasetReading): Dataset {
  const window = new FileWindow(source.path);
  try {
    const file = describeParquet(window, HEADER_LIMITS);
    checkRows(file.rows, reading.maxRows);
    return {
      format: 'parquet',
      columnNames: file.columns.map(({ name }) => name),
      rows: file.rows,
      fingerprint: source.fingerprint ?? fingerprintOf(stored),
      warnings: file.warnings,
      async read(names) {
        const read = readParquetColumns(window, file, names);
        const missingTexts = names.map(() => ({}));
        return { rows: file.rows, ...read, missingTexts, locate: async (row) => ({ unit: 'row', number: row + 1 }) };
      },
      close: () => window.close(),
    };
  } catch (error) {
    window.close();
    throw error;
  }
}

/** @throws TooManyRowsError */
export function checkRows(rows: number, maxRows: number): void {
  if (rows > maxRows) throw new TooManyRowsError(rows, maxRows);
}
