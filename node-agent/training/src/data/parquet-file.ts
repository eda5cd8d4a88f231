import { checkedNames, type HeaderLimits } from './column-names.js';
import { sqlText, type DuckDb } from './duck-db.js';
import { EmptyDatasetError, NoRowsError, UnreadableDatasetError } from './errors.js';

/** A column of a Parquet file, under its exact name. */
export interface ParquetColumn {
  readonly name: string;
  /** The name that DuckDB gives it: names that differ by case alone are made to differ more. */
  readonly alias: string;
  readonly kind: ParquetKind;
}

/** What the file says that a column holds. */
export type ParquetKind = 'integer' | 'long' | 'float' | 'boolean' | 'date' | 'text';

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
export async function describeParquet(duckDb: DuckDb, path: string, limits: HeaderLimits): Promise<ParquetFile> {
  const file = sqlText(path);
  const described = await rowsOf(duckDb, path, `DESCRIBE SELECT * FROM read_parquet(${file})`);
  const schema = await rowsOf(duckDb, path, `SELECT name, CAST(num_children AS VARCHAR) FROM parquet_schema(${file})`);
  const [[rows] = []] = await rowsOf(duckDb, path, `SELECT CAST(num_rows AS VARCHAR) FROM parquet_file_metadata(${file})`);
  const [[pandas] = []] = await rowsOf(duckDb, path, `SELECT decode(value) FROM parquet_kv_metadata(${file}) WHERE decode(key) = 'pandas'`);
  const index = indexNames(pandas ?? null);
  const names = topLevelNames(schema);
  const all = described.map(([alias, type], at) => ({ name: names[at] ?? alias ?? '', alias: alias ?? '', type: type ?? '' }));
  if (all.length === 0) throw new EmptyDatasetError();
  checkedNames(
    all.map(({ name }) => name),
    limits,
  );
  if (Number(rows) === 0) throw new NoRowsError(all.length);
  const columns = all.flatMap(({ name, alias, type }) => {
    const kind = kindOf(type);
    return kind === null || index.has(name) ? [] : [{ name, alias, kind }];
  });
  const unusable = all.filter(({ name, type }) => !index.has(name) && kindOf(type) === null);
  const stored = all.filter(({ name }) => index.has(name) && !PANDAS_LEVEL.test(name));
  return {
    rows: Number(rows),
    columns,
    warnings: [
      ...unusable.map(({ name, type }) => `Column ${JSON.stringify(name)} has the type ${type.slice(0, 60)} and is left out.`),
      ...stored.map(({ name }) => `Column ${JSON.stringify(name)} is the index that pandas stored; it is left out.`),
    ],
  };
}

/** What pandas calls the levels of an index without a name. */
const PANDAS_LEVEL = /^__index_level_\d+__$/;

const INTEGERS = /^(U?(TINY|SMALL)INT|U?INTEGER)$/;
const LONGS = /^U?(BIG|HUGE)INT$/;
const FLOATS = /^(FLOAT|DOUBLE|DECIMAL\(.*\))$/;
const DATES = /^(DATE|TIMESTAMP.*)$/;
const TEXTS = /^(VARCHAR|JSON|ENUM\(.*\)|UUID)$/;

function kindOf(type: string): ParquetKind | null {
  if (INTEGERS.test(type)) return 'integer';
  if (LONGS.test(type)) return 'long';
  if (FLOATS.test(type)) return 'float';
  if (type === 'BOOLEAN') return 'boolean';
  if (DATES.test(type)) return 'date';
  return TEXTS.test(type) ? 'text' : null;
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

/** The names of the root's children; the schema is a tree written depth first, each element with the number of its children. */
function topLevelNames(schema: readonly (readonly (string | null)[])[]): string[] {
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const children = Number(schema[at]?.[1] ?? 0);
    at += 1;
    for (let child = 0; child < children; child += 1) skip();
  };
  while (at < schema.length) {
    names.push(schema[at]?.[0] ?? '');
    skip();
  }
  return names;
}

/** A small result, as texts. */
async function rowsOf(duckDb: DuckDb, path: string, sql: string): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  try {
    await duckDb.query(sql, (columns) => {
      for (let row = 0; row < (columns[0]?.rows ?? 0); row += 1) rows.push(columns.map((column) => column.textAt(row)));
    });
  } catch (error) {
    throw brokenParquet(error, path);
  }
  return rows;
}

/** DuckDB's reason, without the file's place on the node, which is nobody's concern. */
export function brokenParquet(error: unknown, path: string): UnreadableDatasetError {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const reason = [`'${path}'`, `"${path}"`, path].reduce((text, shown) => text.replaceAll(shown, 'the file'), first).slice(0, 200);
  return new UnreadableDatasetError(`it is a broken Parquet file (${reason}). Write it again and upload it whole.`, { cause: error });
}
