import { jobId, leaseId, nodeId } from '@trainer/model';
import type { Checkpoint, DeathCause, EpochMetrics, RankReport, StoredFile, TrainingResult } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import type { JobStep, JobTrigger } from '../job-events.js';
import type { JobRecord } from '../job-record.js';
import { newJob } from '../new-job.js';
import { stepJob } from '../step-job.js';

/** Words for the tests of the job's controller: a job, what happens to it, and what leads to each phase. */

export const ID = jobId('train_0123456789ab');
export const NODE = nodeId('node-000000000001');
export const CRASH: DeathCause = { kind: 'signal', signal: 'SIGSEGV' };
export const SIGKILL: DeathCause = { kind: 'signal', signal: 'SIGKILL' };
/** 2 December 2025, 10:00 UTC. */
export const DAY = 1_764_669_600_000;

const request = aTrainRequest({ hyperparameters: { max_depth: 6 } });
/** Its table was looked at, and nothing could be told of it. */
export const queued: JobRecord = {
  ...newJob(
    {
      id: ID,
      request,
      dataset: { key: 'iris.csv', etag: 'e', bytes: 100 },
      dataBucket: 'datasets',
      modelsBucket: 'trained-models',
      checkpointInterval: 5,
    },
    DAY,
  ),
  table: null,
};

export function placedAs(attempt: number, size = 1): JobTrigger {
  const ranks = Array.from({ length: size }, (_, rank) => ({
    rank,
    lease: leaseId(`1-${attempt * 10 + rank}`),
    node: NODE,
    grant: { cpuMilli: 1000, memoryBytes: 1000, gpus: [] },
  }));
  return { kind: 'placed', attempt, ranks };
}
export const started = (attempt: number, rank = 0): JobTrigger => ({ kind: 'started', attempt, rank });
export const ready = (attempt: number, rank = 0): JobTrigger => ({ kind: 'rank-ready', attempt, rank, address: `h:${rank}` });
export const says = (attempt: number, report: RankReport, rank = 0): JobTrigger => ({ kind: 'report', attempt, rank, report });
export const ended = (attempt: number, cause: DeathCause = { kind: 'finished' }, rank = 0): JobTrigger => ({
  kind: 'lease-ended',
  attempt,
  rank,
  cause,
});
export const cancel: JobTrigger = { kind: 'cancel', by: 'DELETE /train' };
export const lost = (attempt: number): JobTrigger => ({ kind: 'lease-lost', attempt, rank: 0 });
export const gone = (attempt: number): JobTrigger => ({ kind: 'lease-gone', attempt, rank: 0 });
export const promoted: JobTrigger = { kind: 'promoted' };

function metrics(epoch: number, valLoss: number | null = 1 / epoch): EpochMetrics {
  return { epoch, trainLoss: 0.5, valLoss, trainAccuracy: null, valAccuracy: 0.9, learningRate: 0.3, additional: { val_f1_macro: epoch } };
}
export const epoch = (attempt: number, n: number, valLoss?: number | null): JobTrigger =>
  says(attempt, { kind: 'epoch', metrics: metrics(n, valLoss), done: n / 100 });
export const checkpointAt = (n: number): Checkpoint => ({ epoch: n, file: file('checkpoint', '.ckpt'), metrics: {} });

function file(role: StoredFile['role'], ending: string): StoredFile {
  return { role, key: `attempts/${ID}/1/x${ending}`, bytes: 1, sha256: 'a'.repeat(64), ending };
}
export const result: TrainingResult = {
  files: [file('onnx', '.onnx'), file('pkl', '.pkl')],
  metrics: { val_accuracy: 0.97, val_loss: null },
  keptEpoch: 30,
  lastEpoch: 40,
  signature: { inputs: [], outputs: [] },
  classes: null,
  featureImportance: null,
  dataFingerprint: 'f',
  verified: { rows: 30, tiedRows: 0 },
  selectedOnValidation: true,
  baseline: {},
  trainingMs: 100,
};
export const yields: RankReport = { kind: 'result', result };

/** Feeds all; an illegal one fails the test. */
export function after(...triggers: readonly JobTrigger[]): JobRecord {
  return triggers.reduce((record, trigger) => stepped(record, trigger).record, queued);
}
export function stepped(record: JobRecord, trigger: JobTrigger): Extract<JobStep, { kind: 'stepped' }> {
  const step = stepJob(record, trigger, DAY + 5);
  if (step.kind === 'illegal') throw new Error(step.why);
  return step;
}
export function whyIllegal(record: JobRecord, trigger: JobTrigger): string | null {
  const step = stepJob(record, trigger, DAY + 5);
  return step.kind === 'illegal' ? step.why : null;
}

export const RUN: readonly JobTrigger[] = [placedAs(1), started(1), ready(1)];
/** What leads to each phase. */
export const PHASES = {
  queued: [] as readonly JobTrigger[],
  reserving: [placedAs(1)],
  starting: [placedAs(1), started(1)],
  loading: [...RUN, says(1, { kind: 'phase', phase: 'loading' })],
  training: [...RUN, says(1, { kind: 'phase', phase: 'training' })],
  exporting: [...RUN, says(1, { kind: 'phase', phase: 'exporting' })],
  promoting: [...RUN, says(1, yields)],
  stopping: [...RUN, says(1, { kind: 'phase', phase: 'training' }), cancel],
} satisfies Readonly<Record<string, readonly JobTrigger[]>>;
