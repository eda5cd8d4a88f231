import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { ConfigError } from '@trainer/runtime';
import { startOnFreePort, type EmbeddedServer, type EmbeddedServerOptions } from './embedded-server.js';
import { ServerUnavailableError } from './errors.js';
import type { StopRung } from './supervised-server.js';

/** It holds nothing on disk: SIGTERM only closes its connections. Within 3 s in all. */
const STOP_LADDER: readonly StopRung[] = [
  { signal: 'SIGTERM', waitMs: 1_500 },
  { signal: 'SIGKILL', waitMs: 500 },
];

/** The largest message: placements and events are some KiB, and what is larger goes over gRPC or the object store. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

/** How long one look for the server's greeting may take, ms. */
const GREETING_WITHIN_MS = 1_000;

/** Where nats-server may be. */
export interface NatsServerPlaces {
  /** The one that the user names (`TRAINER_NATS_SERVER`), which goes first. */
  readonly named: string | null;
  readonly path: string;
  /** Where set-up puts the one that it fetches. */
  readonly fetched: string;
}

/** @throws ConfigError when the one that is named is none, ServerUnavailableError when it is in none of the places */
export async function findNatsServer(places: NatsServerPlaces): Promise<string> {
  if (places.named !== null) {
    if (await isExecutable(places.named)) return places.named;
    const problem = `${places.named} is not executable: correct the path or leave it out`;
    throw new ConfigError([{ name: 'TRAINER_NATS_SERVER', problem, from: null }]);
  }
  for (const folder of places.path.split(delimiter)) {
    const file = join(folder, 'nats-server');
    if (folder !== '' && (await isExecutable(file))) return file;
  }
  if (await isExecutable(places.fetched)) return places.fetched;
  throw new ServerUnavailableError('nats-server', 'it is not installed: run npm start in the clone, put it on the PATH, or set NATS_URL.');
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Starts nats-server, which takes only clients that show the secret as their token; it is started again whenever it dies, on
 * the same port, and stopped within 3 s. Its url is without the secret.
 * @param program the path of nats-server
 * @throws ServerFailedError when it does not start
 */
export async function startNats(program: string, options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const file = join(options.folder, 'nats.conf');
  const programOn = async (port: number) => {
    await writeConfiguration(file, options, port);
    return {
      name: 'nats-server',
      stopLadder: STOP_LADDER,
      isReady: () => greets(options.host, port),
      launch: () =>
        options.spawner.spawn({
          command: program,
          args: ['--config', file],
          env: { PATH: options.path },
          stdio: ['ignore', 'pipe', 'pipe'],
          isGroupLeader: true,
        }),
    };
  };
  return startOnFreePort(options, programOn, (port) => `nats://${options.host}:${String(port)}`);
}

/** The token stands in a file for the owner alone: arguments are for everybody to read. */
async function writeConfiguration(file: string, options: EmbeddedServerOptions, port: number): Promise<void> {
  const text = [
    `host: ${JSON.stringify(options.host)}`,
    `port: ${String(port)}`,
    `authorization { token: ${JSON.stringify(options.secret)} }`,
    `max_payload: ${String(MAX_PAYLOAD_BYTES)}`,
    '',
  ].join('\n');
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** A server that is ready says INFO to whoever connects. */
function greets(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (isReady: boolean): void => {
      socket.destroy();
      resolve(isReady);
    };
    socket.setTimeout(GREETING_WITHIN_MS, () => end(false));
    socket.once('data', (chunk: Buffer) => end(chunk.toString('latin1').startsWith('INFO ')));
    socket.once('error', () => end(false));
    socket.once('close', () => resolve(false));
  });
}
