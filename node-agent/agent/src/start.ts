import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { toErrorData, type Capacity, type Clock, type Millis, type NodeId, type TrainerError } from '@trainer/model';
import {
  connectMessages,
  deferred,
  detectSpawner,
  EarlyMessages,
  sleep,
  type Logger,
  type Messages,
  type ProcessLockOptions,
  type Spawner,
} from '@trainer/runtime';
import { openObjectStore, openSigner, type ObjectStore, type Sign } from '@trainer/storage';
import { BundleCache } from './bundles/bundle-cache.js';
import type { AgentConfig } from './config.js';
import { fileFactDisk } from './facts/fact-disk.js';
import { Outbox, type Urgency } from './facts/outbox.js';
import { openAgentFolder, type AgentFolder } from './folder/agent-folder.js';
import { asDiskError } from './folder/disk-full.js';
import { GroupRecords } from './folder/group-records.js';
import { leaseMark, MarkedProcesses } from './folder/marked-processes.js';
import { storedHeadEpoch } from './folder/stored-head-epoch.js';
import { LeaseKeeper } from './leases/lease-keeper.js';
import { emptyLedger } from './ledger/ledger.js';
import { HeadLink } from './link/head-link.js';
import { linkOwner } from './link/link-owner.js';
import { LogKeeper } from './logs/log-keeper.js';
import { servePlacement } from './placement/serve-placement.js';
import { Launcher } from './processes/launcher.js';
import { systemMemory } from './processes/memory-use.js';
import { ActorWatch } from './processes/watch.js';
import { detectCapacity, systemMachine } from './resources/detect.js';
import { namedGpus } from './resources/gpus.js';
import { grpcBundleSource } from './rpc/grpc-bundle-source.js';
import { grpcHeadStreams } from './rpc/grpc-head-stream.js';
import { HeadAddresses } from './rpc/head-addresses.js';
import { timing, type Timing } from './timing.js';

/** What the agent is joined to. */
export interface AgentPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Connects to NATS; the system's is `connectMessages` of the settings. */
  readonly connectMessages?: (signal: AbortSignal) => Promise<Messages>;
  /** How the folder is taken over from an agent that was killed and is still ending; by default it is not waited for. */
  readonly succession?: ProcessLockOptions;
}

export interface RunningAgent {
  readonly node: NodeId;
  readonly incarnation: number;
  readonly capacity: Capacity;
  /** Resolves when the head has reconciled the first hello. */
  readonly whenWelcomed: Promise<void>;
  /** Resolves when the head refuses this agent for good; its actors are then ended. */
  readonly whenRefused: Promise<TrainerError>;
  /**
   * Asks all actors to end, kills what is left after `graceMs`, and leaves the cluster. Resolves when no process of it is left
   * and the head has heard of their ends, or can't be told. Idempotent.
   */
  stop(graceMs: number): Promise<void>;
}

/** Processes of an earlier agent that are still there after so long are in an uninterruptible wait; the start goes on without them. */
const LEFTOVERS_MS = 5_000;
/** How long a stop waits for the head to store the ends of the leases. */
const FAREWELL_MS = 500;

/**
 * Starts the agent of this machine: locks its folder, ends what an earlier one left, then connects to the head, for as long as it runs.
 * @throws FolderInUseError, IdentityDamagedError, StoreUnavailableError, DiskFullError
 */
export async function start(config: AgentConfig, ports: AgentPorts): Promise<RunningAgent> {
  const folder = await openAgentFolder(config.folder, ports.succession ?? { clock: ports.clock, patienceMs: 0 });
  try {
    const groups = new GroupRecords(folder.groupsFolder);
    if (config.datasetCacheBytes === 0) rmSync(folder.datasetCacheFolder, { recursive: true, force: true });
    const path = config.processEnvironment['PATH'] ?? '';
    const marked = new MarkedProcesses(ports.clock);
    const [leftovers, strays, spawner, capacity, store, sign] = await Promise.all([
      groups.killLeftovers(ports.clock, LEFTOVERS_MS),
      // Of any incarnation of this node: this one has started none yet.
      marked.end((mark) => mark.startsWith(`${folder.identity.node}/`)),
      detectSpawner(path),
      detectCapacity(systemMachine(path), config),
      openObjectStore(config.store),
      config.store.kind === 's3' ? openSigner(config.store) : null,
    ]);
    if (leftovers.killed.length > 0) ports.logger.warn('ended processes that an earlier agent left', leftovers);
    if (strays.length > 0) ports.logger.error('processes that an earlier agent left can not be ended', { pids: strays });
    if (namedGpus(config.visibleDevices) > capacity.gpus.length)
      ports.logger.warn('CUDA_VISIBLE_DEVICES names a GPU that is not there; those from it on are left out', {
        named: config.visibleDevices,
        offered: capacity.gpus.map(({ index, uuid }) => `${index}: ${uuid}`),
      });
    const addresses = new HeadAddresses(config.headAddresses);
    return run({
      config,
      ports,
      folder,
      groups,
      marked,
      spawner,
      capacity,
      store,
      sign,
      addresses,
      timing: timing(config.timeScale, config.headlessMs),
    });
  } catch (error) {
    await folder.close();
    throw asDiskError(config.folder, error);
  }
}

interface Parts {
  readonly config: AgentConfig;
  readonly ports: AgentPorts;
  readonly folder: AgentFolder;
  readonly groups: GroupRecords;
  readonly marked: MarkedProcesses;
  readonly spawner: Spawner;
  readonly capacity: Capacity;
  readonly store: ObjectStore;
  readonly sign: Sign | null;
  readonly addresses: HeadAddresses;
  readonly timing: Timing;
}

