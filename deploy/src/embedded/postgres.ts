import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initializeOnce } from './postgres-init.js';
import { postgresBinaries } from './postgres-binaries.js';
import { predecessorEnded } from './postgres-predecessor.js';
import { postgresUser } from './postgres-user.js';
import { startOnFreePort, type EmbeddedServer, type EmbeddedServerOptions } from './embedded-server.js';
import type { StopRung } from './supervised-server.js';

/** The one role and the one database; the head's tables lie in a schema of their own. */
const ROLE = 'trainer';
const DATABASE = 'postgres';

/** Fast shutdown, then at once with recovery at the next start, then none: within 3 s in all. */
const STOP_LADDER: readonly StopRung[] = [
  { signal: 'SIGINT', waitMs: 1_500 },
  { signal: 'SIGQUIT', waitMs: 500 },
  { signal: 'SIGKILL', waitMs: 500 },
];

/**
 * Settings of a server for one cluster on a person's machine: what a job's rows need, and no more memory. Commits stay
 * durable (fsync and synchronous_commit are on by default), as nothing acknowledged may be lost by killing any process.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  unix_socket_directories: '',
  max_connections: '40',
  shared_buffers: '16MB',
  work_mem: '2MB',
  maintenance_work_mem: '16MB',
  wal_buffers: '1MB',
  min_wal_size: '16MB',
  max_wal_size: '48MB',
  // No replication and no parallel queries: their workers would be processes that wait.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  max_parallel_workers: '0',
  autovacuum_max_workers: '1',
  // PostgreSQL 18 has three processes for reading ahead unless it reads as it goes.
  io_method: 'sync',
  jit: 'off',
  // A client that vanished with its machine frees its connection and its locks.
  tcp_keepalives_idle: '10',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Starts PostgreSQL from npm's binary package, initialized the first time; it is started again whenever it dies, on the same
 * port, and stopped within 3 s. As root it runs in a user namespace or as `nobody`, because it refuses root.
 * @throws ServerUnavailableError when this system or user can't run it
 * @throws ServerFailedError when it does not start; DiskFullError, DataFolderVersionError
 */
export async function startPostgres(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const binaries = await postgresBinaries();
  const user = await postgresUser(join(options.folder, 'data'), options.path);
  const data = await initializeOnce(options, binaries, user);
  await predecessorEnded(data, options.clock);
  const programOn = (port: number) =>
    Promise.resolve({
      name: 'PostgreSQL',
      stopLadder: STOP_LADDER,
      isReady: (pid: number) => isReady(data, pid),
      launch: () =>
        options.spawner.spawn({
          command: binaries.postgres,
          args: ['-D', data, '-h', options.host, '-p', String(port), ...settingArguments()],
          env: { PATH: options.path, LC_ALL: 'C' },
          cwd: '/',
          stdio: ['ignore', 'pipe', 'pipe'],
          isGroupLeader: true,
          userChange: user.command,
        }),
    });
  const credentials = `${ROLE}:${encodeURIComponent(options.secret)}`;
  return startOnFreePort(options, programOn, (port) => `postgresql://${credentials}@${options.host}:${String(port)}/${DATABASE}`);
}

function settingArguments(): readonly string[] {
  return Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * The server writes its state into line 8 of its pid file, which is what its own pg_ctl reads (PostgreSQL 10 and later,
 * src/include/utils/pidfile.h); a connection would be accepted long before it is ready.
 */
async function isReady(data: string, pid: number): Promise<boolean> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}
