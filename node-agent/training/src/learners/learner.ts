import type { HyperparameterValues, TaskType } from '@trainer/model';

/** One matrix of encoded features, row-major, `rows x columns`; a missing value is NaN where the learner takes gaps. */
export interface FeatureMatrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The target as numbers. Classification: the index of the class in `TargetEncoding.classes` (0-based);
 * regression: the value as given.
 */
export type TargetVector = Float64Array;

/** Rows with their target, encoded. */
export interface LabelledRows {
  readonly features: FeatureMatrix;
  readonly target: TargetVector;
}

/** What a learner is started with. Everything here decides the model's bytes; nothing else may. */
export interface LearnerInit {
  readonly task: TaskType;
  /** Number of classes for classification (at least 2); 0 otherwise. */
  readonly classCount: number;
  readonly hyperparameters: HyperparameterValues;
  /** Epochs asked, 1..1000. */
  readonly epochs: number;
  readonly seed: number;
  /** Threads the engine may use, at least 1. */
  readonly threads: number;
  readonly train: LabelledRows;
  readonly validation: LabelledRows;
}

/**
 * Predictions of one set of rows. Classification: probabilities, row-major `rows x classCount` (binary too: two columns);
 * regression: one number a row.
 */
export type Predictions = Float64Array;

/**
 * A learner trains one model epoch by epoch. The loop owns epochs, early stopping, metrics, checkpoints and cancellation.
 * All calls are synchronous, on one thread, in the order init, (step, predictTrain, predictValidation)*, export, close.
 */
export interface Learner {
  /** Epochs that this learner really has, at most `init.epochs` (models.md: fewer trees than epochs: one tree each). */
  readonly epochs: number;
  /** Trains epoch `epoch`, 1-based. Deterministic for equal init. */
  step(epoch: number): void;
  predictTrain(): Predictions;
  predictValidation(): Predictions;
  /** Training state from which `restore` continues with the same bytes. */
  snapshot(): Uint8Array;
  restore(state: Uint8Array, epoch: number): void;
  /** Cuts the model back to what it was after `epoch` (early stopping keeps the best one). */
  keepEpoch(epoch: number): void;
  /** Gives back native memory; idempotent. */
  close(): void;
}
