import { TrainerError } from '@trainer/model';

/** Another head leads: nothing of this transaction was written, and nothing more may be. The process's head must end. */
export class FencedError extends TrainerError<'head.fenced', { headEpoch: number }> {
  constructor(headEpoch: number, cause: unknown) {
    super('head.fenced', `Another head has taken over from head epoch ${headEpoch}; this one ends.`, { headEpoch }, 'elsewhere', { cause });
  }
}

/** PostgreSQL did not answer, or its answer was lost: what was to be written may or may not be there. State is read anew. */
export class StoreUnavailableError extends TrainerError<'cluster.unavailable', { part: string }> {
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super('cluster.unavailable', `The database does not answer (${why}). Try again in a moment.`, { part: 'database' }, 'same', { cause });
  }
}
