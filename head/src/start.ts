import type { Clock, HeadId } from '@trainer/model';
import { deferred, GrpcServer, newHeadId, openMessages, sleep } from '@trainer/runtime';
import type { Logger, Messages, Random, RandomBytes, TimeScale } from '@trainer/runtime';
import { openObjectStore } from '@trainer/storage';
import type { ObjectStore } from '@trainer/storage';
import {
  ActorServiceService,
  AgentServiceService,
  BundleServiceService,
  checkRequest,
  ClusterServiceService,
  errorToStatus,
  JobServiceService,
  SessionServiceService,
  TokenServiceService,
} from '@trainer/wire';
import { composeHead } from './compose.js';
import type { HeadServices } from './compose.js';
import { readConfig } from './config.js';
import type { HeadConfig, HeadSettings } from './config.js';
import { LEADER_STILL_MS } from './leadership/leadership.js';
import type { Leadership } from './leadership/leadership.js';
import { connectionName, postgresLeadership } from './leadership/postgres-leadership.js';
import { Renewal } from './leadership/renewal.js';
import { ClusterLoop } from './loop/cluster-loop.js';
import { ClusterState } from './loop/cluster-state.js';
import { scaledTimers } from './loop/settings.js';
import type { Timers } from './loop/settings.js';
import { deriveSecrets } from './placement/start-spec.js';
import { sweepFinalKeys } from './promotion/sweep.js';
import { Retention } from './retention/retention.js';
import { openDatabase } from './store/database.js';
import type { Database } from './store/database.js';
import type { FencedError } from './store/errors.js';
import { migrate } from './store/migrate.js';
import { postgresStore } from './store/postgres-store.js';

export interface HeadOptions extends HeadSettings {
  readonly timeScale: TimeScale;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
  /** This head leads no more; it must be closed. Called once. */
  readonly onFatal: (error: Error) => void;
  /** What may stop the database soon and what to do, as people read it; null: nothing. Absent: nobody knows, as where it lies on another machine. */
  readonly databaseOutlook?: () => Promise<string | null>;
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
/** The largest is a fact with the result of a training of 100,000 columns; what users send travels in chunks. */
const MAX_MESSAGE_BYTES = 24 * 2 ** 20;
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
  const leadership = postgresLeadership(database.leadership, clock, timeScale.scaled(LEADER_STILL_MS));
  const natsServers = [config.natsUrl];
  const messages = openMessages({ servers: natsServers, token: config.natsToken, name: headId, logger: log, random }, options.onFatal);
  try {
    const [headEpoch, objects] = await Promise.all([
      migrate(database.long).then(() => lead(leadership, headId, options, timeScale.scaled(CANDIDATE_MS))),
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
  const { config, options, timers, database, leadership, headId, headEpoch, messages } = parts;
  const { clock, log, random: randomBytes, databaseOutlook = nothingKnown } = options;
  const state = new ClusterState(headEpoch);
  const store = postgresStore(
    database,
    () => state.headEpoch,
    () => clock.wallMs() - config.keep.endedMs,
  );
  const onFenced = (error: FencedError): void => options.onFatal(error);
  const raise = async (held: number, to: number): Promise<boolean> => {
    // Where one connection broke the others may be half open, and would each cost the time-out once more.
    database.reconnect();
    return (await leadership.raise(headId, held, to)) === 'held';
  };
  const loop = new ClusterLoop({ state, store, clock, random: parts.random, logger: log, raise, onFenced });
  const renewal = new Renewal({ leadership, headId, loop, clock, everyMs: timers.renewMs });
  const composed = composeHead({ ...parts, clock, logger: log, randomBytes, loop, store, databaseOutlook });
  const narrow = { secret: deriveSecrets(config.secret).lookupToken, methods: [ActorServiceService.get.path] };
  const server = new GrpcServer({
    secret: config.secret,
    narrow,
    toStatus: errorToStatus,
    check: checkRequest,
    maxMessageBytes: MAX_MESSAGE_BYTES,
  });
  serve(server, composed.services);
  await loop.start();
  const port = await server.listen(config.host, { from: config.port, to: config.port });
  renewal.start();
  const { objects } = parts;
  const { buckets, keep } = config;
  const retention = new Retention({ loop, store, objects, buckets, keep, clock, logger: log });
  retention.start();
  const swept = new AbortController();
  void sweepFinalKeys(objects, buckets.models, store, swept.signal).then(
    (removed) => removed > 0 && log.info('removed files of models that never came to be', { removed }),
    (error: unknown) => swept.signal.aborted || log.warn('the models bucket could not be swept', { error }),
  );
  log.info('the head leads', { headEpoch, port });
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    renewal.close();
    retention.close();
    swept.abort();
    composed.close();
    loop.close();
    await server.close(clock, CLOSE_GRACE_MS);
    const resigned = leadership.resign(headId, state.headEpoch).catch((error: unknown) => log.debug('could not resign', { error }));
    // A database or NATS that is frozen must not hold up the end.
    await withinFarewell(clock, resigned);
    await withinFarewell(clock, Promise.allSettled([messages.close(), database.close()]));
  };
  return { address: `${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`, close: () => (closing ??= close()) };
}

const nothingKnown = (): Promise<null> => Promise.resolve(null);

/** @returns when the work is done, or its time is over. */
async function withinFarewell(clock: Clock, work: Promise<unknown>): Promise<void> {
  const over = deferred<void>();
  const timer = clock.after(FAREWELL_MS, () => over.resolve());
  await Promise.race([work, over.promise]);
  timer.cancel();
}

function serve(server: GrpcServer, services: HeadServices): void {
  server.addService(AgentServiceService, services.agents);
  server.addService(SessionServiceService, services.sessions);
  server.addService(ActorServiceService, services.actors);
  server.addService(BundleServiceService, services.bundles);
  server.addService(JobServiceService, services.jobs);
  server.addService(ClusterServiceService, services.cluster);
  server.addService(TokenServiceService, services.tokens);
}
