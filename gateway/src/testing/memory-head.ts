import type { HeadConnection, JobFilter, TrainingRequest } from '@trainer/client/internal';
import { InvalidRequestError, isFinalStatus, NotFoundError, type Job, type JobEvent, type JobId, type Model } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';

/** A head in memory, for tests of the routes: it keeps jobs and answers; it schedules nothing. */
export interface MemoryHead extends HeadConnection {
  readonly stored: Map<string, Job>;
  readonly storedEvents: Map<string, JobEvent[]>;
  readonly storedModels: Map<string, Model>;
  readonly submitted: TrainingRequest[];
}

export function memoryHead(): MemoryHead {
  const stored = new Map<string, Job>();
  const storedEvents = new Map<string, JobEvent[]>();
  const storedModels = new Map<string, Model>();
  const submitted: TrainingRequest[] = [];
  const find = (id: string): Job => {
    const job = stored.get(id);
    if (job === undefined) throw new NotFoundError('Job', id);
    return job;
  };
  const unused = (): never => {
    throw new Error('the routes do not use this');
  };
  return {
    stored,
    storedEvents,
    storedModels,
    submitted,
    jobs: {
      submit: (request) => {
        submitted.push(request);
        if (request.modelId !== 'xgboost_classifier') {
          throw new InvalidRequestError([
            { path: ['model_id'], message: 'is unknown; the nearest are xgboost_classifier', type: 'unknown' },
          ]);
        }
        const job = jobOf(request, `train_${String(stored.size).padStart(12, '0')}`);
        stored.set(job.id, job);
        return Promise.resolve(job);
      },
      submitAll: unused,
      experiments: unused,
      leaderboard: unused,
      get: (id) => Promise.resolve().then(() => find(id)),
      list: (filter: JobFilter = {}) => {
        const jobs = [...stored.values()].filter((job) => filter.status === undefined || job.status === filter.status);
        return Promise.resolve({ jobs: jobs.slice(0, filter.limit), nextCursor: jobs.length > (filter.limit ?? 100) ? 'next' : null });
      },
      cancel: (id) => Promise.resolve().then(() => find(id)),
      progress: (id) => Promise.resolve().then(() => ({ job: find(id), metrics: [], checkpoints: [] })),
      events: unused,
      storedEvents: (id, { after }) => {
        const events = (storedEvents.get(id) ?? []).filter((event) => event.number > after);
        return Promise.resolve({ events, isOver: isFinalStatus(find(id).status) });
      },
      model: (id) =>
        Promise.resolve().then(() => {
          const model = storedModels.get(find(id).id);
          if (model === undefined) throw new NotFoundError('Model', id);
          return model;
        }),
      deleteModel: (id) =>
        Promise.resolve().then(() => {
          storedModels.delete(find(id).id);
          return find(id);
        }),
      models: () => Promise.resolve({ models: [...storedModels.values()], total: storedModels.size }),
    },
    nodes: { list: unused },
    tokens: { create: unused, list: unused, revoke: unused, find: unused },
    actors: { list: unused, get: unused, kill: unused },
    status: () => Promise.reject(new Error('no head answers')),
    logs: unused,
    close: () => undefined,
  };
}

/** A job as a head stores it, pending. */
export function jobOf(request: TrainingRequest, id: string): Job {
  return {
    id: id as JobId,
    request: aTrainRequest({
      modelId: request.modelId,
      dataId: request.dataId,
      taskType: request.taskType,
      targetColumn: request.targetColumn ?? null,
      epochs: request.epochs ?? 100,
      sentHyperparameters: request.hyperparameters ?? {},
      tags: request.tags ?? {},
      pipelineId: request.pipelineId ?? null,
      warnings: request.warnings ?? [],
    }),
    dataset: { key: request.dataId, etag: 'v1', bytes: 10 },
    status: 'pending',
    phase: 'queued',
    createdAt: Date.UTC(2025, 11, 2, 10),
    startedAt: null,
    completedAt: null,
    currentEpoch: 0,
    totalEpochs: request.epochs ?? 100,
    progress: 0,
    attempt: 0,
    attempts: [],
    failures: 0,
    infraFailures: 0,
    gpuAllocated: null,
    bestMetrics: {},
    finalModelPath: null,
    error: null,
    pendingReason: null,
    warnings: request.warnings ?? [],
    nodes: [],
    leases: [],
    cancelRequested: false,
    workers: 1,
  };
}
