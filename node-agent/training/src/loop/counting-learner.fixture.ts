import type { Learner, TrainedModel } from '../learning/learner.js';

const NO_TREES: TrainedModel = {
  native: { ending: '', bytes: new Uint8Array(0) },
  importance: null,
  trees: {
    ...{ roots: new Int32Array(0), feature: new Int32Array(0), threshold: new Float32Array(0), missingIsTrue: new Uint8Array(0) },
    ...{ trueChild: new Int32Array(0), falseChild: new Int32Array(0), leafWeight: new Float32Array(0), leafTarget: new Int32Array(0) },
    ...{ outputs: 1, base: new Float32Array(1), link: 'identity' },
  },
};

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
  options: { epochs?: number; snapshots?: Learner['snapshots']; trainCertainty?: number } = {},
): CountingLearner {
  let made: number[] = [];
  let best: number[] = [];
  let isClosed = false;
  const now = (): number => certainty[Math.min(made.length, certainty.length) - 1] ?? 0.5;
  return {
    epochs: options.epochs ?? certainty.length,
    snapshots: options.snapshots ?? 'exact',
    async step(epoch, work) {
      work.tick(0.5);
      if (epoch !== made.length + 1) throw new RangeError(`epoch ${epoch} after ${made.length}`);
      made.push(epoch);
      return 'more';
    },
    async predict(part) {
      const certain = part === 'train' ? (options.trainCertainty ?? 0.9) : now();
      return Float64Array.from([certain, 1 - certain]);
    },
    remember: () => void (best = [...made]),
    recall: () => void (made = [...best]),
    snapshot: async () => Uint8Array.from([made.length, ...made, ...best]),
    async restore([count = 0, ...epochs]) {
      made = epochs.slice(0, count);
      best = epochs.slice(count);
    },
    model: async () => ({ ...NO_TREES, native: { ending: '.epochs', bytes: Uint8Array.from(made) } }),
    close() {
      isClosed = true;
    },
    made: () => made,
    get isClosed() {
      return isClosed;
    },
  };
}
