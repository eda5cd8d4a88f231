import { TrainerError, type Retry } from '@trainer/model';

/** Another head leads: nothing of this transaction was written, and nothing more may be. The process's head must end. */
export class FencedError extends TrainerError<'head.fenced', { headEpoch: number }> {
  constructor(headEpoch: number, cause: unknown) {
    super('head.fenced', `Another head has taken over from head epoch ${headEpoch}; this one ends.`, { headEpoch }, 'elsewhere', { cause });
  }
}

/** PostgreSQL did not answer, or its answer was lost: what was to be written may or may not be there. State is read anew. */
export class StoreUnavailableError extends TrainerError<'cluster.unavailable', { part: string }> {
  constructor(cause: unknown, message?: string, retry: Retry = 'same') {
    const why = cause instanceof Error ? cause.message : String(cause);
    super('cluster.unavailable', message ?? `The database does not answer (${why}). Try again in a moment.`, { part: 'database' }, retry, {
      cause,
    });
  }
}

/** Nothing of the transaction was written, and nothing can be until somebody makes room: who asks is told at once, and not to wait. */
export class DatabaseFullError extends StoreUnavailableError {
  constructor(cause: Error) {
    super(cause, `The disk of the database is full (${cause.message}). Make room on it; the head goes on by itself then.`, 'never');
  }
}

/** So many reads wait that this one would wait for too long. Nothing is wrong with the database, and nothing was asked of it. */
export class DatabaseBusyError extends TrainerError<'cluster.unavailable', { part: string }> {
  constructor(waiting: number) {
    super(
      'cluster.unavailable',
      `The database is busy: ${waiting} requests wait for it. Try again in a moment.`,
      { part: 'database' },
      'same',
    );
  }
}
