import { MOST_ATTEMPTS, STATUSES, type AttemptEnd } from '@trainer/model';
import { z } from 'zod';
import type { AnswerOf } from '../http/documented.js';
import { scores } from '../http/scores.js';

const metrics = z.record(z.string(), z.number().nullable());
const time = z.string().describe('UTC, without suffix').meta({ example: '2025-12-02T10:00:00.000' });
const text = z.string().nullable();

/** How an attempt may end. */
const END_KINDS = ['completed', 'cancelled', 'requeued', 'failed'] as const satisfies readonly AttemptEnd['kind'][];

/** One try of a job (api.md, Job). */
const AttemptSchema = z.object({
  number: z.int().describe('From 1'),
  started_at: time.describe('When it was placed; UTC, without suffix'),
  ended_at: time.nullable().describe('When its last process was gone; null while it goes on'),
  from_epoch: z.int().describe('Epoch of the checkpoint it goes on from; 0: from the beginning'),
  workers: z.int(),
  nodes: z.array(z.string()),
  memory_bytes: z.int().describe('What the lease of each worker holds'),
  why: text
    .describe('Why it ended, in one sentence; null while it goes on')
    .meta({ example: 'Out of memory: used 1,203 MiB of 1,024 MiB' }),
  end: z
    .object({
      kind: z.enum(END_KINDS).describe('requeued: a node did not take it, or it needs more than it was given'),
      blame: z
        .enum(['request', 'crash', 'infra'])
        .nullable()
        .describe('Of a failure. request: the job fails at once, as another attempt would end alike; infra: nothing that the job did'),
      counts_to: z.enum(['max_failures', 'max_infra_failures']).nullable().describe('The limit it counts to; null: none'),
      rank: z.int().nullable().describe('The worker that failed first'),
      code: text.describe('Stable code of the error, such as job.crashed'),
      cause: z
        .looseObject({ kind: z.string() })
        .nullable()
        .describe(
          "How the worker's process ended, with the facts of that kind, such as limit_bytes and used_bytes; null: it reported its error",
        ),
    })
    .nullable()
    .describe('Why it ended, as data; null while it goes on'),
});

/** What a job looks like (api.md, Job). */
export const JobSchema = z.object({
  job_id: z.string().meta({ example: 'train_a1b2c3d4e5f6' }),
  status: z.enum(STATUSES),
  model_id: z.string(),
  data_id: z.string(),
  task_type: z.string(),
  created_at: time,
  started_at: time.nullable(),
  completed_at: time.nullable(),
  current_epoch: z.int(),
  total_epochs: z.int(),
  progress_percentage: z.number().describe('0..100'),
  gpu_allocated: text.describe('cuda:0, or null'),
  mlflow_run_id: text,
  mlflow_experiment_id: text,
  best_metrics: scores,
  training_metrics: scores.describe('Second name of best_metrics'),
  final_model_path: text,
  artifacts: z.object({ model_path: text }),
  error_message: text,
  error: text.describe('Second name of error_message'),
  pipeline_id: text,
  phase: z.string().describe('Finer than status'),
  pending_reason: text.describe('Why it waits, and what would help'),
  workers: z.int(),
  nodes: z.array(z.string()),
  attempt: z.int().describe('Number of the newest attempt; 0: none yet'),
  attempts: z.array(AttemptSchema).describe(`Oldest first, at most ${MOST_ATTEMPTS}; of more, those are left out that nothing counted to`),
  warnings: z.array(z.string()),
  hyperparameters: z.record(z.string(), z.unknown()),
  experiment_name: z.string(),
  run_name: text,
  tags: z.record(z.string(), z.string()),
  priority: z.int().describe('0..99, higher first'),
});

/** What GET /train/{id}/progress answers. */
export const ProgressSchema = z.object({
  job_id: z.string(),
  status: z.string(),
  current_epoch: z.int(),
  total_epochs: z.int(),
  progress_percentage: z.number(),
  recent_metrics: z.array(
    z.object({
      epoch: z.int(),
      train_loss: z.number().nullable(),
      val_loss: z.number().nullable(),
      train_accuracy: z.number().nullable(),
      val_accuracy: z.number().nullable(),
      learning_rate: z.number().nullable(),
      additional_metrics: metrics,
    }),
  ),
  checkpoints: z.array(
    z.object({ checkpoint_id: z.string(), epoch: z.int(), minio_path: z.string(), metrics, created_at: time, file_size_mb: z.number() }),
  ),
  elapsed_time: z.string().describe('H:MM:SS'),
  estimated_time_remaining: text.describe('H:MM:SS, or null while unknown'),
});

/** What GET /train/{id}/final_result answers. */
export const FinalResultSchema = JobSchema.pick({
  status: true,
  pipeline_id: true,
  job_id: true,
  model_id: true,
  task_type: true,
  artifacts: true,
  training_metrics: true,
});

/** What POST /train/batch answers: the jobs in the order of the requests. */
export const BatchSchema = z.object({ jobs: z.array(JobSchema) });

export type AttemptView = AnswerOf<typeof AttemptSchema>;
export type JobView = AnswerOf<typeof JobSchema>;
export type BatchView = AnswerOf<typeof BatchSchema>;
export type ProgressView = AnswerOf<typeof ProgressSchema>;
export type FinalResultView = AnswerOf<typeof FinalResultSchema>;

/** A line of GET /train/{id}/logs. */
export const LogLineSchema = z.object({
  at: z.string(),
  process: z.string().describe('Each rank of each attempt is a process of its own'),
  stream: z.enum(['stdout', 'stderr']),
  line: z.string(),
});
export type LogLineView = AnswerOf<typeof LogLineSchema>;
