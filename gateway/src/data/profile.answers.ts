import { PROFILE_LIMITS as MOST, TASK_TYPES } from '@trainer/model';
import { z } from 'zod';
import type { AnswerOf } from '../http/documented.js';
import { DatasetSchema } from './data.schema.js';

const PlanKindSchema = z.enum(['number', 'one-hot', 'target-mean', 'date', 'left-out', 'target']);

const ColumnProfileSchema = z.object({
  name: z.string(),
  type: z.enum(['integer', 'number', 'boolean', 'text', 'date']),
  date_format: z.string().nullable().describe("How all of a date column's values are written; null for all others"),
  missing: z.int().describe('Rows without a value'),
  distinct: z.int().nullable().describe('Distinct values, missing ones apart; null: numbers or dates, and more than 1,000'),
  most_frequent: z
    .array(z.object({ value: z.string(), rows: z.int() }))
    .describe(`At most ${MOST.values} values, the most frequent first; long ones are cut. Empty where distinct is null`),
  plan: z
    .object({
      kind: PlanKindSchema,
      why: z.string(),
      encoded_count: z.int().describe('Columns of numbers that it becomes'),
      encoded: z.array(z.string()).describe(`Their names, the first ${MOST.encoded}`),
    })
    .describe('What a training makes of it'),
  warnings: z.array(z.string()),
});

/** What GET /data/{data_id} answers. */
export const DatasetProfileSchema = DatasetSchema.extend({
  format: z.enum(['csv', 'parquet']),
  rows: z.int(),
  column_count: z.int(),
  target: z
    .object({
      column: z.string(),
      task_type: z.enum(TASK_TYPES),
      guessed: z.boolean().describe('The task was guessed: numbers of more than 50 distinct values are a regression, all else classes'),
      rows_without_target: z.int().describe('Left out'),
      training_rows: z.int(),
      validation_rows: z.int(),
    })
    .nullable()
    .describe('null: none was named, so the plan is that of a feature, fitted on all rows'),
  plan: z.record(z.string(), z.int()).describe('How many columns become what'),
  encoded_columns: z.int().describe('Columns of numbers that a model sees'),
  problems: z.array(z.string()).describe('What would make a training of this table fail'),
  warnings: z.array(z.string()).describe('What is read, left out or split otherwise than it might look'),
  columns: z.array(ColumnProfileSchema).describe(`In the order of the table, at most ${MOST.columns} and some 1 MiB; the target always`),
  columns_left_off: z.int().describe('Columns that are only counted'),
});

export type ColumnProfileView = AnswerOf<typeof ColumnProfileSchema>;
export type DatasetProfileView = AnswerOf<typeof DatasetProfileSchema>;
