import { z } from 'zod';
import type { AnswerOf } from '../http/documented.js';
import { JobSchema } from '../jobs/jobs.answers.js';

/** What GET /experiments answers, newest first. */
export const ExperimentsSchema = z.array(
  z.object({
    name: z.string(),
    jobs: z
      .object({ pending: z.int(), running: z.int(), completed: z.int(), failed: z.int(), cancelled: z.int() })
      .describe('How many there are of each status'),
    newest_at: z.string().describe('When its newest job was submitted; UTC, without suffix'),
  }),
);

/** What GET /experiments/{name}/leaderboard answers. */
export const LeaderboardSchema = z.object({
  experiment: z.string(),
  metric: z.string(),
  order: z.enum(['ascending', 'descending']).describe('Of a loss or an error less is better: ascending'),
  entries: z.array(z.object({ rank: z.int().describe('From 1'), value: z.number(), job: JobSchema })),
});

export type ExperimentsView = AnswerOf<typeof ExperimentsSchema>;
export type LeaderboardView = AnswerOf<typeof LeaderboardSchema>;
