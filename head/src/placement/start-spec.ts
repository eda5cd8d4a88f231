import { createHmac } from 'node:crypto';
import type { Actor, Lease, LeaseId, SavedState, StartSpec } from '@trainer/model';
import { encodeAssignment } from '@trainer/wire';
import { assignmentOf } from '../jobs/assignment.js';
import type { JobRecord } from '../jobs/job-record.js';

const TRAINING_RANK = { kind: 'module', specifier: '@trainer/training', exportName: 'TrainingRank' } as const;

/**
 * Secrets of incarnations and attempts, derived from the cluster's: nobody can guess them, a head that starts again knows
 * them without storing them, and a repeated command carries the same one (HMAC-SHA256, RFC 2104).
 */
export interface Secrets {
  /** What callers of the actor in this lease show. */
  tokenOf(lease: LeaseId): string;
  /** What an actor shows when it asks the head where another one is. */
  readonly lookupToken: string;
  /** What the ranks of an attempt show each other. */
  ofAttempt(job: string, attempt: number): string;
}

export function deriveSecrets(clusterSecret: string): Secrets {
  const derive = (purpose: string): string => createHmac('sha256', clusterSecret).update(purpose).digest('hex');
  return {
    tokenOf: (lease) => derive(`actor ${lease}`),
    lookupToken: derive('lookup'),
    ofAttempt: (job, attempt) => derive(`attempt ${job} ${attempt}`),
  };
}

/** @param state what it is restored from */
export function startSpecOfActor(actor: Actor, lease: Lease, secrets: Secrets, state: SavedState | null): StartSpec {
  const { classRef, className, args, concurrency, env, maxRestarts, checkpointEvery } = actor.spec;
  const { lookupToken } = secrets;
  // 'call' is asked for by name, and changes when an answer goes out; the default is not worth a write a second to nobody.
  const isKept = maxRestarts !== 0 || checkpointEvery === 'call';
  return {
    holder: lease.holder,
    classRef,
    className,
    args,
    concurrency,
    token: secrets.tokenOf(lease.id),
    env,
    actor: { state, checkpointEvery: isKept ? checkpointEvery : null, lookupToken },
  };
}

/** @returns null when the job's current attempt has no such rank. */
export function startSpecOfRank(record: JobRecord, lease: Lease, secrets: Secrets): StartSpec | null {
  const { holder } = lease;
  if (holder.kind !== 'rank' || holder.attempt !== record.job.attempt) return null;
  const assignment = assignmentOf(record, holder.rank);
  if (assignment === null) return null;
  return {
    holder,
    classRef: TRAINING_RANK,
    className: TRAINING_RANK.exportName,
    args: { kind: 'inline', bytes: encodeAssignment(assignment) },
    concurrency: 1,
    token: secrets.tokenOf(lease.id),
    env: {},
    actor: null,
  };
}
