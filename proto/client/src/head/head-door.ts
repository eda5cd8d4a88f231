import type {
  ActorState,
  Death,
  EpochMetrics,
  Experiment,
  Job,
  JobEvent,
  JobStatus,
  Millis,
  Model,
  NodeView,
  StoredCheckpoint,
  TaskType,
  Token,
  TokenScope,
} from '@trainer/model';

/**
 * A training request as it is sent: what is absent gets the service's default. The head checks it against the catalog; api.md
 * (POST /train) says what each field means and its limits.
 */
export interface TrainingRequest {
  readonly modelId: string;
  readonly dataId: string;
  readonly taskType: TaskType;
  readonly targetColumn?: string | null;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly hyperparameters?: Readonly<Record<string, unknown>>;
  readonly useGpu?: boolean;
  readonly numWorkers?: number;
  readonly experimentName?: string;
  readonly runName?: string | null;
  readonly tags?: Readonly<Record<string, string>>;
  readonly pipelineId?: string | null;
  readonly earlyStopping?: boolean;
  readonly patience?: number;
  readonly seed?: number;
  readonly validationSplit?: number;
  readonly excludeColumns?: readonly string[];
  /** 0..99, higher first; 50 when absent. */
  readonly priority?: number;
  /** Of the door it came through, such as unknown fields; they come back in the job's warnings. */
  readonly warnings?: readonly string[];
}

/** Which jobs to list, newest first. */
export interface JobFilter {
  readonly status?: JobStatus;
  /** How many at most; the head says no to more than 1,000. Default 100. */
  readonly limit?: number;
  readonly modelId?: string;
  readonly experimentName?: string;
  readonly tag?: { readonly name: string; readonly value: string };
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  /** null: this is the last page. */
  readonly nextCursor: string | null;
}

export interface JobProgress {
  readonly job: Job;
  /** Oldest first. */
  readonly metrics: readonly EpochMetrics[];
  readonly checkpoints: readonly StoredCheckpoint[];
}

export interface ModelPage {
  readonly models: readonly Model[];
  /** All models there are. */
  readonly total: number;
}

/** Training jobs and their models. Every method throws `ClusterUnavailableError` when no head answers in time. */
export interface Jobs {
  /**
   * With an `idempotencyKey` a repeated submit is the same job.
   * @throws TrainerError `request.invalid` (facts.issues name the fields), `not-found` (the dataset), `idempotency.conflict`, `queue.full`.
   */
  submit(request: TrainingRequest, options?: { readonly idempotencyKey?: string }): Promise<Job>;
  /** All of them or none, in their order, at most 100. @throws as `submit`; issues name a field by its place, `jobs.3.epochs`. */
  submitAll(requests: readonly { readonly request: TrainingRequest; readonly idempotencyKey?: string }[]): Promise<readonly Job[]>;
  /** @throws TrainerError `not-found`. */
  get(job: string): Promise<Job>;
  list(filter?: JobFilter): Promise<JobPage>;
  /**
   * Commits the intent, waits up to `waitMs` (default 5,000) for the end, and returns the job as it then is. Idempotent.
   * @throws TrainerError `not-found`, `job.not-cancellable`.
   */
  cancel(job: string, options?: { readonly waitMs?: number }): Promise<Job>;
  /** `epochs`: only the last so many; absent: all. @throws TrainerError `not-found`. */
  progress(job: string, options?: { readonly epochs?: number }): Promise<JobProgress>;
  /**
   * The stored events with a number above `after` (default 0), then the live ones; ends after the job's final status. A
   * lost connection is taken up again at the event that is due. @throws TrainerError `not-found`.
   */
  events(job: string, options?: { readonly after?: number; readonly signal?: AbortSignal }): AsyncIterableIterator<JobEvent>;
  /**
   * The stored events with a number above `after`, some at a time, for who hears of live ones elsewhere and fills gaps.
   * `isOver`: the job has ended and none comes after these. @throws TrainerError `not-found`.
   */
  storedEvents(
    job: string,
    options: { readonly after: number },
  ): Promise<{ readonly events: readonly JobEvent[]; readonly isOver: boolean }>;
  /** The model of a completed job. @throws TrainerError `not-found`. */
  model(job: string): Promise<Model>;
  /** Newest first; `page` from 1. */
  models(options?: { readonly page?: number; readonly pageSize?: number }): Promise<ModelPage>;
  /** Newest first, at most `limit` (default 100). */
  experiments(options?: { readonly limit?: number }): Promise<readonly Experiment[]>;
  /**
   * The completed jobs of an experiment that have the metric, the best first. Default: by accuracy, R2 or silhouette, the best ten.
   * @throws TrainerError `not-found` (the experiment), `request.invalid` (a metric that none of them has)
   */
  leaderboard(
    experiment: string,
    options?: { readonly metric?: string; readonly limit?: number },
  ): Promise<{ readonly metric: string; readonly jobs: readonly Job[] }>;
  /** Its files and its entry go; the job stays, without a path. @throws TrainerError `not-found` (the job), `model.none`. */
  deleteModel(job: string): Promise<Job>;
}

