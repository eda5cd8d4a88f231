import type {
  Checkpoint,
  DeathCause,
  EpochMetrics,
  ErrorData,
  Grant,
  JobEvent,
  JobId,
  LeaseId,
  Model,
  NodeId,
  RankReport,
} from '@trainer/model';
import type { AskedTable, EstimatedTable } from '../estimates/estimated-table.js';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import type { Copy, JobRecord } from './job-record.js';

/** A rank's place in a committed plan. */
export interface PlacedRank {
  readonly rank: number;
  readonly lease: LeaseId;
  readonly node: NodeId;
  readonly grant: Grant;
}

/** What happens to a job. `attempt` and `rank` are those of the lease's holder. */
export type JobTrigger =
  /** The plan of the next attempt (`job.attempt + 1`) is committed; ranks from 0, all of them. */
  | { readonly kind: 'placed'; readonly attempt: number; readonly ranks: readonly PlacedRank[] }
  /** The size of its table was estimated; null: nothing can be told of it. */
  | { readonly kind: 'estimated'; readonly table: EstimatedTable | null }
  /** The scheduler says why it waits. */
  | { readonly kind: 'pending-reason'; readonly text: string }
  /** An agent granted the reservation of a rank (gangs of more than one). */
  | { readonly kind: 'reserved'; readonly attempt: number; readonly rank: number }
  /** An agent refused a rank; it holds nothing. */
  | { readonly kind: 'refused'; readonly attempt: number; readonly rank: number; readonly message: string }
  /** An agent granted a rank's start, or its process runs. */
  | { readonly kind: 'started'; readonly attempt: number; readonly rank: number }
  | { readonly kind: 'rank-ready'; readonly attempt: number; readonly rank: number; readonly address: string }
  /** Not all ranks were ready in time. */
  | { readonly kind: 'rendezvous-timeout'; readonly attempt: number; readonly afterMs: number }
  /** The end of a rank that others lost was not heard in time. */
  | { readonly kind: 'echo-timeout'; readonly attempt: number }
  | { readonly kind: 'report'; readonly attempt: number; readonly rank: number; readonly report: RankReport }
  | { readonly kind: 'lease-ended'; readonly attempt: number; readonly rank: number; readonly cause: DeathCause }
  | { readonly kind: 'lease-lost'; readonly attempt: number; readonly rank: number }
  /** A lost lease's process can't live any more: TRAINER_HEADLESS_S has passed since the loss. */
  | { readonly kind: 'lease-gone'; readonly attempt: number; readonly rank: number }
  | { readonly kind: 'cancel'; readonly by: string }
  /** All files lie under their final keys. */
  | { readonly kind: 'promoted' }
  /** The files could not be copied, and trying again has no point. */
  | { readonly kind: 'promotion-failed'; readonly error: ErrorData }
  /** What the attempts of the ended job left is removed. */
  | { readonly kind: 'cleaned' };

/** Rows to write in the transaction that stores the record and its events. */
export type JobWrite =
  | { readonly kind: 'epoch'; readonly attempt: number; readonly metrics: EpochMetrics }
  | { readonly kind: 'checkpoint'; readonly attempt: number; readonly checkpoint: Checkpoint }
  | { readonly kind: 'model'; readonly model: Model };

/** What the loop has to do once the step is committed; every effect may be done twice, and is derived from state after a restart. */
export type JobEffect =
  /** Send the placement, unless the agent answered already. */
  | {
      readonly kind: 'place';
      readonly attempt: number;
      readonly rank: number;
      readonly lease: LeaseId;
      readonly node: NodeId;
      readonly grant: Grant;
      readonly action: 'reserve' | 'start' | 'reserve-and-start';
    }
  /** Tell all ranks to begin; the loop adds the attempt's secret. `leases` and `peers` by rank. */
  | { readonly kind: 'begin'; readonly attempt: number; readonly leases: readonly LeaseId[]; readonly peers: readonly string[] }
  /** Ask the process to end; answered by the lease's end. */
  | { readonly kind: 'stop'; readonly lease: LeaseId; readonly cause: DeathCause }
  /** End a lease that has no process to ask; answered by its end. */
  | { readonly kind: 'release'; readonly lease: LeaseId; readonly cause: DeathCause }
  /** Look at the dataset, then say `estimated`: the job waits for it before it is placed. */
  | { readonly kind: 'estimate'; readonly asked: AskedTable }
  /** Copy the files within the models bucket, then say `promoted`. */
  | { readonly kind: 'promote'; readonly bucket: string; readonly copies: readonly Copy[] }
  /** Remove what the attempts of the ended job left under `prefix` in the models bucket. */
  | { readonly kind: 'cleanup'; readonly job: JobId; readonly bucket: string; readonly prefix: string };

export type JobStep =
  | {
      readonly kind: 'stepped';
      readonly record: JobRecord;
      /** False for a repeated or overtaken trigger: nothing has to be stored. */
      readonly isChanged: boolean;
      readonly events: readonly JobEvent[];
      readonly writes: readonly JobWrite[];
      readonly effects: readonly JobEffect[];
    }
  | IllegalTransition;
