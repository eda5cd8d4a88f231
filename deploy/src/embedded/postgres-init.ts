import { once } from 'node:events';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolderVersionError, DiskFullError, ServerFailedError } from './errors.js';
import { LEAST_FREE_BYTES } from './data-folder.js';
import { POSTGRES_MAJOR, type PostgresBinaries } from './postgres-binaries.js';
import type { PostgresUser } from './postgres-user.js';
import type { EmbeddedServerOptions } from './embedded-server.js';

/** Longer than a slow disk takes (6 s were seen), ms; what takes this long hangs. */
const INIT_WITHIN_MS = 120_000;

/**
 * Makes PostgreSQL's data folder where there is none, whole or not at all. Its only role takes the cluster's secret as its
 * password, checked by SCRAM on every connection.
 * @returns the data folder
 * @throws DataFolderVersionError when there is one of another major version
 * @throws DiskFullError, ServerFailedError when it can't be made
 */
export async function initializeOnce(options: EmbeddedServerOptions, binaries: PostgresBinaries, user: PostgresUser): Promise<string> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const data = join(options.folder, 'data');
  const version = await readFile(join(data, 'PG_VERSION'), 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
  if (version === POSTGRES_MAJOR) return data;
  if (version !== null) throw new DataFolderVersionError(data, `PostgreSQL ${version}`, `PostgreSQL ${POSTGRES_MAJOR}`);
  const draft = join(options.folder, 'data.new');
  const passwordFile = join(options.folder, 'password');
  // The program that a killed initdb ran may write for a moment longer.
  await rm(draft, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  await writeFile(passwordFile, options.secret, { mode: 0o600 });
  try {
    await runInit(options, binaries, user, ['-D', draft, `--pwfile=${passwordFile}`]);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(draft, data);
  return data;
}

/** One role, UTF-8, an order of text that is the same on every machine, and small log segments. */
const INIT_ARGUMENTS = [
  '--username=trainer',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--wal-segsize=4',
  '--no-instructions',
];

async function runInit(
  options: EmbeddedServerOptions,
  binaries: PostgresBinaries,
  user: PostgresUser,
  args: readonly string[],
): Promise<void> {
  const child = options.spawner.spawn({
    command: binaries.initdb,
    args: [...args, ...INIT_ARGUMENTS],
    env: { PATH: options.path, LC_ALL: 'C' },
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    isGroupLeader: true,
    userChange: user.command,
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
  const limit = options.clock.after(INIT_WITHIN_MS, () => child.kill('SIGKILL'));
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return;
  } catch (error) {
    said = error instanceof Error ? error.message : String(error);
  } finally {
    limit.cancel();
  }
  if (said.includes('No space left on device')) throw new DiskFullError(options.folder, 0, LEAST_FREE_BYTES);
  throw new ServerFailedError('PostgreSQL', 'could not be initialized', said.trim().split('\n'));
}
