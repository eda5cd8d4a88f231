import type { Predictions } from '../learning/learner.js';

/** Of clusters: the number, and the squared distance to the centre. */
export const NUMBERS_A_ROW = 2;

/** @returns the number of each row's cluster; -1: none */
export function clusterNumbers(predictions: Predictions): Float64Array {
  return predictions.filter((_, at) => at % NUMBERS_A_ROW === 0);
}
