import {
  jobId,
  leaseId,
  nodeId,
  type Experiment,
  type Job,
  type JobEvent,
  type JobPhase,
  type JobStatus,
  type Model,
} from '@trainer/model';
import { decodeAttempt, encodeAttempt } from './attempts.codec.js';
import { decodeErrorData, encodeErrorData } from './common.codec.js';
import { enumCodec } from './enum-codec.js';
import { WireFormatError, type FieldPath } from './errors.js';
import { fromBytes, parsed, present, toBytes, wholeMs } from './fields.js';
import * as pb from './gen/trainer/v1/jobs.js';
import {
  decodeEpochMetrics,
  decodeMetrics,
  decodeStoredFile,
  decodeTrainingResult,
  encodeEpochMetrics,
  encodeMetrics,
  encodeStoredFile,
  encodeTrainingResult,
} from './reports.codec.js';
import { decodeHyperparameters, decodeRequest, encodeHyperparameters, encodeRequest, taskCodec } from './requests.codec.js';
import { finite } from './shapes.js';

export const jobStatusCodec = enumCodec<JobStatus, pb.JobStatus>()({
  pending: pb.JobStatus.JOB_STATUS_PENDING,
  running: pb.JobStatus.JOB_STATUS_RUNNING,
  completed: pb.JobStatus.JOB_STATUS_COMPLETED,
  failed: pb.JobStatus.JOB_STATUS_FAILED,
  cancelled: pb.JobStatus.JOB_STATUS_CANCELLED,
});

const jobPhaseCodec = enumCodec<JobPhase, pb.JobPhase>()({
  queued: pb.JobPhase.JOB_PHASE_QUEUED,
  reserving: pb.JobPhase.JOB_PHASE_RESERVING,
  starting: pb.JobPhase.JOB_PHASE_STARTING,
  loading: pb.JobPhase.JOB_PHASE_LOADING,
  training: pb.JobPhase.JOB_PHASE_TRAINING,
  exporting: pb.JobPhase.JOB_PHASE_EXPORTING,
  promoting: pb.JobPhase.JOB_PHASE_PROMOTING,
  stopping: pb.JobPhase.JOB_PHASE_STOPPING,
  ended: pb.JobPhase.JOB_PHASE_ENDED,
});

const eventTypeCodec = enumCodec<JobEvent['type'], pb.JobEventType>()({
  status: pb.JobEventType.JOB_EVENT_TYPE_STATUS,
  metrics: pb.JobEventType.JOB_EVENT_TYPE_METRICS,
  pending: pb.JobEventType.JOB_EVENT_TYPE_PENDING,
});

export function encodeJob(job: Job): pb.Job {
  return {
    id: job.id,
    requestMsgpack: encodeRequest(job.request),
    dataset: { key: job.dataset.key, etag: job.dataset.etag, bytes: job.dataset.bytes },
    status: jobStatusCodec.encode(job.status),
    phase: jobPhaseCodec.encode(job.phase),
    createdAt: wholeMs(job.createdAt),
    startedAt: job.startedAt === null ? undefined : wholeMs(job.startedAt),
    completedAt: job.completedAt === null ? undefined : wholeMs(job.completedAt),
    currentEpoch: job.currentEpoch,
    totalEpochs: job.totalEpochs,
    progress: job.progress,
    attempt: job.attempt,
    attempts: job.attempts.map(encodeAttempt),
    failures: job.failures,
    infraFailures: job.infraFailures,
    gpuAllocated: job.gpuAllocated ?? undefined,
    bestMetrics: encodeMetrics(job.bestMetrics),
    finalModelPath: job.finalModelPath ?? undefined,
    error: job.error === null ? undefined : encodeErrorData(job.error),
    pendingReason: job.pendingReason ?? undefined,
    warnings: [...job.warnings],
    nodes: [...job.nodes],
    leases: [...job.leases],
    cancelRequested: job.cancelRequested,
    workers: job.workers,
  };
}

