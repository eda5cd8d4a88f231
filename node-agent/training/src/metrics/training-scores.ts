import type { Metric, TaskType } from '@trainer/model';
import type { TargetVector } from '../learning/learner.js';
import { rowBlocks } from '../split/shards.js';
import { finite, hits, logLossSum } from './probabilities.js';
import { r2Of, squaresAround } from './regression.js';
import type { Scored } from './scored.js';

/** Scores of the training rows. */
export interface TrainingScores {
  readonly loss: Metric;
  /** Classification. */
  readonly accuracy: Metric;
  /** Regression. */
  readonly r2: Metric;
}

/** Numbers that a block of rows gives: log-losses and hits, or squares of the errors and nothing. */
const SUMS = 2;

/**
 * What the training rows of one rank add to the scores, two numbers a block.
 * @param allRows training rows of all ranks, which make the size of a block
 */
export function trainingSums(task: TaskType, classCount: number, { target, predictions }: Scored, allRows: number): Float64Array {
  const { size } = rowBlocks(allRows);
  const sums = new Float64Array(SUMS * Math.ceil(target.length / size));
  for (let from = 0, at = 0; from < target.length; from += size, at += SUMS) {
    const to = Math.min(from + size, target.length);
    if (task === 'classification') {
      sums[at] = logLossSum(target, predictions, classCount, from, to);
      sums[at + 1] = hits(target, predictions, classCount, from, to);
    } else {
      sums[at] = squaresOf(target, predictions, from, to);
    }
  }
  return sums;
}

function squaresOf(target: TargetVector, predictions: Float64Array, from: number, to: number): number {
  let squares = 0;
  for (let row = from; row < to; row += 1) squares += ((target[row] ?? NaN) - (predictions[row] ?? NaN)) ** 2;
  return squares;
}

/** Puts the sums of all ranks together, block by block in their order; `target` is of all training rows. */
export function trainingScorer(task: TaskType, target: TargetVector): (sums: readonly Float64Array[]) => TrainingScores {
  const rows = target.length;
  const around = task === 'classification' ? 0 : squaresAround(target);
  return (sums) => {
    let [first, second] = [0, 0];
    for (const part of sums) {
      for (let at = 0; at < part.length; at += SUMS) {
        first += part[at] ?? NaN;
        second += part[at + 1] ?? NaN;
      }
    }
    const loss = finite(first / rows);
    return task === 'classification'
      ? { loss, accuracy: finite(second / rows), r2: null }
      : { loss, accuracy: null, r2: r2Of(first, around, rows) };
  };
}
