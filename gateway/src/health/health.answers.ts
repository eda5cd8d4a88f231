import { z } from 'zod';
import type { AnswerOf } from '../http/documented.js';

const amount = z.object({ total: z.number(), free: z.number() });

export const HealthSchema = z.object({
  status: z.enum(['ok', 'degraded']),
  service: z.string(),
  gpu_available: z.boolean(),
  ray_initialized: z.boolean().describe('The cluster has a live node'),
  mlflow_connected: z.boolean(),
  postgres_connected: z.boolean(),
  minio_connected: z.boolean().describe('The object store in use answers'),
  cluster: z.object({ nodes: z.int(), cpus: amount, gpus: amount }),
  missing: z.array(z.string()),
  reasons: z
    .array(z.string())
    .describe('Why something is missing or soon will be, and what to do, as far as the service knows: a disk that is full, or nearly'),
  version: z.string(),
  uptime_seconds: z.int(),
});

export const RootSchema = z.object({
  service: z.string(),
  version: z.string(),
  status: z.string(),
  docs: z.string(),
  dashboard: z.string(),
});

export type HealthView = AnswerOf<typeof HealthSchema>;
export type RootView = AnswerOf<typeof RootSchema>;
