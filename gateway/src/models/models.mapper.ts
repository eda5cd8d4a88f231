import type { Model, StoredFile } from '@trainer/model';
import { scoresOf } from '../http/scores.js';
import { durationOf, megabytes, timeOf } from '../http/times.js';
import type { ModelItem, ModelView } from './models.answers.js';

/** The formats of GET /models/{id}/download and the file's role each names. */
export const FORMATS = ['pkl', 'onnx', 'native'] as const;
export type Format = (typeof FORMATS)[number];

/** The file of a format; every completed model has all three. */
export function fileOf(model: Model, format: Format): StoredFile | null {
  return model.files.find((file) => file.role === format) ?? null;
}

/** `xgboost_classifier` as `Xgboost Classifier`. */
export function titleOf(modelId: string): string {
  return modelId
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ');
}

/** A model as lists show it. */
export function modelItem(model: Model, bucket: string): ModelItem {
  const pickle = fileOf(model, 'pkl');
  return {
    model_id: model.modelId,
    job_id: model.job,
    model_name: titleOf(model.modelId),
    task_type: model.task,
    minio_path: pickle === null ? null : `${bucket}/${pickle.key}`,
    file_size_mb: pickle === null ? null : megabytes(pickle.bytes),
    metrics: scoresOf(model.result.metrics),
    hyperparameters: model.hyperparameters,
    training_duration: durationOf(model.result.trainingMs),
    created_at: timeOf(model.createdAt),
    mlflow_run_id: null,
  };
}

/** A model in full (api.md). */
export function modelView(model: Model, bucket: string): ModelView {
  const { result } = model;
  return {
    ...modelItem(model, bucket),
    formats: FORMATS.filter((format) => fileOf(model, format) !== null),
    files: model.files.map((file) => ({ format: file.role, path: `${bucket}/${file.key}`, bytes: file.bytes, sha256: file.sha256 })),
    signature: result.signature,
    classes: result.classes,
    feature_importance: result.featureImportance,
    data_fingerprint: result.dataFingerprint,
    seed: model.seed,
    checksum: fileOf(model, 'pkl')?.sha256 ?? null,
    verified: result.verified,
    selected_on_validation: result.selectedOnValidation,
    baseline: result.baseline,
  };
}