/** What holds leases on this machine, whoever commands it. */
interface Holding {
  readonly outbox: Outbox;
  readonly keeper: LeaseKeeper;
  readonly logs: LogKeeper;
  /** Disconnected until NATS is reached: an agent works on without it, and takes nothing new. */
  readonly messages: Messages;
  close(): Promise<void>;
}

function hold(parts: Parts, onFacts: (urgency: Urgency) => void, onNats: () => void): Holding {
  const { config, ports, folder } = parts;
  const { clock, logger } = ports;
  const { node, incarnation, newestHeadEpoch } = folder.identity;
  const disk = fileFactDisk(folder.factsFile);
  const outbox = new Outbox(disk);
  const memory = systemMemory();
  const source = grpcBundleSource(parts.addresses, config.secret);
  const bundles = new BundleCache(folder.bundlesFolder, source);
  const flushMs = parts.timing.logFlushMs;
  const connect = ports.connectMessages ?? ((signal: AbortSignal) => connectTo(config, node, logger, signal));
  const messages = new EarlyMessages(connect, (cause) =>
    logger.error('NATS refuses this agent; it takes no new work', { error: toErrorData(cause) }),
  );
  const logs = new LogKeeper({ clock, store: parts.store, bucket: config.logsBucket, flushMs, logger, messages });
  const launcher = new Launcher({
    ...parts,
    clock,
    bundles,
    args: source,
    memory,
    scratchFolder: folder.scratchFolder,
    datasetCacheFolder: folder.datasetCacheFolder,
    codeCacheFolder: folder.codeCacheFolder,
    mark: (lease) => leaseMark(folder.identity, lease),
    logger,
  });
  const headEpochs = storedHeadEpoch((headEpoch) => folder.saveHeadEpoch(headEpoch), { clock, logger });
  const watch = new ActorWatch({ clock, everyMs: parts.timing.memoryPollMs, memory }, () => keeper.actors);
  const keeper: LeaseKeeper = new LeaseKeeper(emptyLedger(parts.capacity, newestHeadEpoch), {
    clock,
    reservationMs: parts.timing.reservationMs,
    silentMs: parts.timing.headSilentMs,
    outbox,
    launch: (launch, events) => {
      const actor = launcher.launch(launch, events);
      watch.wake();
      return actor;
    },
    onLine: (lease, text, isStderr) => logs.add(lease, text, isStderr),
    onGone: (lease) => logs.ended(lease),
    onFacts,
    onHeadEpoch: (headEpoch) => headEpochs.save(headEpoch),
  });
  const placement = servePlacement(messages, { node, incarnation }, (request) => keeper.place(request));
  messages.onChange(onNats);
  const close = async (): Promise<void> => {
    watch.close();
    headEpochs.close();
    source.close();
    placement.close();
    await messages.close();
    disk.close();
    await folder.close();
  };
  return { outbox, keeper, logs, messages, close };
}

function run(parts: Parts): RunningAgent {
  const { config, ports, capacity } = parts;
  const { clock, logger } = ports;
  const { node, incarnation } = parts.folder.identity;
  const holding = hold(
    parts,
    (urgency) => link.pump(urgency),
    () => link.conditionChanged(),
  );
  const welcome = deferred<void>();
  const refused = deferred<TrainerError>();
  const owner = linkOwner({
    ...holding,
    self: { node, incarnation, host: hostname(), version: config.version, labels: config.labels, engines: config.engines, capacity },
    logger,
    natsConnected: () => holding.messages.isConnected,
    onWelcome: () => welcome.resolve(),
    onRefused: (error) => refused.resolve(error),
  });
  const streams = grpcHeadStreams(parts.addresses, { secret: config.secret, clock, answerMs: parts.timing.headAnswerMs });
  const link = new HeadLink(owner, streams.open, parts.timing, { clock, logger, hasOtherHeads: parts.addresses.count > 1 });
  const leave = async (graceMs: Millis): Promise<void> => {
    const { keeper, logs, outbox } = holding;
    const cause = { kind: 'owner-gone', owner: `agent ${node}` } as const;
    keeper.drain();
    // The head plans nothing here any more, and places what is ended here elsewhere.
    link.conditionChanged();
    const gone = keeper.endAll(cause, 'stop');
    const kill = clock.after(graceMs, () => void keeper.endAll(cause, 'kill'));
    await gone;
    kill.cancel();
    await withinFarewell(clock, logs.flushAll());
    await whenTold(outbox, clock);
    link.stop();
    streams.close();
    await holding.close();
  };
  let stopping: Promise<void> | null = null;
  return {
    node,
    incarnation,
    capacity,
    whenWelcomed: welcome.promise,
    whenRefused: refused.promise,
    stop: (graceMs) => (stopping ??= leave(graceMs)),
  };
}

/** A store that is away must not hold up the stop. */
async function withinFarewell(clock: Clock, work: Promise<void>): Promise<void> {
  const over = deferred<void>();
  const timer = clock.after(FAREWELL_MS, () => over.resolve());
  await Promise.race([work, over.promise]);
  timer.cancel();
}

/** Waits a moment for the head to store the last facts; a head that is gone learns of the ends when the agent is lost. */
async function whenTold(outbox: Outbox, clock: Clock): Promise<void> {
  const startedMs = clock.monotonicMs();
  while (outbox.waiting > 0 && clock.monotonicMs() - startedMs < FAREWELL_MS) await sleep(clock, 5);
}

function connectTo(config: AgentConfig, node: NodeId, logger: Logger, signal: AbortSignal): Promise<Messages> {
  return connectMessages({ servers: config.natsServers, token: config.natsToken, name: node, logger, random: Math.random }, signal);
}
