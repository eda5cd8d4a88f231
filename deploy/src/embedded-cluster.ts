import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentConfig, AgentSettings } from '@trainer/agent';
import { connectHead, type HeadConnection } from '@trainer/client/internal';
import type { startGateway } from '@trainer/gateway';
import type { Clock, EngineState } from '@trainer/model';
import { connectMessages, detectSpawner, timeScale, until, type Logger } from '@trainer/runtime';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import { writeClusterFile } from './cluster-file.js';
import { databaseUrlOf, type Settings } from './config/settings.js';
import { findNatsServer, portPicker, startNats, startPostgres, type DataFolder, type EmbeddedServerOptions } from './embedded/index.js';
import { NATIVE_FOLDER, readEngines } from './native-parts.js';
import { VERSION } from './version.js';

/** Everything on this machine listens here; other machines join in cluster mode. */
const HOST = '127.0.0.1';
/** Actors that are asked to end get this long; what is left is killed. Ctrl-C stops all within 3 s. */
const AGENT_STOP_MS = 1_000;
/** A node that has not joined by then will not: its reason is in the log. */
const JOIN_WITHIN_MS = 20_000;

export interface EmbeddedClusterOptions {
  readonly folder: DataFolder;
  readonly settings: Settings;
  readonly withGateway: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when a part is given up or this head leads no more: the cluster can't go on. */
  readonly onFatal: (error: Error) => void;
}

/** A cluster of one node in this process, with PostgreSQL and nats-server as its children. */
export interface EmbeddedCluster {
  /** host:port of the head's gRPC. */
  readonly address: string;
  readonly restUrl: string | null;
  readonly head: HeadConnection;
  readonly store: ObjectStore;
  /** Stops every part, newest first; idempotent. */
  close(): Promise<void>;
}

