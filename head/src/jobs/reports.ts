import { boundedError, TRAIN_LIMITS, warningsProblem } from '@trainer/model';
import type { EpochMetrics, JobPhase, Metric, Millis, RankReport, TrainingResult } from '@trainer/model';
import { promotionOf } from './artifacts.js';
import { blameOfError, NEEDS_MEMORY, PEER_LOST } from './blame.js';
import { echo, fail, wind } from './endings.js';
import type { JobWrite } from './job-events.js';
import type { BestEpoch, JobRecord, RankState } from './job-record.js';

/** A record after a report, with the rows to write. */
export interface Reported {
  readonly record: JobRecord;
  readonly writes: readonly JobWrite[];
}

/** What the reports of a running attempt change. Only rank 0 speaks of progress and results: the ranks train one model. */
export function report(record: JobRecord, from: RankState, said: RankReport, now: Millis): Reported {
  if (said.kind === 'failed') return only(failed(record, from, said));
  if (said.kind === 'warning') return only(warned(record, said.message));
  if (from.rank !== 0) return only(record);
  switch (said.kind) {
    case 'phase':
      return only(enter(record, said.phase, now));
    case 'progress':
      return only(progressed(enter(record, 'loading', now), said.done, said.epoch));
    case 'epoch':
      return epoch(record, said.metrics, said.done, now);
    case 'checkpoint':
      return checkpoint(record, said.checkpoint);
    case 'result':
      return only(result(record, said.result, now));
  }
}

/** A rank that others could never reach is no echo: they were not joined, so nobody hears more from each other. */
function failed(record: JobRecord, { rank }: RankState, said: Extract<RankReport, { kind: 'failed' }>): JobRecord {
  const error = boundedError(said.error);
  const needed = error.facts['neededBytes'];
  if (error.code === NEEDS_MEMORY && record.neededMemoryBytes === undefined && Number.isSafeInteger(needed))
    return wind({ ...record, neededMemoryBytes: Number(needed) }, { kind: 'requeue', why: error.message });
  if (error.code !== PEER_LOST) return fail(record, { blame: blameOfError(error), error, rank, cause: null });
  const loss = { blame: 'infra', error, rank, cause: null } as const;
  return error.facts['how'] === 'unreachable' ? fail(record, loss) : echo(record, rank, loss);
}

export function warned(record: JobRecord, message: string): JobRecord {
  const { chars } = TRAIN_LIMITS.warnings;
  const text = message.length > chars ? `${message.slice(0, chars - 3)}...` : message;
  const warnings = [...record.job.warnings, text];
  // A learner that repeats itself, or says much, must not fill the row: what goes beyond is in the log.
  if (record.job.warnings.includes(text) || warningsProblem(warnings) !== null) return record;
  return { ...record, job: { ...record.job, warnings } };
}

const STEPS: readonly JobPhase[] = ['queued', 'reserving', 'starting', 'loading', 'training', 'exporting', 'promoting'];

/** Phases go forward only. */
function enter(record: JobRecord, phase: 'loading' | 'training' | 'exporting' | 'promoting', now: Millis): JobRecord {
  const { job } = record;
  if (STEPS.indexOf(phase) <= STEPS.indexOf(job.phase)) return record;
  return { ...record, job: { ...job, status: 'running', phase, startedAt: job.startedAt ?? now } };
}

/** Never falls within an attempt. */
function progressed(record: JobRecord, done: number, epochNumber: number): JobRecord {
  const { job } = record;
  const progress = Math.max(job.progress, Math.min(100, Math.max(0, done * 100)));
  const currentEpoch = Math.max(job.currentEpoch, epochNumber);
  if (progress === job.progress && currentEpoch === job.currentEpoch) return record;
  return { ...record, job: { ...job, progress, currentEpoch } };
}

function epoch(record: JobRecord, metrics: EpochMetrics, done: number, now: Millis): Reported {
  if (metrics.epoch <= record.reportedEpoch) return only(record);
  const best = better(record.best, metrics);
  const training = progressed(enter(record, 'training', now), done, metrics.epoch);
  const next = { ...training, reportedEpoch: metrics.epoch, best, job: { ...training.job, bestMetrics: best.metrics } };
  return { record: next, writes: [{ kind: 'epoch', attempt: record.job.attempt, metrics }] };
}

/** Lower validation loss is better; where a model has none, the newest epoch is the best one known. */
function better(best: BestEpoch | null, metrics: EpochMetrics): BestEpoch {
  const isBetter = !best || best.valLoss === null || metrics.valLoss === null || metrics.valLoss < best.valLoss;
  return isBetter ? { epoch: metrics.epoch, valLoss: metrics.valLoss, metrics: flat(metrics) } : best;
}

function flat(metrics: EpochMetrics): Readonly<Record<string, Metric>> {
  return known({
    train_loss: metrics.trainLoss,
    val_loss: metrics.valLoss,
    train_accuracy: metrics.trainAccuracy,
    val_accuracy: metrics.valAccuracy,
    ...metrics.additional,
  });
}

/** Without what could not be computed: a regression has no accuracy. */
function known(metrics: Readonly<Record<string, Metric>>): Readonly<Record<string, Metric>> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== null));
}

function checkpoint(record: JobRecord, said: Extract<RankReport, { kind: 'checkpoint' }>['checkpoint']): Reported {
  const { attempt, progress } = record.job;
  const mark = record.checkpoint;
  if (mark && mark.attempt === attempt && said.epoch <= mark.checkpoint.epoch) return only(record);
  const next = { ...record, checkpoint: { attempt, checkpoint: said, best: record.best, progress } };
  return { record: next, writes: [{ kind: 'checkpoint', attempt, checkpoint: said }] };
}

/** Storing the result fixes the final keys; from here on the job can't be cancelled. */
function result(record: JobRecord, said: TrainingResult, now: Millis): JobRecord {
  const promoting = enter(record, 'promoting', now);
  const job = { ...promoting.job, bestMetrics: known(said.metrics), currentEpoch: said.lastEpoch };
  return { ...promoting, job, promotion: promotionOf(job, said) };
}

function only(record: JobRecord): Reported {
  return { record, writes: [] };
}
