import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import duckdb from '@duckdb/node-bindings';

/** A text as an SQL literal. */
function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** @returns a Parquet file of what the query selects, as DuckDB writes it; `options` of COPY, each behind a comma. */
export async function writtenByDuckDb(select: string, options = ''): Promise<Uint8Array> {
  const place = await mkdtemp(join(tmpdir(), 'trainer-parquet-'));
  const database = await duckdb.open(':memory:');
  const connection = await duckdb.connect(database);
  try {
    await duckdb.query(connection, `COPY (${select}) TO ${sqlText(`${place}/t`)} (FORMAT parquet${options})`);
    return await readFile(`${place}/t`);
  } finally {
    duckdb.disconnect_sync(connection);
    duckdb.close_sync(database);
    await rm(place, { recursive: true });
  }
}
