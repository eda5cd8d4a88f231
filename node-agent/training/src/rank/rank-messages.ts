import type { MessagePort } from 'node:worker_threads';
import type { RankNetwork } from '@trainer/actor';
import type { ErrorData, Metric, RankReport, TrainingAssignment } from '@trainer/model';
import type { ExportedModel } from '../artifacts/exported-model.js';

/** What the worker thread is started with. */
export interface WorkerStart {
  readonly assignment: TrainingAssignment;
  readonly threads: number;
  readonly nativeDir: string;
  readonly scratchDir: string;
  readonly network: RankNetwork;
  /** Of `SharedWork`. */
  readonly work: SharedArrayBuffer;
}

/** What was downloaded. */
export interface StagedFiles {
  readonly path: string;
  /** `sha256:` and hex of the file. */
  readonly fingerprint: string;
  /** The bytes to resume from, or null. */
  readonly checkpoint: Uint8Array | null;
  readonly warnings: readonly string[];
}

export type ToWorker =
  /** The dataset is there; read it. */
  | { readonly kind: 'load'; readonly files: StagedFiles }
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
  | { readonly kind: 'ended'; readonly outcome: WorkerOutcome };
