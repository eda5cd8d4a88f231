import type { Server } from '@grpc/grpc-js';
import type { Clock, HeadId, Timer } from '@trainer/model';
import { closeServer, listen, newHeadId, newJobId, newStreamId, openMessages, openServer, sleep } from '@trainer/runtime';
import type { Logger, Messages, Random, RandomBytes, TimeScale } from '@trainer/runtime';
import { openObjectStore } from '@trainer/storage';
import type { ObjectStore } from '@trainer/storage';
import {
  ActorServiceService,
  AgentServiceService,
  BundleServiceService,
  ClusterServiceService,
  errorToStatus,
  JobServiceService,
  SessionServiceService,
} from '@trainer/wire';
import { readConfig } from './config.js';
import type { HeadConfig, HeadSettings } from './config.js';
import { eventPublisher } from './events/publisher.js';
import { LEADER_STILL_MS } from './leadership/leadership.js';
import type { Leadership } from './leadership/leadership.js';
import { connectionName, postgresLeadership } from './leadership/postgres-leadership.js';
import { AgentLinks } from './loop/agent-links.js';
import { ClusterLoop } from './loop/cluster-loop.js';
import { ClusterState } from './loop/cluster-state.js';
import { Executor } from './loop/executor.js';
import { NodeWatch } from './loop/node-watch.js';
import { Planner } from './loop/planner.js';
import { scaledTimers } from './loop/settings.js';
import type { Timers } from './loop/settings.js';
import { natsPlacement } from './placement/nats-placement.js';
import { Placer } from './placement/placer.js';
import { deriveSecrets } from './placement/start-spec.js';
import { Promoter } from './promotion/promoter.js';
import { sweepFinalKeys } from './promotion/sweep.js';
import { ActorCalls } from './rpc/actor-service.js';
import { AgentService } from './rpc/agent-service.js';
import { bundleService } from './rpc/bundle-service.js';
import { clusterService } from './rpc/cluster-service.js';
import { jobService } from './rpc/job-service.js';
import { logCalls } from './rpc/log-service.js';
import { sessionService } from './rpc/session-service.js';
import { Submissions } from './rpc/submitting.js';
import { Sessions } from './sessions/sessions.js';
import { openDatabase } from './store/database.js';
import type { Database } from './store/database.js';
import type { ClusterStore } from './store/cluster-store.js';
import { FencedError } from './store/errors.js';
import { migrate } from './store/migrate.js';
import { postgresStore } from './store/postgres-store.js';

export interface HeadOptions extends HeadSettings {
  readonly timeScale: TimeScale;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
  /** This head leads no more; it must be closed. Called once. */
  readonly onFatal: (error: Error) => void;
  /** Another head leads, and this one waits to follow it. Called once at most, before there is a head. */
  readonly onWaiting?: () => void;
}

export interface Head {
  /** host:port of the gRPC server. */
  readonly address: string;
  /** Gives the leadership back and ends everything; idempotent. */
  close(): Promise<void>;
}

/** A statement that takes longer means that PostgreSQL is away; the largest takes some milliseconds. */
const DATABASE_TIMEOUT_MS = 5_000;
/** Running answers get this long when the head closes. */
const CLOSE_GRACE_MS = 300;
/** How long the end of a head waits for PostgreSQL and NATS to take leave. */
const FAREWELL_MS = 1_000;
/** How often a candidate looks whether the leader moves. */
const CANDIDATE_MS = 250;

/** What the parts of a head share. */
interface Parts {
  readonly config: HeadConfig;
  readonly options: HeadOptions;
  readonly timers: Timers;
  readonly random: Random;
  readonly database: Database;
  readonly leadership: Leadership;
  readonly headId: HeadId;
  readonly headEpoch: number;
  readonly messages: Messages;
  readonly objects: ObjectStore;
}

/**
 * Starts a head: brings the schema up to date, takes the leadership (waiting while another head leads), reads all state, and
 * listens. @throws ConfigError, StoreUnavailableError, ListenError
 */
export async function startHead(options: HeadOptions): Promise<Head> {
  const config = readConfig(options);
  const { clock, log, timeScale } = options;
  const headId = newHeadId(options.random);
  const random: Random = () => Buffer.from(options.random(4)).readUInt32LE() / 2 ** 32;
  const database = openDatabase({
    url: config.databaseUrl,
    applicationName: connectionName(headId),
    timeoutMs: DATABASE_TIMEOUT_MS,
    onLost: (error) => log.debug('a connection to PostgreSQL was lost', { error }),
  });
  const timers = scaledTimers((ms) => timeScale.scaled(ms), config.headlessMs);
  const leadership = postgresLeadership(database, clock, timeScale.scaled(LEADER_STILL_MS));
  const natsServers = [config.natsUrl];
  const messages = openMessages({ servers: natsServers, token: config.natsToken, name: headId, logger: log, random }, options.onFatal);
  try {
    const [headEpoch, objects] = await Promise.all([
      migrate(database).then(() => lead(leadership, headId, options, timeScale.scaled(CANDIDATE_MS))),
      openObjectStore(config.storeConfig),
    ]);
    return await run({ config, options, timers, random, database, leadership, headId, headEpoch, messages, objects });
  } catch (error) {
    await Promise.allSettled([messages.close(), database.close()]);
    throw error;
  }
}

