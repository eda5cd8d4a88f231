import { TRAIN_LIMITS } from '@trainer/model';
import { z } from 'zod';
import { whole } from '../http/query.js';

export const ListExperimentsQuery = z.object({ limit: whole(1, 1_000, 100) });
export type ListExperimentsQuery = z.infer<typeof ListExperimentsQuery>;

export const LeaderboardQuery = z.object({
  metric: z
    .string()
    .min(1)
    .max(TRAIN_LIMITS.names.chars)
    .optional()
    .describe('A name of best_metrics; val_accuracy, val_r2 or silhouette unless said'),
  limit: whole(1, 100, 10),
});
export type LeaderboardQuery = z.infer<typeof LeaderboardQuery>;
