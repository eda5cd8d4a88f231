import type DuckDbBindings from '@duckdb/node-bindings';
import type { Connection, Vector } from '@duckdb/node-bindings';
import { TrainerError } from '@trainer/model';

/** A query failed; the message is DuckDB's own, which readers translate. */
export class DuckDbError extends TrainerError<'reader.failed', Record<string, never>> {
  constructor(message: string, options: { cause: unknown }) {
    super('reader.failed', message, {}, 'same', options);
  }
}

/** Values of one column of one part of a result, by row of the part; only until the next part. */
export interface ColumnBatch {
  readonly rows: number;
  /** The values, where the column is of doubles; its query leaves no null. */
  readonly numbers: Float64Array | null;
  /** The text, where the column is of texts; null for null. */
  textAt(row: number): string | null;
  /** The text's bytes in UTF-8. */
  bytesAt(row: number): TextBytes | null;
}

/** The bytes between two places. */
export interface TextBytes {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
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

/**
 * Opens DuckDB; loading its library takes a part of a second of this thread, so open it before the data is there. The package
 * `node-api` on top of these bindings would take three times as long to load.
 */
export async function openDuckDb(resources: ReaderResources): Promise<DuckDb> {
  const { default: duckdb } = await import('@duckdb/node-bindings');
  const config = duckdb.create_config();
  duckdb.set_config(config, 'threads', String(resources.threads));
  duckdb.set_config(config, 'memory_limit', `${Math.floor(resources.memoryBytes / 2 ** 20)}MiB`);
  duckdb.set_config(config, 'autoinstall_known_extensions', 'false');
  duckdb.set_config(config, 'autoload_known_extensions', 'false');
  // Each byte of the file is read once: a cache of it would hold the whole file beside the table.
  duckdb.set_config(config, 'enable_external_file_cache', 'false');
  // What it frees goes back at once: kept for later, as much as the table itself lay there unused (tried with 1.5.6).
  duckdb.set_config(config, 'allocator_flush_threshold', '1MiB');
  duckdb.set_config(config, 'allocator_bulk_deallocation_flush_threshold', '1MiB');
  // Nothing is spilled: what does not fit is an error, not a full disk.
  duckdb.set_config(config, 'temp_directory', '');
  const database = await duckdb.open(':memory:', config);
  const connection = await duckdb.connect(database);
  let isOpen = true;
  return {
    async restrictTo(path) {
      await duckdb.query(connection, `SET allowed_paths = [${sqlText(path)}]`);
      await duckdb.query(connection, 'SET enable_external_access = false');
      await duckdb.query(connection, 'SET lock_configuration = true');
    },
    query: (sql, batch) => runQuery(duckdb, connection, sql, batch),
    close() {
      if (!isOpen) return;
      isOpen = false;
      duckdb.disconnect_sync(connection);
      duckdb.close_sync(database);
    },
  };
}

type Bindings = typeof DuckDbBindings;

/** The whole result is made before it is read: a result that streams ends without a word where reading fails (tried with 1.5.6). */
async function runQuery(
  duckdb: Bindings,
  connection: Connection,
  sql: string,
  batch: (columns: readonly ColumnBatch[]) => void,
): Promise<number> {
  const result = await duckdb.query(connection, sql).catch((error: unknown) => {
    throw new DuckDbError(messageOf(error), { cause: error });
  });
  let rows = 0;
  for (;;) {
    const chunk = await duckdb.fetch_chunk(result);
    const size = chunk ? duckdb.data_chunk_get_size(chunk) : 0;
    if (!chunk || size === 0) return rows;
    rows += size;
    const columns = duckdb.data_chunk_get_column_count(chunk);
    batch(Array.from({ length: columns }, (_, index) => columnOf(duckdb, duckdb.data_chunk_get_vector(chunk, index), size)));
  }
}

/** Doubles without nulls and texts, which is all that the readers ask for. */
function columnOf(duckdb: Bindings, vector: Vector, rows: number): ColumnBatch {
  const type: number = duckdb.get_type_id(duckdb.vector_get_column_type(vector));
  if (type === DOUBLE) {
    const bytes = duckdb.vector_get_data(vector, rows * 8);
    return { rows, numbers: new Float64Array(bytes.buffer, bytes.byteOffset, rows), textAt: () => null, bytesAt: () => null };
  }
  if (type !== VARCHAR) return { rows, numbers: null, textAt: () => null, bytesAt: () => null };
  const texts = duckdb.vector_get_data(vector, rows * TEXT_BYTES);
  const view = new DataView(texts.buffer, texts.byteOffset, texts.byteLength);
  // One bit a row, or nothing where all are valid.
  const valid = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null;
  const isValid = (row: number): boolean => !valid || ((valid[row >> 3] ?? 0) & (1 << (row & 7))) !== 0;
  const bytesAt = (row: number): TextBytes | null => (isValid(row) ? textBytes(duckdb, texts, view, row * TEXT_BYTES) : null);
  return {
    rows,
    numbers: null,
    bytesAt,
    textAt(row) {
      const bytes = bytesAt(row);
      return bytes && decoder.decode(bytes.buffer.subarray(bytes.start, bytes.end));
    },
  };
}

/** Of the bindings' `Type`; its module is loaded late, so that the numbers stand here. */
const DOUBLE = 11;
const VARCHAR = 17;

/** A `duckdb_string_t`: a length of four bytes, then twelve bytes of text, or four of its beginning and a pointer. */
const TEXT_BYTES = 16;
const INLINE_BYTES = 12;
const decoder = new TextDecoder();

function textBytes(duckdb: Bindings, texts: Uint8Array, view: DataView, offset: number): TextBytes {
  const length = view.getUint32(offset, true);
  if (length <= INLINE_BYTES) return { buffer: texts, start: offset + 4, end: offset + 4 + length };
  const start = view.byteOffset + offset;
  return { buffer: duckdb.get_data_from_pointer(view.buffer as ArrayBuffer, start + 8, length), start: 0, end: length };
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

/** A text as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an SQL identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
