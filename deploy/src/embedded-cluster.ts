import { join } from 'node:path';
import type * as agentModule from '@trainer/agent';
import type { startGateway } from '@trainer/gateway';
import type { startHead } from '@trainer/head';
import { connectHead, connectTo, type HeadConnection } from '@trainer/client/internal';
import type { Clock } from '@trainer/model';
import { ConfigError, detectSpawner, openMessages, processName, sleep, until, type Logger, type Spawner } from '@trainer/runtime';
import { openObjectStore, type ObjectStore, type ObjectStoreConfig } from '@trainer/storage';
import { headPortBefore, removeClusterFile, writeClusterFile } from './cluster-file.js';
import { folderProblem, type ClusterPlace } from './config/cluster-settings.js';
import { databaseUrlOf, natsAddress, portsOf, type Settings } from './config/settings.js';
import { s3ConfigOf } from './config/store-config.js';
import {
  findNatsServer,
  namingTheDisk,
  portPicker,
  shortOfRoom,
  startNats,
  startPostgres,
  type DataFolder,
  type EmbeddedServerOptions,
  type PortPicker,
} from './embedded/index.js';
import { NATIVE_FOLDER } from './own-files.js';
import { agentSettings } from './parts/agent-part.js';
import { childAgent } from './parts/child-agents.js';
import { gatewaySettings } from './parts/gateway-part.js';
import { headOptions } from './parts/head-part.js';
import { KeptHead } from './parts/kept-head.js';
import { namedShare, sharesOf, type Share } from './parts/shares.js';
import { VERSION } from './version.js';

/** Everything on this machine listens here; other machines join in cluster mode. */
const HOST = '127.0.0.1';
/** Actors that are asked to end get this long; what is left is killed. Ctrl-C stops all within 3 s. */
const AGENT_STOP_MS = 1_000;
/** What hangs after a start that failed must not keep its reason from being said. */
const FAILED_CLOSE_MS = 3_000;
/** A node that has not joined by then will not: its reason is in the log. */
const JOIN_WITHIN_MS = 20_000;

export interface EmbeddedClusterOptions {
  readonly folder: DataFolder;
  readonly settings: Settings;
  readonly withGateway: boolean;
  /** How many agents: the first in this process, the others in processes of their own. */
  readonly agents: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when a part is given up: the cluster can't go on. */
  readonly onFatal: (error: Error) => void;
}

/** A cluster in this process, with PostgreSQL, nats-server and further agents as its children. */
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
  const closers: Closers = [];
  const close = async (): Promise<void> => {
    for (const stop of closers.splice(0).reverse()) await stop();
  };
  try {
    return { ...(await startParts(options, closers)), close };
  } catch (error) {
    await Promise.race([close(), sleep(options.clock, FAILED_CLOSE_MS)]);
    throw await namingTheDisk(options.folder.path, error);
  }
}

type Closers = (() => Promise<void> | void)[];

/** What all parts share. */
interface Shared {
  readonly place: ClusterPlace;
  /** As it was given, with its token, or as the embedded server is reached. */
  readonly natsUrl: string;
  readonly spawner: Spawner;
  readonly ports: PortPicker;
}

async function startParts(options: EmbeddedClusterOptions, closers: Closers): Promise<Omit<EmbeddedCluster, 'close'>> {
  const { folder, settings, clock } = options;
  const storeConfig = s3ConfigOf(settings) ?? (await folderStore(settings.TRAINER_OBJECTS ?? join(folder.path, 'objects')));
  const spawner = await detectSpawner(settings.PATH);
  const ports = portPicker(HOST, portsOf(settings));
  const starting = Promise.all([startServers(options, { spawner, ports }, closers), openObjectStore(storeConfig)]);
  // Loaded while the servers start, on the other core; the gateway last, as nothing waits for it.
  const [[{ databaseUrl, natsUrl }, store], headCode, agentCode] = await Promise.all([
    starting,
    import('@trainer/head'),
    import('@trainer/agent'),
  ]);
  const gatewayCode = options.withGateway ? import('@trainer/gateway') : null;
  const place = { secret: folder.secret, nats: natsAddress(natsUrl, folder.secret), store: storeConfig };
  const shared: Shared = { place, natsUrl, spawner, ports };
  const address = await keepHead(headCode, options, { ...shared, databaseUrl }, closers);
  await startAgents(agentCode, options, { ...shared, address }, closers);
  const connection = connectHead({ address, secret: folder.secret });
  closers.push(() => connection.close());
  const restUrl =
    gatewayCode === null ? null : await startRest(await gatewayCode, options, { place, address, head: connection, store }, closers);
  await nodesHaveJoined(connection, options.agents, clock);
  closers.push(() => removeClusterFile(folder.path));
  const start = (await processName(process.pid))?.start ?? '';
  await writeClusterFile(folder.path, { address, restUrl, pid: process.pid, start, version: VERSION });
  return { address, restUrl, head: connection, store };
}

