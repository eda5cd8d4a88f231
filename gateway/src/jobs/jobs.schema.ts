import {
  STATUSES,
  TASK_TYPES,
  TRAIN_LIMITS as L,
  dataIdProblem,
  excludedColumnsProblem,
  hyperparametersProblem,
  tagsProblem,
} from '@trainer/model';
import { z } from 'zod';
import { whole } from '../http/query.js';

/** null means: not sent, as Python clients send what they leave out. */
const optional = <T extends z.ZodType>(type: T) => type.nullish();

/** Says of a field that is not there what to send, and leaves other mistakes to zod's words. */
const required = (what: string) => ({
  error: (issue: { readonly input?: unknown }) => (issue.input === undefined ? `is required: ${what}` : undefined),
});

/** A check of the model's, whose answer follows the field's name. */
const bounded =
  <Value>(field: string, problemOf: (value: Value) => string | null) =>
  (value: Value, context: z.RefinementCtx): void => {
    const problem = problemOf(value);
    if (problem !== null) context.addIssue({ code: 'custom', message: `${field} ${problem}` });
  };

/** Body of POST /train (api.md); unknown fields pass and become warnings. */
export const TrainBody = z.looseObject({
  model_id: z
    .string(required('an id of the catalog'))
    .min(1)
    .max(L.names.chars)
    .describe('An id of the catalog, such as xgboost_classifier'),
  data_id: z
    .string(required('the key of a dataset, such as iris.csv'))
    .superRefine((dataId, context) => {
      const message = dataIdProblem(dataId);
      if (message !== null) context.addIssue({ code: 'custom', message });
    })
    .describe('Key of the dataset in the data bucket: .csv, .csv.gz, .tsv, .parquet, or without an ending'),
  task_type: z
    .enum(TASK_TYPES as [(typeof TASK_TYPES)[number], ...typeof TASK_TYPES], required(TASK_TYPES.join(', ')))
    .describe("The model's task"),
  epochs: optional(z.int().min(L.epochs.min).max(L.epochs.max)).describe('Epochs; DEFAULT_EPOCHS when absent'),
  batch_size: optional(z.int().min(L.batchSize.min).max(L.batchSize.max)).describe('Reaches only mlp models'),
  learning_rate: optional(z.number().gt(L.learningRate.above).lt(L.learningRate.below)).describe(
    'Reaches only mlp models; boosters read hyperparameters.learning_rate',
  ),
  hyperparameters: optional(z.record(z.string(), z.unknown()).superRefine(bounded('hyperparameters', hyperparametersProblem))).describe(
    `The model's own parameters, with its library's names; up to ${L.hyperparameters.names} of them and ${L.hyperparameters.bytes / 1024} KiB in all`,
  ),
  target_column: optional(z.string().min(1).max(L.columnName.chars)).describe('The last column when absent'),
  use_gpu: optional(z.boolean()).describe('A wish: without a GPU the CPU trains'),
  num_workers: optional(z.int().min(L.numWorkers.min).max(L.numWorkers.max)).describe('Data-parallel ranks; 0 means 1'),
  experiment_name: optional(z.string().min(1).max(L.names.chars)).describe('Experiment; trainer when absent'),
  run_name: optional(z.string().min(1).max(L.names.chars)),
  tags: optional(
    z.record(z.string().max(L.tags.keyChars), z.string().max(L.tags.valueChars)).superRefine(bounded('tags', tagsProblem)),
  ).describe(`Up to ${L.tags.max} tags and ${L.tags.bytes / 1024} KiB in all`),
  pipeline_id: optional(z.string().max(L.names.chars)).describe('Comes back with the job'),
  early_stopping: optional(z.boolean()).describe('Stops after `patience` epochs without a better validation loss'),
  patience: optional(z.int().min(L.patience.min).max(L.patience.max)),
  seed: optional(z.int().min(L.seed.min).max(L.seed.max)).describe('Seed of the split and of the model; 42 when absent'),
  validation_split: optional(z.number().min(L.validationSplit.min).max(L.validationSplit.max)).describe(
    'Share of the rows; by the row count when absent',
  ),
  exclude_columns: optional(
    z.array(z.string().max(L.columnName.chars)).max(L.excludeColumns.max).superRefine(bounded('exclude_columns', excludedColumnsProblem)),
  ).describe(`Columns to leave out of the features; their names take up to ${L.excludeColumns.bytes / 1024} KiB in all`),
  priority: optional(z.int().min(L.priority.min).max(L.priority.max)).describe('Jobs of higher priority are placed first; 50 when absent'),
  idempotency_key: optional(z.string().min(1).max(L.idempotencyKey.chars)).describe(
    'The same key and body give the same job; also as a header',
  ),
});
export type TrainBody = z.infer<typeof TrainBody>;

export const KNOWN_FIELDS: readonly string[] = Object.keys(TrainBody.shape);

/** Body of POST /train/batch. */
export const BatchBody = z.object({ jobs: z.array(TrainBody).min(1).max(L.batch.max) });
export type BatchBody = z.infer<typeof BatchBody>;

export const ListJobsQuery = z.object({
  status: z.enum(STATUSES).optional(),
  limit: whole(1, 100, 10),
  model_id: z.string().max(L.names.chars).optional(),
  experiment_name: z.string().max(L.names.chars).optional(),
  tag: z
    .string()
    .max(L.tags.keyChars + L.tags.valueChars + 1)
    .regex(/^[^=]+=/, 'must be name=value')
    .optional()
    .describe('name=value'),
  cursor: z.string().max(200).optional(),
});
export type ListJobsQuery = z.infer<typeof ListJobsQuery>;

export const ProgressQuery = z.object({ epochs: z.enum(['all']).optional() });
export type ProgressQuery = z.infer<typeof ProgressQuery>;

export const LogsQuery = z.object({
  follow: z
    .enum(['', 'true', '1', 'false', '0'])
    .optional()
    .transform((value) => value !== undefined && !['false', '0'].includes(value))
    .describe('Goes on with what is written from now on, to the end of the job'),
  tail: whole(0, 1_000_000, 0).describe('Only so many of the last lines; 0: all'),
});
export type LogsQuery = z.infer<typeof LogsQuery>;
