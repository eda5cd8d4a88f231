import type { ParameterValue } from './catalog/parameters.js';

export type TaskType = 'classification' | 'regression' | 'clustering';
export const TASK_TYPES: readonly TaskType[] = ['classification', 'regression', 'clustering'];

/** Does each row belong to one of some classes? */
export function hasClasses(task: TaskType): boolean {
  return task === 'classification';
}

/** Is a column of the table predicted? Else all rows train, and a column that is named is only compared with. */
export function hasTarget(task: TaskType): boolean {
  return task !== 'clustering';
}

/** Hyperparameters that are in force, checked against the catalog; names are the library's. */
export type HyperparameterValues = Readonly<Record<string, ParameterValue>>;

/** A training request after defaults and checks; api.md says what each field means. */
export interface TrainRequest {
  readonly modelId: string;
  readonly dataId: string;
  readonly taskType: TaskType;
  readonly targetColumn: string | null;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** As the client sent them. */
  readonly sentHyperparameters: Readonly<Record<string, unknown>>;
  /** What is in force. */
  readonly hyperparameters: HyperparameterValues;
  readonly useGpu: boolean;
  /** Sent by the client, or null: the cluster decides. */
  readonly numWorkers: number | null;
  readonly experimentName: string;
  readonly runName: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly pipelineId: string | null;
  readonly earlyStopping: boolean;
  readonly patience: number;
  readonly seed: number;
  /** Sent by the client, or null: the rule by row count. */
  readonly validationSplit: number | null;
  readonly excludeColumns: readonly string[];
  /** 0..99, higher first. */
  readonly priority: number;
  readonly warnings: readonly string[];
}

/** A training request as a client sends it. null: absent, so that the default holds. Checked against limits and catalog by the head. */
export interface SentTrainRequest {
  readonly modelId: string;
  readonly dataId: string;
  readonly taskType: TaskType;
  readonly targetColumn: string | null;
  readonly epochs: number | null;
  readonly batchSize: number | null;
  readonly learningRate: number | null;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly useGpu: boolean | null;
  readonly numWorkers: number | null;
  readonly experimentName: string | null;
  readonly runName: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly pipelineId: string | null;
  readonly earlyStopping: boolean | null;
  readonly patience: number | null;
  readonly seed: number | null;
  readonly validationSplit: number | null;
  readonly excludeColumns: readonly string[];
  readonly priority: number | null;
  /** Of the door it came through, such as unknown fields. */
  readonly warnings: readonly string[];
}

/**
 * The limits of POST /train (api.md) and of `JobService.Submit`; the one place that knows them. A job's request is part of its row, of
 * each event and of what its ranks start with, so all of it together fits well into one message of 256 KiB (design.md section 1).
 * `bytes`: as `travelBytes` counts.
 */
export const TRAIN_LIMITS = {
  epochs: { min: 1, max: 1000 },
  batchSize: { min: 1, max: 512, default: 32 },
  learningRate: { above: 0, below: 1, default: 0.001 },
  numWorkers: { min: 0, max: 32 },
  patience: { min: 1, max: 1000 },
  seed: { min: 0, max: 2 ** 31 - 1, default: 42 },
  validationSplit: { min: 0.01, max: 0.9 },
  hyperparameters: { names: 256, nameChars: 100, textChars: 256, items: 256, bytes: 64 * 1024 },
  excludeColumns: { max: 16_384, bytes: 128 * 1024 },
  priority: { min: 0, max: 99, default: 50 },
  tags: { max: 100, keyChars: 250, valueChars: 5000, bytes: 64 * 1024 },
  warnings: { max: 100, chars: 1000, bytes: 32 * 1024 },
  request: { bytes: 192 * 1024 },
  /** Requests that are taken in together. */
  batch: { max: 100 },
  names: { chars: 250 },
  dataId: { chars: 512 },
  columnName: { chars: 1024 },
  idempotencyKey: { chars: 255 },
} as const;

/** @returns what is wrong with a dataset's key, as a sentence, or null. It cannot leave its bucket. */
export function dataIdProblem(dataId: string): string | null {
  if (dataId.length === 0) return 'data_id is empty; give the key of a dataset, such as iris.csv';
  if (dataId.length > TRAIN_LIMITS.dataId.chars)
    return `data_id has ${dataId.length} characters; the limit is ${TRAIN_LIMITS.dataId.chars}`;
  if (dataId.startsWith('/')) return 'data_id starts with a slash; give a key inside the data bucket';
  if (dataId.split('/').some((part) => part === '..' || part === '.' || part === '')) {
    return "data_id has an empty part, '.' or '..' between slashes; a key cannot leave its bucket";
  }
  if (/[\u0000-\u001f\u007f\\]/.test(dataId)) return 'data_id has a control character or a backslash';
  return null;
}
