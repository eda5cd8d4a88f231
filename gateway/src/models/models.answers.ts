import { z } from 'zod';
import type { AnswerOf } from '../http/documented.js';
import { scores } from '../http/scores.js';

const metrics = z.record(z.string(), z.number().nullable());
const column = z.object({ name: z.string(), type: z.string(), shape: z.array(z.int().nullable()) });

const ModelItemSchema = z.object({
  model_id: z.string().meta({ example: 'xgboost_classifier' }),
  job_id: z.string(),
  model_name: z.string().meta({ example: 'Xgboost Classifier' }),
  task_type: z.string(),
  minio_path: z.string().nullable(),
  file_size_mb: z.number().nullable(),
  metrics: scores,
  hyperparameters: z.record(z.string(), z.unknown()),
  training_duration: z.string().describe('H:MM:SS'),
  created_at: z.string(),
  mlflow_run_id: z.string().nullable(),
});

export const ModelPageSchema = z.object({ models: z.array(ModelItemSchema), total: z.int(), page: z.int(), page_size: z.int() });

/** What GET /models/{id} answers (api.md, Model). */
export const ModelSchema = ModelItemSchema.extend({
  formats: z.array(z.string()),
  files: z.array(z.object({ format: z.string(), path: z.string(), bytes: z.int(), sha256: z.string() })),
  signature: z.object({ inputs: z.array(column), outputs: z.array(column) }),
  classes: z.array(z.union([z.string(), z.number()])).nullable(),
  feature_importance: z.array(z.object({ feature: z.string(), importance: z.number() })).nullable(),
  data_fingerprint: z.string(),
  seed: z.int(),
  checksum: z.string().nullable().describe('SHA-256 of the .pkl'),
  verified: z
    .object({ rows: z.int(), tiedRows: z.int() })
    .describe("Rows on which the exported file was compared with the trainer's own predictions"),
  selected_on_validation: z.boolean().describe('Early stopping chose the epoch on the rows that give the score'),
  baseline: metrics.describe('The score of a constant guess'),
});

export const DeletedModelSchema = z.object({ message: z.string() });

export const DownloadLinkSchema = z.object({
  url: z.string().describe('Opens the file without a token; it follows Range and ETag'),
  format: z.string(),
  expires_at: z.string().describe('From then on it opens nothing'),
});

export type DownloadLink = AnswerOf<typeof DownloadLinkSchema>;
export type DeletedModel = AnswerOf<typeof DeletedModelSchema>;
export type ModelItem = AnswerOf<typeof ModelItemSchema>;
export type ModelPage = AnswerOf<typeof ModelPageSchema>;
export type ModelView = AnswerOf<typeof ModelSchema>;