async function folderStore(path: string): Promise<ObjectStoreConfig> {
  const problem = await folderProblem(path);
  if (problem !== null) throw new ConfigError([{ name: 'TRAINER_OBJECTS', problem, from: null }]);
  return { kind: 'folder', path };
}

/** @returns the head's address. */
async function keepHead(
  code: { readonly startHead: typeof startHead },
  { folder, settings, clock, log, onFatal }: EmbeddedClusterOptions,
  { place, ports, databaseUrl }: Shared & { readonly databaseUrl: string },
  closers: Closers,
): Promise<string> {
  const kept = new KeptHead({
    start: (port, onEnd) => {
      const databaseOutlook = (): Promise<string | null> => shortOfRoom(folder.path);
      const surroundings = { host: HOST, port, clock, log: log.child({ part: 'head' }), onFatal: onEnd, databaseOutlook };
      return code.startHead(headOptions(settings, { ...place, databaseUrl }, surroundings));
    },
    // Programs that outlived the cluster that ran here before look for it where it was.
    port: await ports.pick(await headPortBefore(folder.path)),
    clock,
    log,
    onGivenUp: onFatal,
  });
  const address = await kept.start();
  closers.push(() => kept.close());
  return address;
}

/** Starts the launcher's own agent and the others beside it. @throws when one of them does not start or join */
async function startAgents(
  code: typeof agentModule,
  options: EmbeddedClusterOptions,
  { place, natsUrl, spawner, address }: Shared & { readonly address: string },
  closers: Closers,
): Promise<void> {
  const { folder, settings, clock, log } = options;
  const [own, ...others] = await sharesFor(code, settings, options.agents);
  if (own === undefined) return;
  const stops: (() => Promise<void>)[] = [];
  // All at once, so that many take no longer than one.
  closers.push(async () => void (await Promise.allSettled(stops.map((stop) => stop()))));
  const startOwn = async (): Promise<void> => {
    const ownPlace = { ...place, heads: [address], folder: join(folder.path, 'agent'), host: HOST };
    const config = code.readConfig(await agentSettings(settings, ownPlace, own));
    const agent = await code.start(config, { clock, logger: log.child({ part: 'agent' }) });
    stops.push(() => agent.stop(AGENT_STOP_MS));
    void agent.whenRefused.then(options.onFatal);
  };
  const startOther = async (share: Share, index: number): Promise<void> => {
    const cluster = { home: folder.path, settings, headAddress: address, natsUrl, store: place.store };
    const server = childAgent({ ...cluster, number: index + 2, share, spawner, clock, log });
    stops.push(() => server.stop());
    await server.start();
  };
  const started = await Promise.allSettled([startOwn(), ...others.map(startOther)]);
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** One agent has what the settings name, else the whole machine; several share it. */
async function sharesFor(code: typeof agentModule, settings: Settings, count: number): Promise<readonly Share[]> {
  const named = namedShare(settings);
  if (count === 1) return [named];
  const machine = await code.detectCapacity(code.systemMachine(settings.PATH), { ...named, fakeGpus: 1, visibleDevices: null });
  return sharesOf(machine, count);
}

async function startServers(
  options: EmbeddedClusterOptions,
  { spawner, ports }: { readonly spawner: Spawner; readonly ports: PortPicker },
  closers: Closers,
): Promise<{ databaseUrl: string; natsUrl: string }> {
  const { folder, settings, clock, log } = options;
  const common = { host: HOST, secret: folder.secret, ports, spawner, clock, path: settings.PATH };
  const listener = {
    onLine: (line: string) => log.debug('a server wrote', { line }),
    onGivenUp: (error: Error) => void namingTheDisk(folder.path, error).then(options.onFatal),
  };
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
  { settings, clock, log, onFatal }: EmbeddedClusterOptions,
  {
    place,
    address,
    head,
    store,
  }: { readonly place: ClusterPlace; readonly address: string; readonly head: HeadConnection; readonly store: ObjectStore },
  closers: Closers,
): Promise<string> {
  const logger = log.child({ part: 'gateway' });
  const { server, token } = place.nats;
  const messages = openMessages({ servers: [server], token, name: 'gateway', logger, random: Math.random }, onFatal);
  closers.push(() => messages.close());
  const gateway = await code.startGateway(
    {
      head,
      connectActors: () => connectTo({ address, secret: place.secret }),
      messages,
      store,
      settings: gatewaySettings(settings, place.secret),
      clock,
    },
    logger,
  );
  closers.push(() => gateway.close());
  return gateway.url;
}

/** The cluster is of use once its nodes can be planned on. */
async function nodesHaveJoined(head: HeadConnection, count: number, clock: Clock): Promise<void> {
  const connected = async (): Promise<number> => (await head.nodes.list()).filter((node) => node.state === 'connected').length;
  await until(`${count === 1 ? 'the node has' : `all ${count} nodes have`} joined`, async () => (await connected()) >= count, {
    clock,
    deadlineMs: JOIN_WITHIN_MS,
    everyMs: 10,
    describe: async () => `${await connected()} of ${count} have joined.`,
  });
}
