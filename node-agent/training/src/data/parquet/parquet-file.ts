import { parquetMetadata, type ColumnMetaData, type FileMetaData } from 'hyparquet';
import { checkedNames, type HeaderLimits } from '../column-names.js';
import type { FileWindow } from '../csv/file-window.js';
import { DatasetError, EmptyDatasetError, NoRowsError, UnreadableDatasetError } from '../errors.js';
import { columnType, schemaRoot, typeName, type ParquetForm, type ParquetKind } from './column-type.js';

/** A column of a Parquet file, under its exact name. */
export interface ParquetColumn {
  readonly name: string;
  readonly kind: ParquetKind;
  readonly form: ParquetForm;
  /** Bytes of a value of fixed length, else 0. */
  readonly valueBytes: number;
  /** May be null, so that levels say where it is. */
  readonly isOptional: boolean;
  /** Where its values are, by groups of rows. */
  readonly chunks: readonly ParquetChunk[];
}

export interface ParquetChunk {
  readonly rows: number;
  /** The first byte of its first page in the file. */
  readonly start: number;
  readonly codec: ColumnMetaData['codec'];
  readonly physicalType: ColumnMetaData['type'];
}

/** A Parquet file whose footer was read. */
export interface ParquetFile {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  readonly warnings: readonly string[];
}

/**
 * Reads the footer. Columns of types that no table of numbers, text, booleans and dates has (lists, structs, binary, ...) and those that
 * pandas stored as its index are left out, with a warning, as `pd.read_parquet` shows neither as a column to compute with.
 * @throws EmptyDatasetError, NoRowsError, UnreadableDatasetError and those of `checkedNames`
 */
export function describeParquet(file: FileWindow, limits: HeaderLimits): ParquetFile {
  const { metadata, all } = asParquet(() => {
    const read = footerOf(file);
    return { metadata: read, all: columnsOf(read) };
  });
  if (all.length === 0) throw new EmptyDatasetError();
  checkedNames(
    all.map(({ name }) => name),
    limits,
  );
  const rows = Number(metadata.num_rows);
  if (rows === 0) throw new NoRowsError(all.length);
  const index = indexNames(metadata.key_value_metadata?.find(({ key }) => key === 'pandas')?.value ?? null);
  const unusable = all.filter(({ name, column }) => !index.has(name) && column === null);
  const stored = all.filter(({ name }) => index.has(name) && !PANDAS_LEVEL.test(name));
  return {
    rows,
    columns: all.flatMap(({ name, column }) => (column === null || index.has(name) ? [] : [column])),
    warnings: [
      ...unusable.map(({ name, type }) => `Column ${JSON.stringify(name)} has the type ${type.slice(0, 60)} and is left out.`),
      ...stored.map(({ name }) => `Column ${JSON.stringify(name)} is the index that pandas stored; it is left out.`),
    ],
  };
}

/** What pandas calls the levels of an index without a name. */
const PANDAS_LEVEL = /^__index_level_\d+__$/;
/** The footer's length and `PAR1`, at the end of the file. */
const TAIL_BYTES = 8;

function footerOf(file: FileWindow): FileMetaData {
  const tail = file.load(Math.max(0, file.size - TAIL_BYTES), file.size);
  if (tail.length < TAIL_BYTES) throw new Error('it is cut off');
  const length = tail.bytes.readUInt32LE(0);
  if (length > file.size - TAIL_BYTES) throw new Error(`its footer would have ${length} bytes, more than the file`);
  const footer = file.load(file.size - TAIL_BYTES - length, file.size);
  return parquetMetadata(footer.bytes.subarray(0, footer.length), { geoparquet: false });
}

interface TopLevel {
  readonly name: string;
  readonly type: string;
  /** Null where no table has its type. */
  readonly column: ParquetColumn | null;
}

/** The root's children; chunks belong to the leaves, in their order. */
function columnsOf({ schema, row_groups: groups, num_rows: rows }: FileMetaData): TopLevel[] {
  if (groups.reduce((sum, group) => sum + group.num_rows, 0n) !== rows) throw new Error('its groups of rows have other rows than it says');
  if (groups.some((group) => group.num_rows < 0n)) throw new Error('a group has less than no rows');
  let leaf = 0;
  return schemaRoot(schema).children.map((node) => {
    const own = leaf;
    leaf += leavesOf(node);
    const { element, children } = node;
    if (typeof element.name !== 'string') throw new Error('a column has no name');
    const type = children.length === 0 && element.repetition_type !== 'REPEATED' ? columnType(element) : null;
    const column = type === null || type.kind === null ? null : { ...type, chunks: chunksOf(groups, own, element.type) };
    const isOptional = element.repetition_type !== 'REQUIRED';
    return {
      name: element.name,
      type: typeName(node),
      column: column && { ...column, name: element.name, isOptional, valueBytes: element.type_length ?? 0 },
    };
  });
}

function leavesOf({ children }: ReturnType<typeof schemaRoot>): number {
  return children.length === 0 ? 1 : children.reduce((sum, child) => sum + leavesOf(child), 0);
}

function chunksOf(groups: FileMetaData['row_groups'], leaf: number, said: ColumnMetaData['type'] | undefined): ParquetChunk[] {
  return groups.map(({ columns, num_rows: rows }): ParquetChunk => {
    const chunk = columns[leaf];
    if (!chunk?.meta_data || chunk.crypto_metadata) throw new Error('its columns are encrypted');
    if (chunk.file_path) throw new Error('its columns are in other files');
    const { codec, type, data_page_offset: data, dictionary_page_offset: dictionary = 0n } = chunk.meta_data;
    if (type !== said) throw new Error('a column has pages of another type than it says');
    // Some writers say 0 where there is no dictionary, and some forget to say that there is one.
    const start = dictionary > 0n && dictionary < data ? dictionary : data;
    return { rows: Number(rows), start: Number(start), codec, physicalType: type };
  });
}

/** The columns that pandas says are its index; a running one is stored as no column. */
function indexNames(pandas: string | null): ReadonlySet<string> {
  if (pandas === null) return new Set();
  try {
    const { index_columns: columns } = JSON.parse(pandas) as { index_columns?: unknown };
    return new Set(Array.isArray(columns) ? columns.filter((name): name is string => typeof name === 'string') : []);
  } catch {
    // A note for pandas that is none says nothing.
    return new Set();
  }
}

/** Runs what reads a file that may be broken anywhere: whatever a decoder stumbles over is the file's fault. @throws UnreadableDatasetError */
export function asParquet<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DatasetError || isOfNode(error)) throw error;
    // Of a decoder that met what it did not expect; its own words say nothing to users.
    const isOdd = error instanceof TypeError || !(error instanceof Error);
    const reason = isOdd ? 'its parts do not fit together' : error.message.slice(0, 200);
    throw new UnreadableDatasetError(`it is a broken Parquet file (${reason}). Write it again and upload it whole.`, { cause: error });
  }
}

/** Memory or disk that the node lacks, which no file is to blame for. */
function isOfNode(error: unknown): boolean {
  return error instanceof Error && ('syscall' in error || error.message === 'Array buffer allocation failed');
}