/** @throws WireFormatError */
export function decodeJob(wire: pb.Job | undefined, at: FieldPath = 'job'): Job {
  const job = present(wire, at);
  const { key, etag, bytes } = present(job.dataset, `${at}.dataset`);
  return {
    id: parsed(jobId, job.id, `${at}.id`),
    request: decodeRequest(job.requestMsgpack, `${at}.request`),
    dataset: { key, etag, bytes },
    status: jobStatusCodec.decode(job.status, `${at}.status`),
    phase: jobPhaseCodec.decode(job.phase, `${at}.phase`),
    createdAt: job.createdAt,
    startedAt: job.startedAt ?? null,
    completedAt: job.completedAt ?? null,
    currentEpoch: job.currentEpoch,
    totalEpochs: job.totalEpochs,
    progress: finite(job.progress, `${at}.progress`),
    attempt: job.attempt,
    attempts: job.attempts.map((attempt, i) => decodeAttempt(attempt, `${at}.attempts[${i}]`)),
    failures: job.failures,
    infraFailures: job.infraFailures,
    gpuAllocated: job.gpuAllocated ?? null,
    bestMetrics: decodeMetrics(job.bestMetrics, `${at}.bestMetrics`),
    finalModelPath: job.finalModelPath ?? null,
    error: job.error ? decodeErrorData(job.error, `${at}.error`) : null,
    pendingReason: job.pendingReason ?? null,
    warnings: job.warnings,
    nodes: job.nodes.map((node, i) => parsed(nodeId, node, `${at}.nodes[${i}]`)),
    leases: job.leases.map((lease, i) => parsed(leaseId, lease, `${at}.leases[${i}]`)),
    cancelRequested: job.cancelRequested,
    workers: job.workers,
  };
}

export function encodeModel(model: Model): pb.Model {
  return {
    job: model.job,
    modelId: model.modelId,
    task: taskCodec.encode(model.task),
    files: model.files.map(encodeStoredFile),
    result: encodeTrainingResult(model.result),
    hyperparametersMsgpack: encodeHyperparameters(model.hyperparameters),
    seed: model.seed,
    createdAt: wholeMs(model.createdAt),
  };
}

/** @throws WireFormatError */
export function decodeModel(wire: pb.Model, at: FieldPath = 'model'): Model {
  return {
    job: parsed(jobId, wire.job, `${at}.job`),
    modelId: wire.modelId,
    task: taskCodec.decode(wire.task, `${at}.task`),
    files: wire.files.map((file, i) => decodeStoredFile(file, `${at}.files[${i}]`)),
    result: decodeTrainingResult(wire.result, `${at}.result`),
    hyperparameters: decodeHyperparameters(wire.hyperparametersMsgpack, `${at}.hyperparameters`),
    seed: wire.seed,
    createdAt: wire.createdAt,
  };
}

export function encodeJobEvent(event: JobEvent): pb.JobEvent {
  return {
    job: event.job,
    number: event.number,
    type: eventTypeCodec.encode(event.type),
    at: wholeMs(event.at),
    data:
      event.type === 'metrics'
        ? { $case: 'metrics', value: encodeEpochMetrics(event.data) }
        : { $case: 'jobState', value: encodeJob(event.data) },
  };
}

/** @throws WireFormatError */
export function decodeJobEvent(wire: pb.JobEvent, at: FieldPath = 'jobEvent'): JobEvent {
  const place = { job: parsed(jobId, wire.job, `${at}.job`), number: wire.number, at: wire.at };
  const type = eventTypeCodec.decode(wire.type, `${at}.type`);
  const data = present(wire.data, `${at}.data`);
  if (type === 'metrics') {
    if (data.$case !== 'metrics') throw new WireFormatError(`${at}.data`, 'is no epoch of metrics');
    return { ...place, type, data: decodeEpochMetrics(data.value, `${at}.data`) };
  }
  if (data.$case !== 'jobState') throw new WireFormatError(`${at}.data`, 'is no job');
  return { ...place, type, data: decodeJob(data.value, `${at}.data`) };
}

/** What goes over NATS of a committed event; `event` is null where it is not told whole: who wants it asks the head by its number. */
export interface JobNews {
  readonly number: number;
  readonly event: JobEvent | null;
}

/** The bytes of an event, as it goes over NATS. */
export function encodeJobEventBytes(event: JobEvent): Uint8Array {
  return toBytes(pb.JobEvent, encodeJobEvent(event));
}

/** The bytes of news without the event itself: of one that NATS does not take. */
export function encodeJobEventNumberBytes({ job, number, type, at }: JobEvent): Uint8Array {
  return toBytes(pb.JobEvent, { job, number, type: eventTypeCodec.encode(type), at: wholeMs(at), data: undefined });
}

/** @throws WireFormatError */
export function decodeJobNewsBytes(bytes: Uint8Array): JobNews {
  const wire = fromBytes(pb.JobEvent, bytes, 'jobEvent');
  return { number: wire.number, event: wire.data === undefined ? null : decodeJobEvent(wire) };
}

export function encodeExperiment({ name, jobs, newestAt }: Experiment): pb.Experiment {
  return { name, newestAt: wholeMs(newestAt), ...jobs };
}

export function decodeExperiment({ name, newestAt, ...jobs }: pb.Experiment): Experiment {
  const { pending, running, completed, failed, cancelled } = jobs;
  return { name, newestAt, jobs: { pending, running, completed, failed, cancelled } };
}
