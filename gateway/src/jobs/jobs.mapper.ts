import { nearestNames, type Checkpoint, type EpochMetrics, type Job } from '@trainer/model';
import { scoresOf } from '../http/scores.js';
import { durationOf, megabytes, timeOf, timeOrNull } from '../http/times.js';
import { attemptView } from './attempts.mapper.js';
import type { FinalResultView, JobView, ProgressView } from './jobs.answers.js';
import { KNOWN_FIELDS, type TrainBody } from './jobs.schema.js';

/** A job as REST shows it; api.md names every field. */
export function jobView(job: Job): JobView {
  return {
    job_id: job.id,
    status: job.status,
    model_id: job.request.modelId,
    data_id: job.request.dataId,
    task_type: job.request.taskType,
    created_at: timeOf(job.createdAt),
    started_at: timeOrNull(job.startedAt),
    completed_at: timeOrNull(job.completedAt),
    current_epoch: job.currentEpoch,
    total_epochs: job.totalEpochs,
    progress_percentage: Math.round(job.progress * 100) / 100,
    gpu_allocated: job.gpuAllocated,
    mlflow_run_id: null,
    mlflow_experiment_id: null,
    best_metrics: scoresOf(job.bestMetrics),
    training_metrics: scoresOf(job.bestMetrics),
    final_model_path: job.finalModelPath,
    artifacts: { model_path: job.finalModelPath },
    error_message: job.error?.message ?? null,
    error: job.error?.message ?? null,
    pipeline_id: job.request.pipelineId,
    phase: job.phase,
    pending_reason: job.pendingReason,
    workers: job.workers,
    nodes: job.nodes,
    attempt: job.attempt,
    attempts: job.attempts.map(attemptView),
    warnings: job.warnings,
    hyperparameters: job.request.hyperparameters,
    experiment_name: job.request.experimentName,
    run_name: job.request.runName,
    tags: job.request.tags,
    priority: job.request.priority,
  };
}

/** The answer of GET /train/{id}/final_result. */
export function finalResultView(job: Job): FinalResultView {
  const { status, pipeline_id, job_id, model_id, task_type, artifacts, training_metrics } = jobView(job);
  return { status, pipeline_id, job_id, model_id, task_type, artifacts, training_metrics };
}

export function epochView(metrics: EpochMetrics): ProgressView['recent_metrics'][number] {
  return {
    epoch: metrics.epoch,
    train_loss: metrics.trainLoss,
    val_loss: metrics.valLoss,
    train_accuracy: metrics.trainAccuracy,
    val_accuracy: metrics.valAccuracy,
    learning_rate: metrics.learningRate,
    additional_metrics: metrics.additional,
  };
}

export interface StoredCheckpoint {
  readonly id: string;
  readonly createdAt: number;
  readonly checkpoint: Checkpoint;
}

function checkpointView(stored: StoredCheckpoint, bucket: string): ProgressView['checkpoints'][number] {
  return {
    checkpoint_id: stored.id,
    epoch: stored.checkpoint.epoch,
    minio_path: `${bucket}/${stored.checkpoint.file.key}`,
    metrics: stored.checkpoint.metrics,
    created_at: timeOf(stored.createdAt),
    file_size_mb: megabytes(stored.checkpoint.file.bytes),
  };
}

export interface ProgressOf {
  readonly job: Job;
  readonly metrics: readonly EpochMetrics[];
  readonly checkpoints: readonly StoredCheckpoint[];
}

/** The answer of GET /train/{id}/progress; times count from the start of training, the estimate from the share done. */
export function progressView({ job, metrics, checkpoints }: ProgressOf, bucket: string, nowMs: number): ProgressView {
  const elapsedMs = job.startedAt === null ? 0 : (job.completedAt ?? nowMs) - job.startedAt;
  const share = job.progress / 100;
  const remainingMs = job.completedAt !== null ? 0 : share > 0 ? (elapsedMs * (1 - share)) / share : null;
  return {
    job_id: job.id,
    status: job.status,
    current_epoch: job.currentEpoch,
    total_epochs: job.totalEpochs,
    progress_percentage: Math.round(job.progress * 100) / 100,
    recent_metrics: metrics.map(epochView),
    checkpoints: checkpoints.map((stored) => checkpointView(stored, bucket)),
    elapsed_time: durationOf(elapsedMs),
    estimated_time_remaining: remainingMs === null ? null : durationOf(remainingMs),
  };
}

/** As many as the head takes warnings of, whatever their names are made of. */
const MOST_UNKNOWN = 50;

/** One warning a field that nobody reads, naming the nearest one that is read. */
export function unknownFieldWarnings(body: TrainBody): string[] {
  return Object.keys(body)
    .filter((name) => !KNOWN_FIELDS.includes(name))
    .slice(0, MOST_UNKNOWN)
    .map(
      (name) =>
        `the field '${name.slice(0, 80)}' is unknown and ignored; the nearest known one is '${nearestNames(name, KNOWN_FIELDS, 1).join('')}'`,
    );
}

type Given<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

/** Drops what was not sent, or sent as null: the service's default counts. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as Given<T>;
}