async function lead(leadership: Leadership, headId: HeadId, { clock, onWaiting }: HeadOptions, everyMs: number): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const headEpoch = await leadership.acquire(headId);
    if (headEpoch !== null) return headEpoch;
    if (tries === 0) onWaiting?.();
    await sleep(clock, everyMs);
  }
}

async function run(parts: Parts): Promise<Head> {
  const { config, options, database, leadership, headId, headEpoch, messages } = parts;
  const { clock, log } = options;
  const state = new ClusterState(headEpoch);
  const store = postgresStore(database, () => state.headEpoch);
  const onFenced = (error: FencedError): void => options.onFatal(error);
  const raise = async (held: number, to: number): Promise<boolean> => {
    // Where one connection broke the others may be half open, and would each cost the time-out once more.
    database.reconnect();
    return (await leadership.raise(headId, held, to)) === 'held';
  };
  const loop = new ClusterLoop({ state, store, clock, random: parts.random, logger: log, raise, onFenced });
  const renewal = new Renewal(parts, loop);
  const { server, closers } = compose(parts, loop, store);
  await loop.start();
  const port = await listen(server, config.host, { from: config.port, to: config.port });
  renewal.start();
  void sweepFinalKeys(parts.objects, config.buckets.models, store, state).then(
    (removed) => removed > 0 && log.info('removed files of models that never came to be', { removed }),
    (error: unknown) => log.warn('the models bucket could not be swept', { error }),
  );
  log.info('the head leads', { headEpoch, port });
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    renewal.close();
    for (const end of closers) end();
    loop.close();
    await closeServer(server, clock, CLOSE_GRACE_MS);
    const resigned = leadership.resign(headId, state.headEpoch).catch((error: unknown) => log.debug('could not resign', { error }));
    // A database or NATS that is frozen must not hold up the end.
    await Promise.race([resigned, sleep(clock, FAREWELL_MS)]);
    await Promise.race([Promise.allSettled([messages.close(), database.close()]), sleep(clock, FAREWELL_MS)]);
  };
  return { address: `${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`, close: () => (closing ??= close()) };
}

/** Joins the parts around the loop. */
function compose(parts: Parts, loop: ClusterLoop, store: ClusterStore): { server: Server; closers: readonly (() => void)[] } {
  const { config, options, timers, random, messages, objects } = parts;
  const { clock, log: logger } = options;
  const { version, buckets } = config;
  const secrets = deriveSecrets(config.secret);
  const links = new AgentLinks(() => loop.state.headEpoch);
  const common = { loop, clock, random, logger, timers, links };
  const placer = new Placer({ ...common, store, placement: natsPlacement(messages), secrets });
  const promoter = new Promoter({ ...common, objects });
  const logs = logCalls({ ...common, store, objects, bucket: buckets.logs, messages });
  const actors = new ActorCalls({ ...common, store, secrets, logs });
  const planner = new Planner({
    ...common,
    maxParallelJobs: config.maxParallelJobs,
    onInfeasible: (actor, error) => actors.infeasible(actor, error),
  });
  const executor = new Executor({ ...common, placer, planner, promoter, secrets });
  const watch = new NodeWatch(common);
  const sessions = new Sessions({ ...common, wasEnded: (session) => store.hasSessionEnded(session) });
  const agents = new AgentService({ ...common, watch, executor, version, newStreamId: () => newStreamId(options.random) });
  const submissions = new Submissions({
    loop,
    store,
    objects,
    buckets,
    checkpointInterval: config.checkpointInterval,
    queueLimit: config.queueLimit,
    defaults: { epochs: config.defaultEpochs, patience: config.earlyStoppingPatience },
    newJobId: () => newJobId(options.random),
  });
  for (const listener of [eventPublisher(messages, logger), executor, watch, sessions, agents]) loop.listen(listener);
  watch.start();
  const server = openServer({ secret: config.secret, toStatus: errorToStatus });
  server.addService(AgentServiceService, agents.server);
  server.addService(SessionServiceService, sessionService({ sessions, loop, graceMs: timers.sessionGraceMs, version, logger }));
  server.addService(ActorServiceService, actors.server);
  server.addService(BundleServiceService, bundleService({ loop, store, objects, bucket: buckets.bundles, logger }));
  server.addService(JobServiceService, jobService({ loop, store, submissions, logger }));
  server.addService(ClusterServiceService, clusterService({ ...common, messages, objects, dataBucket: buckets.data, version }));
  return {
    server,
    closers: [
      () => planner.close(),
      () => watch.close(),
      () => promoter.close(),
      () => sessions.suspended(),
      () => executor.suspended(),
      () => agents.close(),
    ],
  };
}

/** Shows that this head lives, hears that another one leads, and that the database is away while nobody writes. */
class Renewal {
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(
    private readonly parts: Parts,
    private readonly loop: ClusterLoop,
  ) {}

  start(): void {
    this.#timer = this.parts.options.clock.after(this.parts.timers.renewMs, () => void this.#renew());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #renew(): Promise<void> {
    const { leadership, headId } = this.parts;
    const { headEpoch } = this.loop.state;
    // A suspended loop asks by itself, and may raise the head epoch meanwhile.
    if (this.loop.isRunning) {
      try {
        const answer = await leadership.renew(headId, headEpoch);
        if (answer === 'lost' && this.loop.isRunning && this.loop.state.headEpoch === headEpoch)
          this.loop.suspend(new FencedError(headEpoch, null));
      } catch (error) {
        this.loop.suspend(error);
      }
    }
    if (!this.#isClosed) this.start();
  }
}