export interface Nodes {
  list(): Promise<readonly NodeView[]>;
}

/** The cluster at a glance. */
export interface ClusterStatus {
  readonly headEpoch: number;
  readonly version: string;
  readonly uptimeMs: Millis;
  readonly isDatabaseConnected: boolean;
  /** Why not, such as a full disk; null: it is connected, or nobody knows. */
  readonly databaseTrouble: string | null;
  readonly isMessagesConnected: boolean;
  readonly isStoreConnected: boolean;
  readonly nodes: readonly NodeView[];
  readonly jobsRunning: number;
  readonly jobsPending: number;
  readonly actorsAlive: number;
}

/** One line of what an actor or a rank wrote; `at` is milliseconds since 1970, UTC. */
export interface LogLine {
  readonly lease: string;
  readonly at: number;
  readonly isStderr: boolean;
  readonly line: string;
}

/** An actor as the head lists it; what it was created with is not repeated. */
export interface ActorListing {
  readonly id: string;
  readonly className: string;
  /** null: it is found by its id alone. */
  readonly name: string | null;
  readonly namespace: string;
  /** null: detached, it ends with no session. */
  readonly session: string | null;
  readonly state: ActorState;
  readonly restarts: number;
  /** -1: it is always started again. */
  readonly maxRestarts: number;
  readonly maxCallRetries: number;
  /** How its newest incarnations ended, oldest first, ten at most; in a list of actors only the newest end of each. */
  readonly deaths: readonly Death[];
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly gpuMilli: number;
}

/** Who may use REST. */
export interface Tokens {
  /** @returns the token, and its text, which nobody can tell again. @throws TrainerError `request.invalid`, `token.too-many` */
  create(name: string, scope: TokenScope): Promise<{ readonly token: Token; readonly text: string }>;
  /** Those in force, newest first. */
  list(): Promise<readonly Token[]>;
  /** By its id, or all of that name. @returns those that were revoked. @throws TrainerError `token.not-found` */
  revoke(idOrName: string): Promise<readonly Token[]>;
  /** @param sha256 of a token's text, hexadecimal. @returns null: no token in force has that text */
  find(sha256: string, options?: { readonly deadlineMs?: number }): Promise<Token | null>;
}

/** A connection to the head without a session: for the gateway and the command line. It reconnects by itself. */
export interface HeadConnection {
  readonly jobs: Jobs;
  readonly nodes: Nodes;
  readonly tokens: Tokens;
  readonly actors: {
    list(options?: { readonly withEnded?: boolean; readonly limit?: number }): Promise<readonly ActorListing[]>;
    /** With all its ends. @throws TrainerError `actor.not-found`. */
    get(id: string): Promise<ActorListing>;
    /** Returns when the process is gone. Idempotent. @throws TrainerError `actor.not-found`. */
    kill(id: string, by: string): Promise<void>;
  };
  /** `deadlineMs`: how long to wait for the head (default 10,000); a probe of health gives less. */
  status(options?: { readonly deadlineMs?: number }): Promise<ClusterStatus>;
  /** The stored log of an actor, a job or a lease, the last `tail` lines (default: all), then live lines when `follow`. */
  logs(
    of: string,
    options?: { readonly follow?: boolean; readonly tail?: number; readonly signal?: AbortSignal },
  ): AsyncIterableIterator<LogLine>;
  /** Ends all that is in flight. Idempotent. */
  close(): void;
}

/** Where the head is, and what it asks for. */
export interface HeadAddress {
  /** host:port of the head's gRPC; several that may lead are separated by commas. */
  readonly address: string;
  /** The cluster's secret, or an admin's token. */
  readonly secret: string;
}
