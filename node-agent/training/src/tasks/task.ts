import type { EpochMetrics, Metric } from '@trainer/model';
import type { Column } from '../data/table.js';
import type { Predictions, TargetVector } from '../learning/learner.js';
import type { TargetEncoding } from '../preprocessing/preprocessing.js';

/** The target of the rows that have one. */
export interface ReadTarget {
  readonly encoding: TargetEncoding;
  /** Rows of the table that have a target, ascending. */
  readonly rows: Int32Array;
  /** The target of those rows: index of the class, or the value. */
  readonly values: TargetVector;
  /** Rows without a target. */
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
  epoch(at: { readonly number: number; readonly learningRate: Metric }, validation: Scored, choice: ScoreChoice): EpochMetrics;
  /** The validation scores of the best constant guess from the training rows. */
  baseline(): Readonly<Record<string, Metric>>;
  /** What a person should know of the kept epoch. */
  warnings(kept: EpochMetrics): readonly string[];
}

/** What a task knows: its target and its scores. Nothing else names a task. */
export interface Task {
  /** @throws TargetError */
  readTarget(column: Column): ReadTarget;
  /** Groups that both parts of the split get their share of: the class of each row; null: rows are drawn. */
  strataOf(target: Pick<ReadTarget, 'encoding' | 'values'>): ArrayLike<number> | null;
  /** Targets of all rows, of both parts. */
  scores(encoding: TargetEncoding, train: TargetVector, validation: TargetVector): Scores;
}

/** How many outputs a learner has classes for; 0 where there are none. */
export function classCountOf(encoding: TargetEncoding): number {
  return encoding.kind === 'classes' ? encoding.classes.length : 0;
}
