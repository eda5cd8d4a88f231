import type { JobEvent, SentTrainRequest } from '@trainer/model';
import {
  decodeEpochMetrics,
  decodeExperiment,
  decodeJob,
  decodeJobEvent,
  decodeModel,
  decodeStoredCheckpoint,
  encodeSentRequest,
  jobStatusCodec,
} from '@trainer/wire';
import type { JobFilter, JobPage, JobProgress, Jobs, ModelPage, TrainingRequest } from '../head/head-door.js';
import { UNARY_DEADLINE_MS, type HeadRpc } from './head-rpc.js';
import { readResumed } from './head-streams.js';

const CANCEL_WAIT_MS = 5_000;
const DEFAULT_LISTED = 100;
const DEFAULT_PAGE_SIZE = 10;

/** @returns jobs and models as the head's JobService has them. */
export function jobsOver(rpc: HeadRpc): Jobs {
  const { jobs } = rpc;
  return {
    async submit(request, options = {}) {
      const key = options.idempotencyKey;
      const message = { request: encodeSentRequest(sentRequest(request)), idempotencyKey: key };
      return decodeJob(await rpc.unary(jobs.submit.bind(jobs), message, { isIdempotent: key !== undefined }));
    },
    async submitAll(requests) {
      const submissions = requests.map(({ request, idempotencyKey }) => ({
        request: encodeSentRequest(sentRequest(request)),
        idempotencyKey,
      }));
      const isIdempotent = requests.every(({ idempotencyKey }) => idempotencyKey !== undefined);
      const reply = await rpc.unary(jobs.submitAll.bind(jobs), { submissions }, { isIdempotent });
      return reply.jobs.map((job, index) => decodeJob(job, `jobs[${index}]`));
    },
    async get(job) {
      return decodeJob(await rpc.unary(jobs.get.bind(jobs), { job }, { isIdempotent: true }));
    },
    list: (filter = {}) => listJobs(rpc, filter),
    async cancel(job, { waitMs = CANCEL_WAIT_MS } = {}) {
      const rules = { isIdempotent: true, deadlineMs: waitMs + UNARY_DEADLINE_MS };
      return decodeJob(await rpc.unary(jobs.cancel.bind(jobs), { job, waitMs }, rules));
    },
    progress: (job, options = {}) => readProgress(rpc, job, options.epochs),
    events: (job, options = {}) => readEvents(rpc, job, options),
    async storedEvents(job, { after }) {
      const reply = await rpc.unary(jobs.storedEvents.bind(jobs), { job, after }, { isIdempotent: true });
      return { events: reply.events.map((event, index) => decodeJobEvent(event, `events[${index}]`)), isOver: reply.isOver };
    },
    async model(job) {
      return decodeModel(await rpc.unary(jobs.getModel.bind(jobs), { job }, { isIdempotent: true }));
    },
    models: (options = {}) => listModels(rpc, options),
    async experiments({ limit = DEFAULT_LISTED } = {}) {
      const reply = await rpc.unary(jobs.listExperiments.bind(jobs), { limit }, { isIdempotent: true });
      return reply.experiments.map(decodeExperiment);
    },
    async leaderboard(experiment, { metric, limit = DEFAULT_PAGE_SIZE } = {}) {
      const reply = await rpc.unary(jobs.leaderboard.bind(jobs), { experiment, metric, limit }, { isIdempotent: true });
      return { metric: reply.metric, jobs: reply.jobs.map((job, index) => decodeJob(job, `jobs[${index}]`)) };
    },
    async deleteModel(job) {
      return decodeJob(await rpc.unary(jobs.deleteModel.bind(jobs), { job }, { isIdempotent: false }));
    },
  };
}

/** Absent is null on the way to the head, which knows the defaults. */
function sentRequest(request: TrainingRequest): SentTrainRequest {
  return {
    modelId: request.modelId,
    dataId: request.dataId,
    taskType: request.taskType,
    targetColumn: request.targetColumn ?? null,
    epochs: request.epochs ?? null,
    batchSize: request.batchSize ?? null,
    learningRate: request.learningRate ?? null,
    hyperparameters: request.hyperparameters ?? {},
    useGpu: request.useGpu ?? null,
    numWorkers: request.numWorkers ?? null,
    experimentName: request.experimentName ?? null,
    runName: request.runName ?? null,
    tags: request.tags ?? {},
    pipelineId: request.pipelineId ?? null,
    earlyStopping: request.earlyStopping ?? null,
    patience: request.patience ?? null,
    seed: request.seed ?? null,
    validationSplit: request.validationSplit ?? null,
    excludeColumns: request.excludeColumns ?? [],
    priority: request.priority ?? null,
    warnings: request.warnings ?? [],
  };
}

async function listJobs(rpc: HeadRpc, filter: JobFilter): Promise<JobPage> {
  const request = {
    status: filter.status === undefined ? undefined : jobStatusCodec.encode(filter.status),
    limit: filter.limit ?? DEFAULT_LISTED,
    modelId: filter.modelId,
    experimentName: filter.experimentName,
    tagName: filter.tag?.name,
    tagValue: filter.tag?.value,
    cursor: filter.cursor,
  };
  const reply = await rpc.unary(rpc.jobs.list.bind(rpc.jobs), request, { isIdempotent: true });
  return { jobs: reply.jobs.map((job, index) => decodeJob(job, `jobs[${index}]`)), nextCursor: reply.nextCursor ?? null };
}

async function readProgress(rpc: HeadRpc, job: string, epochs: number | undefined): Promise<JobProgress> {
  const reply = await rpc.unary(rpc.jobs.progress.bind(rpc.jobs), { job, epochs }, { isIdempotent: true });
  return {
    job: decodeJob(reply.job, 'progress.job'),
    metrics: reply.metrics.map((metrics, index) => decodeEpochMetrics(metrics, `progress.metrics[${index}]`)),
    checkpoints: reply.checkpoints.map((stored, index) => decodeStoredCheckpoint(stored, `progress.checkpoints[${index}]`)),
  };
}

async function listModels(rpc: HeadRpc, options: { readonly page?: number; readonly pageSize?: number }): Promise<ModelPage> {
  const request = { page: options.page ?? 1, pageSize: options.pageSize ?? DEFAULT_PAGE_SIZE };
  const reply = await rpc.unary(rpc.jobs.listModels.bind(rpc.jobs), request, { isIdempotent: true });
  return { models: reply.models.map((model, index) => decodeModel(model, `models[${index}]`)), total: reply.total };
}

async function* readEvents(
  rpc: HeadRpc,
  job: string,
  options: { readonly after?: number; readonly signal?: AbortSignal },
): AsyncIterableIterator<JobEvent> {
  let after = options.after ?? 0;
  const events = readResumed(rpc, () => rpc.stream(rpc.jobs.events.bind(rpc.jobs), { job, after }), options.signal);
  for await (const wire of events) {
    const event = decodeJobEvent(wire);
    // A stream that is taken up again may overlap.
    if (event.number <= after) continue;
    after = event.number;
    yield event;
  }
}
