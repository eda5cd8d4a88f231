import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNatsServer, portPicker, startNats, startPostgres } from '@trainer/deploy/embedded';
import { detectSpawner, systemClock } from '@trainer/runtime';

/** The servers that the embedded cluster runs, alone. */
export interface RealServers {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly secret: string;
  /** For files of the test; removed with the servers. */
  readonly folder: string;
  /** SIGKILL; resolves when it is ready again. */
  killPostgres(): Promise<void>;
  stopNats(): Promise<void>;
  /** On the same port as before. */
  startNats(): Promise<void>;
  stop(): Promise<void>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const HOST = '127.0.0.1';
const FETCHED_NATS = fileURLToPath(new URL('../../deploy/native/nats/bin/nats-server', import.meta.url));

/** Starts PostgreSQL and nats-server on free ports, in a folder of their own in `parent`. */
export async function startRealServers(parent = tmpdir()): Promise<RealServers> {
  const folder = await mkdtemp(join(parent, 'trainer-servers-'));
  const secret = 'a-secret-for-tests';
  const options = (name: string, spawner: Awaited<ReturnType<typeof detectSpawner>>) => ({
    folder: join(folder, name),
    secret,
    host: HOST,
    ports: portPicker(HOST, null),
    spawner,
    clock: systemClock(),
    path: PATH,
  });
  const spawner = await detectSpawner(PATH);
  const program = await findNatsServer({ named: null, path: PATH, fetched: FETCHED_NATS });
  const [postgres, firstNats] = await Promise.all([
    startPostgres(options('postgres', spawner)),
    startNats(program, options('nats', spawner)),
  ]);
  let nats = firstNats;
  const natsPort = Number(new URL(nats.url).port);
  return {
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    secret,
    folder,
    async killPostgres() {
      const back = new Promise<void>((resolve) => postgres.onRestart(resolve));
      if (postgres.pid !== null) process.kill(postgres.pid, 'SIGKILL');
      await back;
    },
    stopNats: () => nats.stop(),
    async startNats() {
      const onSamePort = portPicker(HOST, { first: natsPort, last: natsPort });
      nats = await startNats(program, { ...options('nats', spawner), ports: onSamePort });
    },
    async stop() {
      await Promise.all([postgres.stop(), nats.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
