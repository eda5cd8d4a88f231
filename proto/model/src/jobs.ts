import type { Attempt } from './attempts.js';
import type { ErrorData } from './errors.js';
import type { JobId, LeaseId, NodeId } from './ids.js';
import type { HyperparameterValues, TaskType, TrainRequest } from './train-request.js';

export type JobStatus = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled';

/**
 * The finer step. pending: queued, reserving, starting; running: loading, training, exporting, promoting, stopping;
 * an ended job has none.
 */
export type JobPhase = 'queued' | 'reserving' | 'starting' | 'loading' | 'training' | 'exporting' | 'promoting' | 'stopping' | 'ended';

export const STATUSES: readonly JobStatus[] = ['pending', 'running', 'completed', 'failed', 'cancelled'];

export function isFinalStatus(status: JobStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Numbers are finite; what could not be computed is null. */
export type Metric = number | null;

/** One epoch's metrics, as REST shows them (api.md). */
export interface EpochMetrics {
  readonly epoch: number;
  readonly trainLoss: Metric;
  readonly valLoss: Metric;
  readonly trainAccuracy: Metric;
  readonly valAccuracy: Metric;
  readonly learningRate: Metric;
  /** snake_case names as in api.md, such as `val_f1_macro`. */
  readonly additional: Readonly<Record<string, Metric>>;
}

/** A file of an attempt or a model, in the models bucket. */
export interface StoredFile {
  /** Its role: `pkl`, `onnx`, `native`, `predictions`, `card`, `checkpoint`. */
  readonly role: FileRole;
  /** Object key. */
  readonly key: string;
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly sha256: string;
  /** The ending, with its dot: `.pkl`, `.onnx`, `.ubj`, `_predictions.csv`, `.json`. */
  readonly ending: string;
}
export type FileRole = 'pkl' | 'onnx' | 'native' | 'predictions' | 'card' | 'checkpoint';

export interface Checkpoint {
  readonly epoch: number;
  readonly file: StoredFile;
  readonly metrics: Readonly<Record<string, Metric>>;
}

/** A column of the model's input or output. */
export interface SignatureColumn {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | null)[];
}

/** What the training yields: files under `attempts/{job}/{n}/` and the model's description. */
export interface TrainingResult {
  readonly files: readonly StoredFile[];
  /** Flat metrics of the kept epoch. */
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly keptEpoch: number;
  readonly lastEpoch: number;
  readonly signature: { readonly inputs: readonly SignatureColumn[]; readonly outputs: readonly SignatureColumn[] };
  readonly classes: readonly (string | number)[] | null;
  readonly featureImportance: readonly { readonly feature: string; readonly importance: number }[] | null;
  readonly dataFingerprint: string;
  readonly verified: { readonly rows: number; readonly tiedRows: number };
  readonly selectedOnValidation: boolean;
  readonly baseline: Readonly<Record<string, Metric>>;
  readonly trainingMs: number;
}

/** What a rank reports; each becomes a numbered fact, stored before the call that reported it returns. */
export type RankReport =
  | { readonly kind: 'phase'; readonly phase: 'loading' | 'training' | 'exporting' }
  /** Share of the whole work that is done, 0..1; never falls within an attempt. */
  | { readonly kind: 'progress'; readonly done: number; readonly epoch: number }
  | { readonly kind: 'epoch'; readonly metrics: EpochMetrics; readonly done: number }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'result'; readonly result: TrainingResult }
  /** Its `retry` decides what follows: 'never' fails the job at once, as another attempt would end alike. */
  | { readonly kind: 'failed'; readonly error: ErrorData };

/** What a rank is created with: everything that decides the model, and where its data is. */
export interface TrainingAssignment {
  readonly job: JobId;
  readonly attempt: number;
  readonly rank: number;
  readonly worldSize: number;
  readonly request: TrainRequest;
  readonly dataset: { readonly bucket: string; readonly key: string; readonly etag: string; readonly bytes: number };
  readonly modelsBucket: string;
  /** `{job_id}_{YYYYMMDD of created_at}`: the stem of every artifact's name. */
  readonly artifactStem: string;
  readonly checkpointIntervalEpochs: number;
  /** The checkpoint to go on from, if an earlier attempt left one. */
  readonly resumeFrom: Checkpoint | null;
  readonly threads: number;
  /**
   * What its lease holds: a rank that finds its table to need more says so before it trains. null: it has to do with what it has.
   */
  readonly memoryBytes: number | null;
}

/** How the head tells a rank to begin, once all are ready. */
export interface Begin {
  readonly attempt: number;
  readonly rank: number;
  readonly worldSize: number;
  /** Address of each rank, by rank number. */
  readonly peers: readonly string[];
  /** A secret of the attempt. */
  readonly secret: string;
}

/** A job's public and inner state. Times are milliseconds since 1970, UTC. */
export interface Job {
  readonly id: JobId;
  readonly request: TrainRequest;
  readonly dataset: { readonly key: string; readonly etag: string; readonly bytes: number };
  readonly status: JobStatus;
  readonly phase: JobPhase;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly currentEpoch: number;
  readonly totalEpochs: number;
  /** 0..100. */
  readonly progress: number;
  /** Number of the newest attempt; 0: none yet. */
  readonly attempt: number;
  /** Oldest first, `MOST_ATTEMPTS` at most. */
  readonly attempts: readonly Attempt[];
  readonly failures: number;
  readonly infraFailures: number;
  readonly gpuAllocated: string | null;
  readonly bestMetrics: Readonly<Record<string, Metric>>;
  readonly finalModelPath: string | null;
  readonly error: ErrorData | null;
  readonly pendingReason: string | null;
  readonly warnings: readonly string[];
  /** Ranks of the newest attempt, also of those that have ended; 0 before the first. */
  readonly workers: number;
  readonly nodes: readonly NodeId[];
  readonly leases: readonly LeaseId[];
  readonly cancelRequested: boolean;
}

/** A trained model of a completed job. */
export interface Model {
  readonly job: JobId;
  readonly modelId: string;
  readonly task: TaskType;
  readonly files: readonly StoredFile[];
  readonly result: TrainingResult;
  readonly hyperparameters: HyperparameterValues;
  readonly seed: number;
  readonly createdAt: number;
}

/** A checkpoint as the head keeps it. */
export interface StoredCheckpoint {
  readonly id: string;
  readonly createdAt: number;
  readonly checkpoint: Checkpoint;
}

/** A committed event of a job, numbered from 1 without gaps: the job as it is after the event, or an epoch's metrics. */
export type JobEvent = EventPlace &
  ({ readonly type: 'status' | 'pending'; readonly data: Job } | { readonly type: 'metrics'; readonly data: EpochMetrics });
interface EventPlace {
  readonly job: JobId;
  readonly number: number;
  readonly at: number;
}
