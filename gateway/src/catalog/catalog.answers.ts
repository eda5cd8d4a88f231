import { z } from 'zod';
import type { AnswerOf } from '../http/documented.js';

/** A model of the catalog (api.md, GET /catalog). */
export const CatalogModelSchema = z.object({
  model_id: z.string().meta({ example: 'xgboost_classifier' }),
  task_type: z.string(),
  about: z.string(),
  engine: z.string().nullable().describe('Library that trains it; null: code of our own'),
  hyperparameters: z
    .looseObject({ type: z.literal('object') })
    .describe('JSON Schema of hyperparameters, with defaults; null stands for the default, and random_state is the seed'),
  aliases: z.record(z.string(), z.string()).describe('Other names of hyperparameters'),
  without_effect: z.array(z.string()).describe("Names of the library's own process: accepted, with a warning"),
  uses: z.array(z.string()).describe('Fields of the request that reach it, of batch_size and learning_rate'),
  distribution: z.string().nullable().describe('How it is spread over workers; null: it trains on one'),
  ranks_tolerance: z
    .number()
    .nullable()
    .describe('How far a validation score of several workers may be from that of one; 0: the same model; null: it trains on one'),
  epoch: z.string().describe('What an epoch is: rounds, trees, passes, iterations, or none'),
  early_stopping: z.boolean().describe('Can the validation loss end it early?'),
  takes_gaps: z.boolean().describe('Missing values reach it as such; else they are filled'),
  scales: z.boolean().describe('Columns are brought to mean 0 and deviation 1 for it'),
  max_rows: z.int().describe('Rows that it takes at most'),
  memory_bytes: z
    .array(z.object({ rows: z.int(), columns: z.int(), bytes: z.number() }))
    .describe('What a worker takes at most with defaults, by rows and encoded columns (two classes where it has any)'),
  formats: z.array(z.string()),
});

export const CatalogSchema = z.object({ models: z.array(CatalogModelSchema) });

export type CatalogModelView = AnswerOf<typeof CatalogModelSchema>;
export type CatalogView = AnswerOf<typeof CatalogSchema>;
