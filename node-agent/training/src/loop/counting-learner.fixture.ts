import type { Learner, TrainedModel } from '../learners/learner.js';

/** A learner in memory whose validation probabilities follow a script; its "model" is the list of the epochs it made. */
export interface CountingLearner extends Learner {
  /** The epochs that the model holds now. */
  made(): readonly number[];
  readonly isClosed: boolean;
}

/**
 * @param certainty of the validation row's true class, by epoch from 1; beyond its end the last one.
 * @param trainCertainty as well, for the training row.
 */
export function countingLearner(
  certainty: readonly number[],
  options: { epochs?: number; snapshotCuts?: boolean; trainCertainty?: number } = {},
): CountingLearner {
  let made: number[] = [];
  let isClosed = false;
  const now = (): number => certainty[Math.min(made.length, certainty.length) - 1] ?? 0.5;
  return {
    epochs: options.epochs ?? certainty.length,
    snapshotCuts: options.snapshotCuts ?? false,
    step(epoch) {
      if (epoch !== made.length + 1) throw new RangeError(`epoch ${epoch} after ${made.length}`);
      made.push(epoch);
    },
    predictTrain: () => Float64Array.from([options.trainCertainty ?? 0.9, 1 - (options.trainCertainty ?? 0.9)]),
    predictValidation: () => Float64Array.from([now(), 1 - now()]),
    snapshot: () => Uint8Array.from(made),
    restore(state, epoch) {
      made = [...state];
      if (made.length !== epoch) throw new RangeError('another epoch');
    },
    keepEpoch(epoch) {
      made = made.slice(0, epoch);
    },
    modelBytes: () => Uint8Array.from(made),
    export: (): TrainedModel => {
      throw new RangeError('a counting learner has no model');
    },
    close() {
      isClosed = true;
    },
    made: () => made,
    get isClosed() {
      return isClosed;
    },
  };
}
