import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Connections } from './database.js';

/** Found from this package's own folder, as the code may be packed into another's file. */
const FOLDER = fileURLToPath(new URL('../migrations/', import.meta.resolve('@trainer/head')));
const TABLE = 'migrations';
const SCHEMA = 'trainer';

/**
 * Brings the schema `trainer` up to date, under node-pg-migrate's advisory lock, so that two heads that start at once do
 * not meet. An up-to-date schema costs one query: the migration library is not even loaded.
 * @returns the names of the migrations that ran.
 */
export async function migrate(database: Connections): Promise<readonly string[]> {
  const wanted = (await readdir(FOLDER)).filter((file) => file.endsWith('.sql')).map((file) => file.slice(0, -'.sql'.length));
  const missing = await missingOf(database, wanted);
  if (missing.length === 0) return [];
  const { runner } = await import('node-pg-migrate');
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const ran = await database.withClient((dbClient) =>
    runner({
      dbClient,
      dir: FOLDER,
      direction: 'up',
      migrationsTable: TABLE,
      schema: SCHEMA,
      createSchema: true,
      advisoryLockMode: 'wait',
      logger: quiet,
    }),
  );
  return ran.map((migration) => migration.name);
}

async function missingOf(database: Connections, wanted: readonly string[]): Promise<readonly string[]> {
  const [exists] = await database.query<{ is: boolean }>(`SELECT to_regclass('${SCHEMA}.${TABLE}') IS NOT NULL AS is`);
  if (exists?.is !== true) return wanted;
  const rows = await database.query<{ name: string }>(`SELECT name FROM ${SCHEMA}.${TABLE}`);
  const have = new Set(rows.map((row) => row.name));
  return wanted.filter((name) => !have.has(name));
}
