import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { TrainerError } from '@trainer/model';
import type { ColumnBatch } from './column-builder.js';

/** A query failed; the message is DuckDB's own, which readers translate. */
export class DuckDbError extends TrainerError<'reader.failed', Record<string, never>> {
  constructor(message: string, options: { cause: unknown }) {
    super('reader.failed', message, {}, 'never', options);
  }
}

/** What the reader may take of the machine. */
export interface ReaderResources {
  readonly threads: number;
  readonly memoryBytes: number;
}

/** DuckDB, open and harmless: no extension is loaded, and after `restrictTo` it reaches one file alone. */
export interface DuckDb {
  /** From now on only this file can be read, and no setting changed. Once. */
  restrictTo(path: string): Promise<void>;
  /**
   * Runs the query and gives its result batch by batch, column by column.
   * @returns the number of rows @throws DuckDbError
   */
  query(sql: string, batch: (columns: readonly ColumnBatch[]) => void): Promise<number>;
  /** Idempotent. */
  close(): void;
}

/** Opens DuckDB (loading its library takes 100 ms of this thread, so open it before the data is there). */
export async function openDuckDb(resources: ReaderResources): Promise<DuckDb> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(resources.threads),
    memory_limit: `${Math.floor(resources.memoryBytes / 2 ** 20)}MiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // Nothing is spilled: what does not fit is an error, not a full disk.
    temp_directory: '',
  });
  const connection = await instance.connect();
  return {
    async restrictTo(path) {
      await connection.run(`SET allowed_paths = [${sqlText(path)}]`);
      await connection.run('SET enable_external_access = false');
      await connection.run('SET lock_configuration = true');
    },
    query: (sql, batch) => runQuery(connection, sql, batch),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** The whole result is made before it is read: a result that streams ends without a word where reading fails (tried with 1.5.6). */
async function runQuery(connection: DuckDBConnection, sql: string, batch: (columns: readonly ColumnBatch[]) => void): Promise<number> {
  const result = await connection.run(sql).catch((error: unknown) => {
    throw new DuckDbError(messageOf(error), { cause: error });
  });
  let rows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return rows;
    rows += chunk.rowCount;
    batch(columnsOf(chunk));
  }
}

function columnsOf(chunk: DuckDBDataChunk): ColumnBatch[] {
  return Array.from({ length: chunk.columnCount }, (_, index) => {
    const vector = chunk.getColumnVector(index);
    return { rows: chunk.rowCount, numbers: numbersIn(vector), at: (row: number) => vector.getItem(row) };
  });
}

/**
 * The array in which a vector of doubles holds its values. The package has no public way to it, and one call a value costs three
 * times the parsing; where a version holds them otherwise, the slow way is taken.
 */
function numbersIn(vector: object): Float64Array | null {
  if (!('items' in vector)) return null;
  const { items } = vector;
  return ArrayBuffer.isView(items) && items.constructor.name === 'Float64Array' ? (items as Float64Array) : null;
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

/** What stands for null in a column of doubles. */
export const NO_NUMBER = "'nan'::DOUBLE";

/** A text as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an SQL identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
