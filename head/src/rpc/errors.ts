import { describeCause, TrainerError } from '@trainer/model';
import type { ActorId, DeathCause, JobStatus, Millis } from '@trainer/model';

/** The actor's process ended before it ran. */
export class ActorDiedError extends TrainerError<'actor.died', { actor: string; cause: DeathCause; outcome: 'not-run' }> {
  constructor(actor: ActorId, cause: DeathCause) {
    super('actor.died', `Actor ${actor} died: ${describeCause(cause)}.`, { actor, cause, outcome: 'not-run' }, 'elsewhere');
  }
}

export class ActorNotFoundError extends TrainerError<'actor.not-found', { actor: string }> {
  constructor(actor: string) {
    super('actor.not-found', `There is no actor ${actor}; \`trainer actors\` lists those that live, with --all those that ended too.`, {
      actor,
    });
  }
}

/** Nothing of this id wrote a log, or it is forgotten. */
export class LogNotFoundError extends TrainerError<'log.not-found', { of: string }> {
  constructor(of: string) {
    super('log.not-found', `There is no log of ${of}: give the id of an actor, a job or a lease; \`trainer actors --all\` lists actors.`, {
      of,
    });
  }
}

/** The actor did not run within the time that its creator gave it. It was ended, unless it is somebody else's of that name. */
export class PlacementTimeoutError extends TrainerError<'placement.timeout', { actor: string; timeoutMs: Millis; reason: string | null }> {
  constructor(actor: ActorId, timeoutMs: Millis, reason: string | null, isEnded: boolean) {
    const why = reason === null ? '' : ` ${reason}`;
    super(
      'placement.timeout',
      `Actor ${actor} did not run within ${timeoutMs} ms${isEnded ? ' and was ended' : ''}.${why}`,
      { actor, timeoutMs, reason },
      'same',
    );
  }
}

/** The bundle was never uploaded here. */
export class BundleUnknownError extends TrainerError<'bundle.unknown', { hash: string }> {
  constructor(hash: string) {
    super('bundle.unknown', `There is no bundle ${hash}; upload it first.`, { hash });
  }
}

export class QueueFullError extends TrainerError<'queue.full', { limit: number }> {
  constructor(limit: number) {
    super('queue.full', `${limit} jobs wait already; submit again once some of them have run.`, { limit }, 'same');
  }
}

/** The key was used before, with another request. */
export class IdempotencyConflictError extends TrainerError<'idempotency.conflict', { key: string; job: string }> {
  constructor(key: string, job: string) {
    super('idempotency.conflict', `The idempotency key '${key}' was used for job ${job} with another request; use a new key.`, {
      key,
      job,
    });
  }
}

export class JobNotCancellableError extends TrainerError<'job.not-cancellable', { status: JobStatus }> {
  constructor(status: JobStatus) {
    super('job.not-cancellable', `Cannot cancel job in status: ${status}`, { status });
  }
}

/** Only a completed job has a model. */
export class JobNotCompletedError extends TrainerError<'job.not-completed', { job: string }> {
  constructor(job: string) {
    super('job.not-completed', `Job ${job} has not completed successfully`, { job });
  }
}

/** The job never had one, or it was deleted. */
export class NoModelError extends TrainerError<'model.none', { job: string }> {
  constructor(job: string) {
    super('model.none', 'No model to delete', { job });
  }
}