/** Starts all parts; when one fails, those before it are stopped and its error is thrown. */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const stop of closers.splice(0).reverse()) await stop();
  };
  try {
    return { ...(await startParts(options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startParts(
  options: EmbeddedClusterOptions,
  closers: (() => Promise<void> | void)[],
): Promise<Omit<EmbeddedCluster, 'close'>> {
  const { folder, settings, clock, log } = options;
  const storeConfig = storeConfigOf(folder);
  const starting = Promise.all([startServers(options, closers), openObjectStore(storeConfig)]);
  // Loaded while the servers start, on the other core; the gateway last, as nothing waits for it.
  const [[{ databaseUrl, natsUrl }, store], { startHead }, agentCode] = await Promise.all([
    starting,
    import('@trainer/head'),
    import('@trainer/agent'),
  ]);
  const gatewayCode = options.withGateway ? import('@trainer/gateway') : null;
  const head = await startHead({
    secret: folder.secret,
    natsUrl,
    natsToken: folder.secret,
    timeScale: timeScale(settings.TRAINER_TIME_SCALE),
    storeConfig,
    clock,
    log: log.child({ part: 'head' }),
    host: HOST,
    port: 0,
    databaseUrl,
    version: VERSION,
    buckets: { data: settings.MINIO_BUCKET_DATA, models: settings.MINIO_BUCKET_MODELS },
    maxParallelJobs: settings.MAX_PARALLEL_JOBS,
    queueLimit: settings.TRAINER_QUEUE_LIMIT,
    defaultEpochs: settings.DEFAULT_EPOCHS,
    earlyStoppingPatience: settings.EARLY_STOPPING_PATIENCE,
    checkpointInterval: settings.CHECKPOINT_INTERVAL,
    random: randomBytes,
    onFatal: options.onFatal,
  });
  closers.push(() => head.close());
  const agent = await agentCode.start(
    agentConfig(options, agentCode.readConfig, { headAddress: head.address, natsUrl, engines: await readEngines() }),
    { clock, logger: log.child({ part: 'agent' }) },
  );
  closers.push(() => agent.stop(AGENT_STOP_MS));
  const connection = connectHead({ address: head.address, secret: folder.secret });
  closers.push(() => connection.close());
  const restUrl = gatewayCode === null ? null : await startRest(await gatewayCode, options, { head: connection, store, natsUrl }, closers);
  await nodeHasJoined(connection, clock);
  await writeClusterFile(folder.path, { address: head.address, restUrl, pid: process.pid, version: VERSION });
  return { address: head.address, restUrl, head: connection, store };
}

function agentConfig(
  { folder, settings }: EmbeddedClusterOptions,
  readConfig: (settings: AgentSettings) => AgentConfig,
  { headAddress, natsUrl, engines }: { readonly headAddress: string; readonly natsUrl: string; readonly engines: readonly EngineState[] },
): AgentConfig {
  return readConfig({
    headAddress,
    secret: folder.secret,
    natsServers: [new URL(natsUrl).host],
    natsToken: folder.secret,
    folder: join(folder.path, 'agent'),
    timeScale: settings.TRAINER_TIME_SCALE,
    store: storeConfigOf(folder),
    nativeDir: NATIVE_FOLDER,
    engines: [...engines],
    version: VERSION,
    actorEntry: fileURLToPath(new URL('process.bundle.mjs', import.meta.resolve('@trainer/actor'))),
    modules: { '@trainer/training': new URL('bundled/index.js', import.meta.resolve('@trainer/training')).href },
    processEnvironment: { PATH: settings.PATH },
    fakeGpus: settings.TRAINER_FAKE_GPUS,
    visibleDevices: settings.CUDA_VISIBLE_DEVICES ?? null,
  });
}

function storeConfigOf(folder: DataFolder) {
  return { kind: 'folder', path: join(folder.path, 'objects') } as const;
}

async function startServers(
  options: EmbeddedClusterOptions,
  closers: (() => Promise<void> | void)[],
): Promise<{ databaseUrl: string; natsUrl: string }> {
  const { folder, settings, clock, log } = options;
  const path = settings.PATH;
  const [first, last] = settings.TRAINER_PORTS?.split('-').map(Number) ?? [];
  const ports = portPicker(HOST, first === undefined || last === undefined ? null : { first, last });
  const common = { host: HOST, secret: folder.secret, ports, spawner: await detectSpawner(path), clock, path };
  const listener = { onLine: (line: string) => log.debug('a server wrote', { line }), onGivenUp: options.onFatal };
  const server = (name: string): EmbeddedServerOptions => ({ ...common, folder: join(folder.path, name), listener });
  const keep = async <S extends { url: string; stop(): Promise<void> }>(starting: Promise<S>): Promise<string> => {
    const started = await starting;
    closers.push(() => started.stop());
    return started.url;
  };
  const [databaseUrl, natsUrl] = await Promise.allSettled([
    databaseUrlOf(settings) ?? keep(startPostgres(server('postgres'))),
    settings.NATS_URL ?? keep(natsProgram(settings).then((program) => startNats(program, server('nats')))),
  ]);
  if (databaseUrl.status === 'rejected') throw databaseUrl.reason;
  if (natsUrl.status === 'rejected') throw natsUrl.reason;
  return { databaseUrl: databaseUrl.value, natsUrl: natsUrl.value };
}

function natsProgram(settings: Settings): Promise<string> {
  return findNatsServer({
    named: settings.TRAINER_NATS_SERVER ?? null,
    path: settings.PATH,
    fetched: join(NATIVE_FOLDER, 'nats', 'bin', 'nats-server'),
  });
}

/** @returns where REST listens. */
async function startRest(
  code: { readonly startGateway: typeof startGateway },
  { folder, settings, clock, log }: EmbeddedClusterOptions,
  { head, store, natsUrl }: { readonly head: HeadConnection; readonly store: ObjectStore; readonly natsUrl: string },
  closers: (() => Promise<void> | void)[],
): Promise<string> {
  const logger = log.child({ part: 'gateway' });
  const servers = [new URL(natsUrl).host];
  const messages = await connectMessages({ servers, token: folder.secret, name: 'gateway', logger, random: Math.random });
  closers.push(() => messages.close());
  const gatewaySettings = {
    host: settings.SERVICE_HOST,
    port: settings.SERVICE_PORT,
    serviceName: settings.SERVICE_NAME,
    version: VERSION,
    buckets: { data: settings.MINIO_BUCKET_DATA, models: settings.MINIO_BUCKET_MODELS },
    corsOrigins: settings.TRAINER_CORS_ORIGINS.split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ''),
    auth: settings.AUTH ?? 'loopback',
    uploadLimitBytes: settings.TRAINER_UPLOAD_LIMIT,
    cancelWaitMs: 5_000,
    healthTimeoutMs: 800,
    eventsFillMs: 5_000,
  } as const;
  const gateway = await code.startGateway({ head, messages, store, settings: gatewaySettings, clock }, logger);
  closers.push(() => gateway.close());
  return gateway.url;
}

/** The cluster is of use once its node can be planned on. */
async function nodeHasJoined(head: HeadConnection, clock: Clock): Promise<void> {
  await until('the node has joined', async () => (await head.nodes.list()).some((node) => node.state === 'connected'), {
    clock,
    deadlineMs: JOIN_WITHIN_MS,
    everyMs: 10,
  });
}
