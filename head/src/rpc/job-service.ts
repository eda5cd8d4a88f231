import type { ServerWritableStream } from '@grpc/grpc-js';
import { InvalidRequestError, isFinalStatus, isLessBetter, jobId, LEADING_METRICS, NotFoundError } from '@trainer/model';
import type { Job, JobEvent, JobId } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { JobServiceServer, pb } from '@trainer/wire';
import {
  decodeSentRequest,
  encodeEpochMetrics,
  encodeExperiment,
  encodeJob,
  encodeJobEvent,
  encodeModel,
  encodeStoredCheckpoint,
  jobStatusCodec,
} from '@trainer/wire';
import type { JobRecord } from '../jobs/job-record.js';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { streaming, unary, writeAll } from './answering.js';
import { FencedError } from '../store/errors.js';
import { JobNotCancellableError, JobNotCompletedError, NoModelError } from './errors.js';
import type { Submissions } from './submitting.js';

export interface JobRules {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly submissions: Submissions;
  /** Why it waits, as it is now; null: nothing is known of its waiting. */
  readonly reasonOf: (job: JobId) => string | null;
  readonly logger: Logger;
}

const MAX_LISTED = 1_000;
const DEFAULT_LISTED = 100;
const MAX_CANCEL_WAIT_MS = 60_000;
/** Events read at a time: some hundred kilobytes. */
const EVENT_PAGE = 100;

export function jobService(rules: JobRules): JobServiceServer {
  const { logger, store, submissions } = rules;
  return {
    submit: unary(logger, async ({ request, idempotencyKey }: pb.SubmitRequest) =>
      shown(rules, await submissions.submit({ sent: decodeSentRequest(request, 'request'), key: idempotencyKey ?? null })),
    ),
    submitAll: unary(logger, async ({ submissions: asked }: pb.SubmitAllRequest) => {
      const all = asked.map(({ request, idempotencyKey }, at) => ({
        sent: decodeSentRequest(request, `submissions[${at}].request`),
        key: idempotencyKey ?? null,
      }));
      return { jobs: (await submissions.submitAll(all)).map((job) => shown(rules, job)) };
    }),
    get: unary(logger, async ({ job }: pb.JobRef) => shown(rules, (await find(rules, job)).job)),
    list: unary(logger, (request: pb.ListJobsRequest) => list(rules, request)),
    cancel: unary(logger, async (request: pb.CancelRequest) => shown(rules, await cancel(rules, request))),
    progress: unary(logger, (request: pb.ProgressRequest) => progress(rules, request)),
    events: streaming(logger, (call, signal) => streamEvents(rules, call, signal)),
    storedEvents: unary(logger, (request: pb.EventsRequest) => storedEvents(rules, request)),
    getModel: unary(logger, async ({ job }: pb.JobRef) => {
      const { job: found } = await find(rules, job);
      if (found.status !== 'completed') throw new JobNotCompletedError(found.id);
      const model = await store.model(found.id);
      if (model === null) throw new NotFoundError('Model of job', job);
      return encodeModel(model);
    }),
    listModels: unary(logger, async ({ page, pageSize }: pb.ListModelsRequest) => {
      const size = Math.min(Math.max(pageSize, 1), MAX_LISTED);
      const { models, total } = await store.models(Math.max(page, 1), size);
      return { models: models.map(encodeModel), total };
    }),
    listExperiments: unary(logger, async ({ limit }: pb.ListExperimentsRequest) => ({
      experiments: (await store.experiments(listedAtMost(limit))).map(encodeExperiment),
    })),
    leaderboard: unary(logger, (request: pb.LeaderboardRequest) => leaderboard(rules, request)),
    deleteModel: unary(logger, async ({ job }: pb.JobRef) => shown(rules, await deleteModel(rules, job))),
  };
}

/** A job as it is now: the reason of one that waits is put into words when it is read (scheduling/reasons.ts). */
function shown({ reasonOf }: Pick<JobRules, 'reasonOf'>, job: Job): pb.Job {
  const reason = job.phase === 'queued' ? reasonOf(job.id) : null;
  return encodeJob(reason === null ? job : { ...job, pendingReason: reason });
}

/** Events are history, but for the newest that says why a job waits: that is shown as it is now. */
function shownEvent({ reasonOf }: Pick<JobRules, 'reasonOf'>, event: JobEvent, newest: number): pb.JobEvent {
  const reason = event.type === 'pending' && event.number === newest ? reasonOf(event.job) : null;
  if (event.type !== 'pending' || reason === null) return encodeJobEvent(event);
  return encodeJobEvent({ ...event, data: { ...event.data, pendingReason: reason } });
}

/** @throws NotFoundError, also for what is no job's id at all. */
async function find(rules: Pick<JobRules, 'loop' | 'store'>, text: string): Promise<JobRecord> {
  const id = parseId(text);
  const record = rules.loop.state.jobs.seen(id) ?? (await rules.store.job(id));
  if (record === null) throw new NotFoundError('Job', text);
  return record;
}

function parseId(text: string): JobId {
  try {
    return jobId(text);
  } catch {
    throw new NotFoundError('Job', text.slice(0, 80));
  }
}

function listedAtMost(limit: number): number {
  return Math.min(limit === 0 ? DEFAULT_LISTED : limit, MAX_LISTED);
}

