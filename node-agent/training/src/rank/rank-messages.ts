import type { MessagePort } from 'node:worker_threads';
import type { RankContext, RankNetwork } from '@trainer/actor';
import type { ErrorData, Metric, RankReport, TrainingAssignment } from '@trainer/model';
import type { ExportedModel } from '../artifacts/exported-model.js';

/** What the worker thread is started with. */
export interface WorkerStart {
  readonly assignment: TrainingAssignment;
  readonly threads: number;
  readonly nativeDir: string;
  readonly scratchDir: string;
  readonly datasetCache: RankContext['datasetCache'];
  readonly network: RankNetwork;
  /** Of `SharedWork`. */
  readonly work: SharedArrayBuffer;
}

/** A dataset that was downloaded. */
export interface DatasetFile {
  readonly path: string;
  /** `sha256:` and hex of the file. */
  readonly fingerprint: string;
}

/** What is known before the dataset is read. */
export interface Staged {
  /** The bytes to resume from, or null. */
  readonly checkpoint: Uint8Array | null;
  readonly warnings: readonly string[];
}

export type ToWorker =
  /** Read the dataset. */
  | { readonly kind: 'load'; readonly staged: Staged }
  /** The answer to `fetch`. */
  | { readonly kind: 'fetched'; readonly file: DatasetFile | null }
  | { readonly kind: 'not-fetched'; readonly error: ErrorData }
  /** All ranks are joined; `team` carries the collective of this rank. */
  | { readonly kind: 'train'; readonly team: MessagePort }
  /** The report or checkpoint of this number is stored. */
  | { readonly kind: 'stored'; readonly number: number }
  /** Nothing more will come; the thread ends when its last call is over. */
  | { readonly kind: 'close' };

/** A model that is written and verified, not uploaded yet, and what the training says of it. */
export interface FinishedTraining {
  readonly exported: ExportedModel;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly baseline: Readonly<Record<string, Metric>>;
  readonly keptEpoch: number;
  readonly lastEpoch: number;
  readonly selectedOnValidation: boolean;
  readonly dataFingerprint: string;
}

export interface CheckpointBytes {
  readonly epoch: number;
  readonly bytes: Uint8Array;
  readonly metrics: Readonly<Record<string, Metric>>;
}

/** How the worker's training ended. */
export type WorkerOutcome =
  | { readonly kind: 'finished'; readonly training: FinishedTraining }
  /** The work is done; rank 0 has the model. */
  | { readonly kind: 'followed' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: ErrorData };

export type FromWorker =
  | { readonly kind: 'report'; readonly number: number; readonly report: RankReport }
  | { readonly kind: 'checkpoint'; readonly number: number; readonly checkpoint: CheckpointBytes }
  | { readonly kind: 'working'; readonly isWorking: boolean }
  /** Download the dataset, or only look whether it is still the one that was submitted; one at a time. */
  | { readonly kind: 'fetch'; readonly what: 'file' | 'nothing' }
  /** A line for the job's log. */
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'ended'; readonly outcome: WorkerOutcome };
