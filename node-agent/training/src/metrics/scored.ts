import type { Predictions, TargetVector } from '../learning/learner.js';

/** Rows to be scored. */
export interface Scored {
  readonly target: TargetVector;
  readonly predictions: Predictions;
}
