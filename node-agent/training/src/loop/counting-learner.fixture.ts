import type { Learner, TrainedModel } from '../learning/learner.js';

/** Predicts nothing that could be exported. */
const UNEXPORTED: Pick<TrainedModel, 'importance' | 'addTo'> = {
  importance: null,
  addTo: (_, features) => ({ kind: 'value', value: features }),
};
const noPredictions = (): Float64Array => new Float64Array(0);
const nothing = (): Uint8Array => new Uint8Array(0);

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
    model: async () => ({
      ...UNEXPORTED,
      native: { ending: '.epochs', bytes: Uint8Array.from(made), described: nothing, predict: noPredictions },
    }),
    close() {
      isClosed = true;
    },
    made: () => made,
    get isClosed() {
      return isClosed;
    },
  };
}
