import type {
  Actor,
  ActorId,
  Attempt,
  Checkpoint,
  EpochMetrics,
  Experiment,
  JobEvent,
  JobId,
  JobStatus,
  Lease,
  LeaseId,
  Millis,
  Model,
  SavedState,
  SessionId,
  StoredCheckpoint,
  Token,
} from '@trainer/model';
import type { JobRecord } from '../jobs/job-record.js';
import type { NodeEntry } from '../nodes/node-table.js';

/** A node's row: what outlives its stream. */
export interface StoredNode {
  readonly entry: NodeEntry;
  /** Number of the newest fact of this incarnation that is dealt with. */
  readonly storedFact: number;
}

export interface StoredSession {
  readonly id: SessionId;
  readonly state: 'open' | 'ended';
  readonly since: Millis;
}

/** As its job shows it; for who asks the database. */
export interface StoredAttempt {
  readonly job: JobId;
  readonly attempt: Attempt;
}

export interface IdempotencyKey {
  readonly key: string;
  readonly bodySha256: string;
  readonly job: JobId;
  readonly createdAt: Millis;
}

export interface NewCheckpoint {
  readonly job: JobId;
  readonly attempt: number;
  readonly checkpoint: Checkpoint;
  readonly createdAt: Millis;
}

/** The newest state of an actor. */
export interface StoredActorState {
  readonly actor: ActorId;
  /** Of whom it is. */
  readonly incarnation: number;
  readonly savedAt: Millis;
  readonly state: SavedState;
}

/** A token with the SHA-256 of its text. */
export interface StoredToken extends Token {
  readonly sha256: string;
}

/** Rows to write together; what is absent does not change. Of the states the newest version is given, whole. */
export interface Change {
  readonly nodes?: readonly StoredNode[];
  readonly sessions?: readonly StoredSession[];
  readonly newActors?: readonly { readonly actor: Actor; readonly createdAt: Millis }[];
  readonly actors?: readonly Actor[];
  readonly actorStates?: readonly StoredActorState[];
  /** Actors that have ended: nobody is restored any more. */
  readonly forgottenStates?: readonly ActorId[];
  readonly leases?: readonly Lease[];
  readonly newJobs?: readonly JobRecord[];
  readonly jobs?: readonly JobRecord[];
  readonly attempts?: readonly StoredAttempt[];
  readonly epochs?: readonly { readonly job: JobId; readonly attempt: number; readonly metrics: EpochMetrics }[];
  readonly checkpoints?: readonly NewCheckpoint[];
  readonly models?: readonly Model[];
  readonly deletedModels?: readonly JobId[];
  readonly events?: readonly JobEvent[];
  readonly bundles?: readonly { readonly hash: string; readonly bytes: number; readonly createdAt: Millis }[];
  readonly keys?: readonly IdempotencyKey[];
  /** Of a token that is there already only the time when it was revoked is written. */
  readonly tokens?: readonly StoredToken[];
}

/** What a new leader starts from: everything that has not ended. */
export interface StoredState {
  /** Not those that were lost for so long that they may be forgotten. */
  readonly nodes: readonly StoredNode[];
  readonly sessions: readonly StoredSession[];
  readonly actors: readonly Actor[];
  /** Unended leases, and lost ones of unended jobs. */
  readonly leases: readonly Lease[];
  readonly jobs: readonly JobRecord[];
}

/**
 * What is forgotten some time after it is over. Of jobs and models only what hangs on them is: `events` of ended jobs, but for the last of
 * each, and `metrics`, with the checkpoints' rows.
 */
export type Forgettable = 'actors' | 'leases' | 'sessions' | 'nodes' | 'keys' | 'bundles' | 'events' | 'metrics';

/** Which jobs to list, newest first. */
export interface JobQuery {
  readonly status: JobStatus | null;
  readonly modelId: string | null;
  readonly experimentName: string | null;
  readonly tag: { readonly name: string; readonly value: string } | null;
  readonly cursor: string | null;
  readonly limit: number;
}

/** The completed jobs of an experiment that have the metric, the best first. */
export interface LeaderboardQuery {
  readonly experiment: string;
  readonly metric: string;
  readonly isLessBetter: boolean;
  readonly limit: number;
}

/**
 * The truth of what was accepted and what happened.
 *
 *   S1. `commit` returns when the change is durable. It throws FencedError when another head leads (nothing was written),
 *       and StoreUnavailableError when it is unknown whether it was written: then read all state anew.
 *   S2. Changes are written in the order of the calls; those that wait together are written in one transaction.
 *   S3. A change that is written twice leaves the same rows, events and metrics included.
 */
export interface ClusterStore {
  load(): Promise<StoredState>;
  commit(change: Change): Promise<void>;
  /**
   * Removes rows of what was over before that time, the oldest first, about `limit` of them; nothing that something unended needs. It
   * waits for no commit, and no commit waits for it.
   * @returns how many are gone; 0: there are no more. @throws FencedError
   */
  forget(what: Forgettable, before: Millis, limit: number): Promise<number>;
  /** Writes something of the size of many changes, of which nothing stays. @throws DatabaseFullError while the disk has no room for it */
  room(): Promise<void>;
  job(id: JobId): Promise<JobRecord | null>;
  jobs(query: JobQuery): Promise<{ jobs: readonly JobRecord[]; nextCursor: string | null }>;
  /** By their newest job, newest first. */
  experiments(limit: number): Promise<readonly Experiment[]>;
  /** Of equal ones the older first. */
  leaderboard(query: LeaderboardQuery): Promise<readonly JobRecord[]>;
  /** Metrics that a completed job of the experiment has, by name; null: it has no job. */
  metricsOf(experiment: string): Promise<readonly string[] | null>;
  /** Of each epoch its newest attempt, oldest first; `last`: only so many of the newest, null: all. */
  epochs(job: JobId, last: number | null): Promise<readonly EpochMetrics[]>;
  checkpoints(job: JobId): Promise<readonly StoredCheckpoint[]>;
  /** At most `limit` events with a number above `after`, in order. */
  events(job: JobId, after: number, limit: number): Promise<readonly JobEvent[]>;
  model(job: JobId): Promise<Model | null>;
  /** @returns those of these jobs that have not ended, or have a model: whoever leads, their files are wanted */
  jobsWithFiles(jobs: readonly JobId[]): Promise<ReadonlySet<JobId>>;
  /** Newest first; page from 1. */
  models(page: number, pageSize: number): Promise<{ models: readonly Model[]; total: number }>;
  actor(id: ActorId): Promise<Actor | null>;
  /** What the next incarnation of the actor is restored from; null: nothing was stored. */
  actorState(id: ActorId): Promise<SavedState | null>;
  /** Newest first. */
  actors(limit: number): Promise<readonly Actor[]>;
  /** Was there such a session, and has it ended? */
  hasSessionEnded(id: SessionId): Promise<boolean>;
  /** Every lease there was for an actor or a job. */
  leasesOf(holder: string): Promise<readonly LeaseId[]>;
  key(key: string): Promise<IdempotencyKey | null>;
  hasBundle(hash: string): Promise<boolean>;
  /** Those in force, newest first. */
  tokens(): Promise<readonly StoredToken[]>;
  /** Also one that was revoked. */
  tokenOf(sha256: string): Promise<StoredToken | null>;
  close(): Promise<void>;
}
