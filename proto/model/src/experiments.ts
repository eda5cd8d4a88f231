import type { JobStatus } from './jobs.js';
import type { Millis } from './resources.js';

/** Jobs of one name. */
export interface Experiment {
  readonly name: string;
  readonly jobs: Readonly<Record<JobStatus, number>>;
  /** When its newest job was submitted. */
  readonly newestAt: Millis;
}

const LESS_IS_BETTER = /(?:^|_)(?:loss|rmse|mae|inertia|davies_bouldin|n_noise|gap)$/;

/** Is a smaller value of this metric the better one? api.md has the metrics. */
export function isLessBetter(metric: string): boolean {
  return LESS_IS_BETTER.test(metric);
}

/** What jobs are compared by where nobody says by what: the first of these that there is. */
export const LEADING_METRICS = ['val_accuracy', 'val_r2', 'silhouette'] as const;
