import type { Clock } from '@trainer/model';
import { newJobId, newStreamId } from '@trainer/runtime';
import type { Logger, Messages, Random, RandomBytes } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type {
  ActorServiceServer,
  AgentServiceServer,
  BundleServiceServer,
  ClusterServiceServer,
  JobServiceServer,
  SessionServiceServer,
  TokenServiceServer,
} from '@trainer/wire';
import { StoredStates } from './actors/stored-states.js';
import { UploadedArgs } from './actors/uploaded-args.js';
import type { HeadConfig } from './config.js';
import { TableEstimator } from './estimates/table-estimator.js';
import { eventPublisher } from './events/publisher.js';
import { attemptLog } from './jobs/attempt-log.js';
import { AgentLinks } from './loop/agent-links.js';
import type { ClusterLoop } from './loop/cluster-loop.js';
import { Executor } from './loop/executor.js';
import { NodeWatch } from './loop/node-watch.js';
import { Planner } from './loop/planner.js';
import type { Timers } from './loop/settings.js';
import { natsPlacement } from './placement/nats-placement.js';
import { Placer } from './placement/placer.js';
import { deriveSecrets } from './placement/start-spec.js';
import { Promoter } from './promotion/promoter.js';
import { ActorCalls } from './rpc/actor-service.js';
import { AgentService } from './rpc/agent-service.js';
import { bundleService } from './rpc/bundle-service.js';
import { clusterService } from './rpc/cluster-service.js';
import { tokenService } from './rpc/token-service.js';
import { Tokens } from './tokens/tokens.js';
import { jobService } from './rpc/job-service.js';
import { logCalls } from './rpc/log-service.js';
import { sessionService } from './rpc/session-service.js';
import { Submissions } from './rpc/submitting.js';
import { Sessions } from './sessions/sessions.js';
import type { ClusterStore } from './store/cluster-store.js';

/** What a head is made of besides its loop; everything outside is a port. */
export interface HeadParts {
  readonly config: Pick<
    HeadConfig,
    'secret' | 'version' | 'buckets' | 'maxParallelJobs' | 'checkpointInterval' | 'queueLimit' | 'defaultEpochs' | 'earlyStoppingPatience'
  >;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly randomBytes: RandomBytes;
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly messages: Messages;
  readonly objects: ObjectStore;
  /** What may stop the database soon and what to do, as people read it; null: nothing that is known. */
  readonly databaseOutlook: () => Promise<string | null>;
}

/** What a head answers. */
export interface HeadServices {
  readonly agents: AgentServiceServer;
  readonly sessions: SessionServiceServer;
  readonly actors: ActorServiceServer;
  readonly bundles: BundleServiceServer;
  readonly jobs: JobServiceServer;
  readonly cluster: ClusterServiceServer;
  readonly tokens: TokenServiceServer;
}

/** Joins the parts around the loop, which is then to be started. @returns what it serves, and how to end it */
export function composeHead(parts: HeadParts): { readonly services: HeadServices; close(): void } {
  const { config, timers, messages, objects, loop, store, clock, logger } = parts;
  const { version, buckets } = config;
  const secrets = deriveSecrets(config.secret);
  const links = new AgentLinks(() => loop.state.headEpoch);
  const common = { loop, clock, random: parts.random, logger, timers, links };
  const placer = new Placer({ ...common, store, placement: natsPlacement(messages), secrets });
  const promoter = new Promoter({ ...common, objects });
  const estimates = new TableEstimator({ ...common, objects, waitMs: timers.estimateMs });
  const logs = logCalls({ ...common, store, objects, bucket: buckets.logs, messages });
  const args = new UploadedArgs({ ...common, objects, keptMs: timers.argsKeptMs });
  const planner = new Planner({
    ...common,
    maxParallelJobs: config.maxParallelJobs,
    onInfeasible: (actor, error): void => actors.infeasible(actor, error),
  });
  const actors = new ActorCalls({ ...common, store, secrets, logs, args, reasonOf: (actor) => planner.reasonOf(actor) });
  const executor = new Executor({ ...common, placer, planner, promoter, estimates, secrets });
  const watch = new NodeWatch(common);
  const states = new StoredStates({ ...common, store, objects, args });
  const sessions = new Sessions({ ...common, wasEnded: (session) => store.hasSessionEnded(session) });
  const agents = new AgentService({ ...common, watch, executor, version, newStreamId: () => newStreamId(parts.randomBytes) });
  for (const listener of [eventPublisher(messages, logger), attemptLog(logger), executor, watch, states, sessions, agents])
    loop.listen(listener);
  watch.start();
  const close = (): void => {
    planner.close();
    watch.close();
    promoter.close();
    estimates.close();
    states.close();
    args.close();
    sessions.suspended();
    executor.suspended();
    agents.close();
  };
  const services: HeadServices = {
    agents: agents.server,
    sessions: sessionService({ sessions, loop, graceMs: timers.sessionGraceMs, version, logger }),
    actors: actors.server,
    bundles: bundleService({ ...common, store, objects, bucket: buckets.bundles, args, uploadIdleMs: timers.uploadIdleMs }),
    jobs: jobService({ loop, store, submissions: submissionsOf(parts), logger, reasonOf: (job) => planner.reasonOf(job) }),
    cluster: clusterService({ ...common, messages, objects, databaseOutlook: parts.databaseOutlook, dataBucket: buckets.data, version }),
    tokens: tokenService(new Tokens({ loop, store, randomBytes: parts.randomBytes }), logger),
  };
  return { services, close };
}

function submissionsOf({ config, loop, store, objects, randomBytes }: HeadParts): Submissions {
  return new Submissions({
    loop,
    store,
    objects,
    buckets: config.buckets,
    checkpointInterval: config.checkpointInterval,
    queueLimit: config.queueLimit,
    defaults: { epochs: config.defaultEpochs, patience: config.earlyStoppingPatience },
    newJobId: () => newJobId(randomBytes),
  });
}
