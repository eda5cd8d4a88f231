import type { Job, JobEvent, JobId, Millis, TrainRequest } from '@trainer/model';
import type { JobRecord } from './job-record.js';

/** What a new job needs besides its request. */
export interface NewJob {
  readonly id: JobId;
  readonly request: TrainRequest;
  /** As the store had it at the submission. */
  readonly dataset: Job['dataset'];
  readonly dataBucket: string;
  readonly modelsBucket: string;
  /** CHECKPOINT_INTERVAL. */
  readonly checkpointInterval: number;
}

/** Checkpoints of a run at most, so that a long one spends its time on training (design.md section 7). */
const MOST_CHECKPOINTS = 20;

/** A job as it is accepted: queued, no attempt yet. `submittedEvent` is its event number 1. */
export function newJob(from: NewJob, now: Millis): JobRecord {
  return {
    job: {
      id: from.id,
      request: from.request,
      dataset: from.dataset,
      status: 'pending',
      phase: 'queued',
      createdAt: now,
      startedAt: null,
      completedAt: null,
      currentEpoch: 0,
      totalEpochs: from.request.epochs,
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
      warnings: from.request.warnings,
      workers: 0,
      nodes: [],
      leases: [],
      cancelRequested: false,
    },
    dataBucket: from.dataBucket,
    modelsBucket: from.modelsBucket,
    checkpointIntervalEpochs: Math.max(from.checkpointInterval, Math.ceil(from.request.epochs / MOST_CHECKPOINTS)),
    ranks: [],
    shape: null,
    checkpoint: null,
    best: null,
    reportedEpoch: 0,
    outOfMemory: 0,
    ending: null,
    promotion: null,
    isCleaned: false,
    lastEvent: 1,
  };
}

/** The first event of a new job, to be stored with it. */
export function submittedEvent({ job }: JobRecord): JobEvent {
  return { job: job.id, number: 1, at: job.createdAt, type: 'status', data: job };
}
