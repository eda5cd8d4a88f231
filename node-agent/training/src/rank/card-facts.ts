import { cpus } from 'node:os';
import type { Metric, TrainingAssignment } from '@trainer/model';
import type { CardFacts } from '../artifacts/card.js';
import type { DataFacts } from './prepare-data.js';

/** What the card tells of the run, beside what the exporter knows itself. */
export function cardFacts(
  assignment: TrainingAssignment,
  data: DataFacts,
  scores: { readonly metrics: Readonly<Record<string, Metric>>; readonly baseline: Readonly<Record<string, Metric>> },
  run: { readonly threads: number; readonly versions: Readonly<Record<string, string>> },
): CardFacts {
  const { request } = assignment;
  return {
    job: { job_id: assignment.job, attempt: assignment.attempt },
    request: {
      model_id: request.modelId,
      data_id: request.dataId,
      task_type: request.taskType,
      target_column: request.targetColumn,
      epochs: request.epochs,
      hyperparameters: request.hyperparameters,
      early_stopping: request.earlyStopping,
      patience: request.patience,
      validation_split: request.validationSplit,
      exclude_columns: request.excludeColumns,
    },
    dataFingerprint: data.fingerprint,
    schema: { rows: data.rows, rows_without_target: data.droppedRows, columns: data.columns.map((column) => ({ ...column })) },
    split: {
      method: data.split.method,
      validation_share: data.split.validationShare,
      seed: data.split.seed,
      generator: data.split.generator,
      training_rows: data.trainTarget.length,
      validation_rows: data.validationTarget.length,
    },
    seed: request.seed,
    versions: run.versions,
    metrics: scores.metrics,
    baseline: scores.baseline,
    environment: {
      platform: process.platform,
      architecture: process.arch,
      processor: cpus()[0]?.model ?? 'unknown',
      threads: run.threads,
      world_size: assignment.worldSize,
      device: 'cpu',
    },
  };
}
