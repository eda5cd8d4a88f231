import {
  ActorCallsService,
  ActorServiceService,
  BundleServiceService,
  ClusterServiceService,
  SessionServiceService,
} from '../gen/trainer/v1/actors.js';
import { AgentServiceService } from '../gen/trainer/v1/agent.js';
import { JobServiceService } from '../gen/trainer/v1/jobs.js';
import { TokenServiceService } from '../gen/trainer/v1/tokens.js';
import { fromAgentBound } from './agent.bounds.js';
import type { AnswerBatch } from '../gen/trainer/v1/actors.js';
import { checkBound, formed, type Bound } from './bound.js';
import * as requests from './requests.bounds.js';

type Methods<Service> = { readonly [Method in keyof Service]-?: Bound };

/** One service's bounds, by the paths of its methods. */
function bounded<Service extends Record<string, { readonly path: string }>>(service: Service, bounds: Methods<Service>): [string, Bound][] {
  return Object.entries(service).map(([name, { path }]) => [path, bounds[name as keyof Service]]);
}

/** What every method may be sent. Does not compile when a service has a method more. */
const BOUNDS: ReadonlyMap<string, Bound> = new Map([
  ...bounded(AgentServiceService, { connect: fromAgentBound }),
  ...bounded(SessionServiceService, { attach: requests.fromSessionBound }),
  ...bounded(ActorServiceService, {
    create: requests.createActorBound,
    kill: requests.killActorBound,
    get: requests.getActorBound,
    list: requests.listActorsBound,
    logs: requests.logsBound,
  }),
  ...bounded(BundleServiceService, {
    has: requests.bundleRefBound,
    upload: requests.bundleChunkBound,
    fetch: requests.bundleRefBound,
    uploadArgs: requests.argsChunkBound,
    fetchArgs: requests.argsRefBound,
  }),
  ...bounded(ClusterServiceService, { status: formed }),
  ...bounded(TokenServiceService, {
    create: requests.newTokenBound,
    list: formed,
    revoke: requests.tokenRefBound,
    find: requests.tokenHashBound,
  }),
  ...bounded(JobServiceService, {
    submit: requests.submitBound,
    submitAll: requests.submitAllBound,
    get: requests.jobRefBound,
    list: requests.listJobsBound,
    cancel: requests.cancelBound,
    progress: requests.progressBound,
    events: requests.eventsBound,
    storedEvents: requests.eventsBound,
    getModel: requests.jobRefBound,
    deleteModel: requests.jobRefBound,
    listModels: requests.listModelsBound,
    listExperiments: requests.listExperimentsBound,
    leaderboard: requests.leaderboardBound,
  }),
  ...bounded(ActorCallsService, { connect: requests.callBatchBound }),
]);

/**
 * Checks a decoded message of a client or an agent against the bounds of its method, field by field.
 * @param path of the method, such as `/trainer.v1.ActorService/Create`
 * @throws InvalidRequestError that names the field, its limit and what was sent
 */
export function checkRequest(path: string, message: unknown): void {
  const bound = BOUNDS.get(path);
  if (bound !== undefined) checkBound(bound, message, null);
}

/** Checks what an actor, which runs code of users, answers its callers. @throws InvalidRequestError as `checkRequest` */
export function checkAnswers(batch: AnswerBatch): void {
  checkBound(requests.answerBatchBound, batch, 'answerBatch');
}
