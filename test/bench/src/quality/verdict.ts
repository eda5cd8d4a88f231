/** One model, or a stand-in for one, against its reference on one dataset, over several splits. */
export interface Comparison {
  /** Means of the scores: accuracy for classification, R2 for regression, adjusted Rand index for clustering. */
  readonly ours: number;
  readonly theirs: number;
  /** Ours minus theirs, the mean over the splits. */
  readonly difference: number;
  /** How likely a difference so low is where both are as good. */
  readonly p: number;
  /** Where both sides begin at the same place, so that they solve the same problem. */
  readonly same?: SameProblem;
}

/** The worst of all runs. */
export interface SameProblem {
  /** By how much our objective is above theirs, as a share of theirs. */
  readonly above: number;
  /** Rows that ours labels otherwise, of all `rows`. */
  readonly others: number;
  readonly rows: number;
}

export type Task = 'classification' | 'regression' | 'clustering';

/** Below it a mean difference counts. */
const LEAST_DIFFERENCE: Readonly<Record<Task, number>> = { classification: -0.005, regression: -0.01, clustering: -0.02 };
const MOST_ABOVE = 1e-6;
const MOST_OTHERS = 0.005;
const SIGNIFICANT = 0.01;
/** Of the generated sets together: they have so many rows to test on that a smaller lag shows. */
const LEAST_POOLED_DIFFERENCE = -0.003;

/** Is ours as good on this dataset? */
export function isAsGood(task: Task, { difference, p, same }: Comparison): boolean {
  return !(difference < LEAST_DIFFERENCE[task] && p < SIGNIFICANT) && (same === undefined || isSameSolution(same));
}

/** One row may always differ. */
function isSameSolution({ above, others, rows }: SameProblem): boolean {
  return above <= MOST_ABOVE && others <= Math.max(1, MOST_OTHERS * rows);
}

/** Is ours as good on the generated sets together? @returns true without any */
export function isAsGoodTogether(generated: readonly Comparison[]): boolean {
  return pooled(generated) >= LEAST_POOLED_DIFFERENCE;
}

/** @returns the mean difference over these datasets; 0 without any */
export function pooled(comparisons: readonly Comparison[]): number {
  return comparisons.reduce((sum, { difference }) => sum + difference, 0) / Math.max(1, comparisons.length);
}
