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
 * A sum of trees in flat arrays: nodes (splits) and leaves are numbered through all trees. A child below 0 is the leaf
 * `-1 - child`, else a node; so is a root. A row goes to the true child when its value is below the threshold, and where the
 * value is missing to the child that `missingIsTrue` names (1: the true one).
 */
export interface TreeEnsemble {
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly missingIsTrue: Uint8Array;
  readonly trueChild: Int32Array;
  readonly falseChild: Int32Array;
  readonly leafWeight: Float32Array;
  /** The output that a leaf adds to, 0..outputs-1. */
  readonly leafTarget: Int32Array;
  readonly outputs: number;
  /** Added to the sums, one an output, on the scale of the sums (a logit, not a probability). */
  readonly base: Float32Array;
  /** What turns the sums into predictions: two classes from one output, one class an output, or the sum itself. */
  readonly link: 'logistic' | 'softmax' | 'identity';
}

/** A finished model, as the exporters read it. */
export interface TrainedModel {
  /** The library's own file, with its ending. */
  readonly native: { readonly ending: string; readonly bytes: Uint8Array };
  readonly trees: TreeEnsemble;
  /** Mean gain of the splits on each encoded column, scaled to a sum of 1 (all 0 where nothing was split). */
  readonly importance: Float64Array;
}

/**
 * A learner trains one model epoch by epoch. The loop owns epochs, early stopping, metrics, checkpoints and cancellation.
 * All calls are synchronous, on one thread, in the order init, (step, predictTrain, predictValidation)*, export, close. Of several
 * ranks each has a learner with its own rows; init, step and restore are made by all of them at once, and their models are equal.
 */
export interface Learner {
  /** Epochs that this learner really has, at most `init.epochs` (models.md: fewer trees than epochs: one tree each). */
  readonly epochs: number;
  /** Trains epoch `epoch`, 1-based. Deterministic for equal init. */
  step(epoch: number): void;
  /** The array is the learner's: the next call of the same method writes it anew. */
  predictTrain(): Predictions;
  predictValidation(): Predictions;
  /**
   * True: the library hides random state that no snapshot holds, so `snapshot` also reloads itself and the undisturbed run goes
   * on from there as a resumed one would. Each is dear then; the loop makes at most four, at fixed epochs.
   */
  readonly snapshotCuts: boolean;
  /** Training state from which `restore` continues with the same bytes. */
  snapshot(): Uint8Array;
  restore(state: Uint8Array, epoch: number): void;
  /** Cuts the model back to what it was after `epoch` (early stopping keeps the best one). */
  keepEpoch(epoch: number): void;
  /** The library's own file of the model as it is now. */
  modelBytes(): Uint8Array;
  /** The model as it is now. */
  export(): TrainedModel;
  /** Gives back native memory; idempotent. */
  close(): void;
}