/** @throws NotFoundError (the experiment), InvalidRequestError that names the metrics there are */
async function leaderboard(rules: JobRules, { experiment, metric, limit }: pb.LeaderboardRequest): Promise<pb.LeaderboardReply> {
  const known = await rules.store.metricsOf(experiment);
  if (known === null) throw new NotFoundError('Experiment', experiment);
  const by = metric ?? LEADING_METRICS.find((name) => known.includes(name)) ?? LEADING_METRICS[0];
  if (known.length > 0 && !known.includes(by)) {
    const message = `'${by.slice(0, 80)}' is a metric of no completed job of this experiment; there are: ${known.join(', ')}`;
    throw new InvalidRequestError([{ path: ['metric'], message, type: 'unknown' }]);
  }
  const jobs = await rules.store.leaderboard({ experiment, metric: by, isLessBetter: isLessBetter(by), limit: listedAtMost(limit) });
  return { metric: by, jobs: jobs.map(({ job }) => shown(rules, job)) };
}

async function list(rules: JobRules, request: pb.ListJobsRequest): Promise<pb.ListJobsReply> {
  const { jobs, nextCursor } = await rules.store.jobs({
    status: request.status === undefined ? null : jobStatusCodec.decode(request.status, 'status'),
    modelId: request.modelId ?? null,
    experimentName: request.experimentName ?? null,
    tag: request.tagName === undefined ? null : { name: request.tagName, value: request.tagValue ?? '' },
    cursor: request.cursor ?? null,
    limit: listedAtMost(request.limit),
  });
  return { jobs: jobs.map(({ job }) => shown(rules, job)), nextCursor: nextCursor ?? undefined };
}

/** Commits the intent, then waits for the end of every process; a second cancel waits for the same end. */
async function cancel({ loop, store }: JobRules, request: pb.CancelRequest): Promise<Job> {
  const { job } = await find({ loop, store }, request.job);
  if (isFinalStatus(job.status)) throw new JobNotCancellableError(job.status);
  const ended = loop.jobs.until(
    job.id,
    undefined,
    (record) => isFinalStatus(record.job.status),
    Math.min(request.waitMs, MAX_CANCEL_WAIT_MS),
  );
  const outcome = await loop.turn((turn) => {
    const status = turn.job(job.id)?.job.status ?? null;
    return { status, illegal: turn.stepJob(job.id, { kind: 'cancel', by: 'its user' }) };
  });
  if (outcome.status === null) {
    // It has ended meanwhile; where it has not, this head was followed by another one and does not know it yet.
    const { status } = (await find({ loop, store }, job.id)).job;
    throw isFinalStatus(status) ? new JobNotCancellableError(status) : new FencedError(loop.state.headEpoch, null);
  }
  // A job that is being promoted can't be stopped any more: for its user it has completed.
  if (outcome.illegal !== null) throw new JobNotCancellableError(isFinalStatus(outcome.status) ? outcome.status : 'completed');
  return (await ended)?.job ?? (await find({ loop, store }, job.id)).job;
}

/** Its row goes first, so that nobody is promised a file that is not there; a head that ends in between leaves files to the next one's sweep. */
async function deleteModel({ loop, store }: JobRules, text: string): Promise<Job> {
  const record = await find({ loop, store }, text);
  const model = await store.model(record.job.id);
  if (model === null) throw new NoModelError(record.job.id);
  return loop.turn((turn) => turn.deleteModel(record, model));
}

async function progress(rules: JobRules, request: pb.ProgressRequest): Promise<pb.ProgressReply> {
  const { job } = await find(rules, request.job);
  const [metrics, checkpoints] = await Promise.all([rules.store.epochs(job.id, request.epochs ?? null), rules.store.checkpoints(job.id)]);
  return { job: shown(rules, job), metrics: metrics.map(encodeEpochMetrics), checkpoints: checkpoints.map(encodeStoredCheckpoint) };
}

/** The record is read first: what it says has ended has all its events stored. */
async function storedEvents(rules: JobRules, { job, after }: pb.EventsRequest): Promise<pb.StoredEventsReply> {
  const record = await find(rules, job);
  const events = await rules.store.events(record.job.id, after, EVENT_PAGE);
  const isOver = isFinalStatus(record.job.status) && (events.at(-1)?.number ?? after) >= record.lastEvent;
  return { events: events.map((event) => shownEvent(rules, event, record.lastEvent)), isOver };
}

/** Everything is read from the store, in order; commits only say that there is more. */
async function streamEvents(
  rules: JobRules,
  call: ServerWritableStream<pb.EventsRequest, pb.JobEvent>,
  signal: AbortSignal,
): Promise<void> {
  const { loop, store } = rules;
  const id = (await find(rules, call.request.job)).job.id;
  let newest: JobRecord | null = null;
  let wake = (): void => undefined;
  const off = loop.jobs.on(id, (record) => {
    newest = record;
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    for (let after = call.request.after; ;) {
      const page = await store.events(id, after, EVENT_PAGE);
      const last = loop.state.jobs.seen(id)?.lastEvent ?? 0;
      await writeAll(
        call,
        page.map((event) => shownEvent(rules, event, last)),
        signal,
      );
      after = page.at(-1)?.number ?? after;
      if (page.length === EVENT_PAGE) continue;
      const record: JobRecord = newest ?? (await find(rules, id));
      if (record.lastEvent > after) continue;
      if (isFinalStatus(record.job.status)) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (signal.aborted || (newest !== null && newest.lastEvent > after)) resolve();
      });
      signal.throwIfAborted();
    }
  } finally {
    off();
  }
}
