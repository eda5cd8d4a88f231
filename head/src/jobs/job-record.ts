import type {
  Blame,
  Checkpoint,
  DeathCause,
  ErrorData,
  Grant,
  Job,
  LeaseId,
  Metric,
  NodeId,
  StoredFile,
  TrainingResult,
} from '@trainer/model';
import type { EstimatedTable } from '../estimates/estimated-table.js';

/**
 * A rank of an attempt, as far as its job's controller needs to know.
 * `ended`: its process is known to be gone; `lost`: its node is, and it may live on for a while;
 * `gone`: lost for so long that design.md section 5 lets no process live.
 */
export type RankStateName = 'planned' | 'reserved' | 'started' | 'ready' | 'ended' | 'lost' | 'gone';

export interface RankState {
  readonly attempt: number;
  readonly rank: number;
  readonly lease: LeaseId;
  readonly node: NodeId;
  readonly grant: Grant;
  readonly state: RankStateName;
  /** The rank's own listener, host:port, once ready. */
  readonly address: string | null;
}

/** How an attempt failed. */
export interface Failure {
  readonly blame: Blame;
  readonly error: ErrorData;
  /** Who failed first; null: none of the ranks. */
  readonly rank: number | null;
  /** How the rank's process ended; null: it said itself what failed. */
  readonly cause: DeathCause | null;
}

/** How the current attempt ends, once its last process is gone. */
export type Ending =
  /** An agent refused, or freed a reservation that was not started in time: the same again, without counting anything. */
  | { readonly kind: 'requeue'; readonly why: string }
  /**
   * A rank speaks of the loss of another, or ended as one does that lost another; why that one is gone its own end tells, which is on
   * its way. Until then this is what is known. `heard`: ranks that have said their last word and may be ended; the others hear of it
   * from each other, and are left alone so that their own causes stay true.
   */
  | { readonly kind: 'echo'; readonly failure: Failure; readonly heard: readonly number[] }
  /** A crash or loss within its limits: the next attempt goes on from the last checkpoint. */
  | { readonly kind: 'retry'; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'cancelled'; readonly by: string }
  | { readonly kind: 'completed' };

/** The best epoch so far, by validation loss. */
export interface BestEpoch {
  readonly epoch: number;
  readonly valLoss: Metric;
  readonly metrics: Readonly<Record<string, Metric>>;
}

/** A checkpoint, and what the job knew when it was written. */
export interface CheckpointMark {
  readonly attempt: number;
  readonly checkpoint: Checkpoint;
  readonly best: BestEpoch | null;
  /** 0..100, at the checkpoint. */
  readonly progress: number;
}

/** One file to copy within the models bucket. */
export interface Copy {
  readonly from: string;
  readonly to: string;
}

/** A stored result on its way to the final keys; fixed in the transaction that stores the result. */
export interface Promotion {
  readonly result: TrainingResult;
  readonly copies: readonly Copy[];
  /** The result's files under their final keys. */
  readonly files: readonly StoredFile[];
}

/** What the first attempt fixed, so that a resumed model has the same bytes. */
export interface Shape {
  readonly worldSize: number;
  readonly grant: Grant;
}

/** A job's whole state: the public job, and what only its controller needs. Plain JSON; stored as one row. */
export interface JobRecord {
  readonly job: Job;
  readonly dataBucket: string;
  readonly modelsBucket: string;
  readonly checkpointIntervalEpochs: number;
  /** Ranks whose leases are not known to be free, and all of the current attempt. */
  readonly ranks: readonly RankState[];
  readonly shape: Shape | null;
  /** What its dataset's table is taken for before it is read; null: nothing could be told; absent: nobody has looked at it yet. */
  readonly table?: EstimatedTable | null;
  readonly checkpoint: CheckpointMark | null;
  readonly best: BestEpoch | null;
  /** Newest epoch that the current attempt reported; 0: none. */
  readonly reportedEpoch: number;
  /** Attempts that ended out of memory; each doubles the memory of the next. */
  readonly outOfMemory: number;
  /** What a rank found its table to need, beyond what the first estimate gave it; absent: no more than that. */
  readonly neededMemoryBytes?: number;
  readonly ending: Ending | null;
  readonly promotion: Promotion | null;
  /** True once what the attempts of the ended job left in the store is removed. */
  readonly isCleaned: boolean;
  /** Number of the newest event. */
  readonly lastEvent: number;
}
