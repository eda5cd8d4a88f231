import type { EpochMetrics, Metric } from '@trainer/model';
import type { Column } from '../data/table.js';
import type { FeatureMatrix, Predictions, TargetVector } from '../learning/learner.js';
import type { TargetEncoding } from '../preprocessing/preprocessing.js';

/** The target of the rows that have one, or of all where it is only compared with. */
export interface ReadTarget {
  readonly encoding: TargetEncoding;
  /** Rows of the table that take part, ascending. */
  readonly rows: Int32Array;
  /** The target of those rows: index of the class, or the value; NaN for a row that has none and takes part. */
  readonly values: TargetVector;
  /** Rows that were left out, as they have no target. */
  readonly dropped: number;
  readonly warnings: readonly string[];
}

/** Rows with what was predicted for them. */
export interface Scored {
  readonly target: TargetVector;
  readonly predictions: Predictions;
}

/** Sums over training rows, block by block, that ranks add up (docs/adr/0008). */
export type BlockSums = Float64Array;

/** Which scores an epoch gets: the dear ones may wait for the kept epoch. */
export interface ScoreChoice {
  /** Sums over the training rows of all ranks, in their order; null: not scored now. */
  readonly training: readonly BlockSums[] | null;
  /** Also what costs more than the epoch. */
  readonly hasDear: boolean;
}

/** The scores of one training. */
export interface Scores {
  /** Some scores cost more than an epoch, and are computed for the kept one alone. */
  readonly areSomeDear: boolean;
  /** What the training rows of one rank add. */
  sums(own: Scored): BlockSums;
  /**
   * @param scored the validation rows; where no row is held out all rows, and those only with the dear scores, else none
   */
  epoch(at: { readonly number: number; readonly learningRate: Metric }, scored: Scored, choice: ScoreChoice): EpochMetrics;
  /** The validation scores of the best constant guess from the training rows. */
  baseline(): Readonly<Record<string, Metric>>;
  /** What a person should know of the kept epoch. */
  warnings(kept: EpochMetrics): readonly string[];
}

/** What a task knows: its target and its scores. Nothing else names a task. */
export interface Task {
  /** @throws TargetError */
  readTarget(column: Column): ReadTarget;
  /** What there is of a table of so many rows without a target; null: the task needs one. */
  readonly withoutTarget: ((rows: number) => ReadTarget) | null;
  /** Some rows are held out of the training and give the scores; else all rows train, and give them. */
  readonly holdsOut: boolean;
  /** Groups that both parts of the split get their share of: the class of each row; null: rows are drawn. */
  strataOf(target: Pick<ReadTarget, 'encoding' | 'values'>): ArrayLike<number> | null;
  /** Numbers that a learner predicts of a row (`Predictions`), where there are so many classes. */
  numbersARow(classes: number): number;
  /** Targets of all rows, of both parts. @param encoded for scores that speak of the features too */
  scores(encoding: TargetEncoding, train: TargetVector, validation: TargetVector, encoded: EncodedRows): Scores;
}

/** Encodes some of the training rows of all ranks, by their places among them, as the model gets new rows. */
export type EncodedRows = (places: Int32Array) => FeatureMatrix;

/** How many classes the target has; 0 where it has none. */
export function classCountOf(encoding: TargetEncoding): number {
  if (encoding.kind === 'clusters') return encoding.compared?.labels ?? 0;
  return encoding.kind === 'classes' ? encoding.classes.length : 0;
}
