import { describeCause, short, type DeathCause } from './causes.js';
import type { NodeId } from './ids.js';

/**
 * Who is to blame for the end of an attempt, and so what it counts to (design.md section 6). request: fails the job at once, as another
 * attempt would end alike; crash: counts to the job's `max_failures`; infra: nothing that the job did, counts to `max_infra_failures`.
 */
export type Blame = 'request' | 'crash' | 'infra';

/** Why an attempt ended. */
export type AttemptEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'cancelled'; readonly by: string }
  /** It had to go back to the queue through no fault of anything: a node did not take it, or it needs more than it was given. Counts to nothing. */
  | { readonly kind: 'requeued'; readonly why: string }
  | {
      readonly kind: 'failed';
      readonly blame: Blame;
      /** The rank that failed first; null: none of them. */
      readonly rank: number | null;
      /** Code of the error, such as `job.crashed` or `dataset.ragged`. */
      readonly code: string;
      /** A sentence, at most `MAX_WHY_CHARS`. */
      readonly message: string;
      /** How the rank's process ended; null: it said itself what failed. */
      readonly cause: DeathCause | null;
    };

/** One try of a job: a gang of one world size. Times are milliseconds since 1970, UTC. */
export interface Attempt {
  /** From 1; never used twice in a job. */
  readonly number: number;
  /** When it was placed. */
  readonly startedAt: number;
  /** When its last process was gone; null: it goes on. */
  readonly endedAt: number | null;
  /** Epoch of the checkpoint that it goes on from; 0: from the beginning. */
  readonly fromEpoch: number;
  readonly workers: number;
  readonly nodes: readonly NodeId[];
  /** What each worker's lease holds. */
  readonly memoryBytes: number;
  /** null while it goes on. */
  readonly end: AttemptEnd | null;
}

/**
 * Attempts that a job keeps. More than its limits of failures allow (3 and 10), so that only attempts that nothing counts to are ever
 * left out, the oldest first.
 */
export const MOST_ATTEMPTS = 32;

/** @returns one sentence without its full stop: why the attempt ended */
export function describeEnd(end: AttemptEnd): string {
  switch (end.kind) {
    case 'completed':
      return 'Completed';
    case 'cancelled':
      return `Cancelled by ${end.by}`;
    case 'requeued':
      return end.why;
    case 'failed':
      return end.message;
  }
}

/** The sentence for the end of a rank's process. */
export function describeRankEnd(rank: number, workers: number, cause: DeathCause): string {
  const text = describeCause(cause);
  return short(workers === 1 ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : `Rank ${rank}: ${text}`);
}

/** @returns the list with one more attempt, at most `MOST_ATTEMPTS` long */
export function withAttempt(attempts: readonly Attempt[], next: Attempt): readonly Attempt[] {
  const all = [...attempts, next];
  if (all.length <= MOST_ATTEMPTS) return all;
  const oldest = all.findIndex(({ end }) => end?.kind === 'requeued');
  return all.filter((_, at) => at !== Math.max(0, oldest));
}
