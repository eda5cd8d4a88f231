import type { Collective } from '@trainer/actor';
import type { EpochMetrics, Metric } from '@trainer/model';
import type { Learner, Predictions, TargetVector } from '../learning/learner.js';
import { trainingRange, type RowRange } from '../split/shards.js';
import type { Scores } from '../tasks/task.js';

/** What an epoch is scored by; targets are those of all ranks' rows. */
export interface ScoringPlan {
  readonly scores: Scores;
  /** Also by the training rows; else these are predicted once, at the end. */
  readonly scoredEachEpoch: boolean;
  /** Which training rows a learner has, of several ranks: its share, or all of them, of which each rank scores its share. */
  readonly trainRows: 'shard' | 'all';
  readonly learningRate: Metric;
  readonly trainTarget: TargetVector;
  readonly validationTarget: TargetVector;
}

/** Of the model that is kept. */
export interface FinalScores {
  /** Of all validation rows, or where none are held out of all training rows: the learner's array, with one rank. */
  readonly predictions: Predictions;
  /** Fills in what the kept epoch's metrics lack, as it is dear and was left out of every epoch. */
  readonly complete: (metrics: EpochMetrics) => EpochMetrics;
}

/**
 * Scores over the rows of all ranks, on rank 0 (docs/adr/0008): of the training rows sums travel, block by block; of the
 * validation rows the predictions themselves, as some scores need all of them. Where no rows are held out those of the training rows take
 * their place, once, for the kept epoch. The numbers are those that one rank with all rows computes from the same predictions.
 */
export class Scoring {
  readonly #own: RowRange;
  readonly #ownTarget: TargetVector;
  readonly #holdsOut: boolean;

  constructor(
    private readonly plan: ScoringPlan,
    private readonly team: Collective,
  ) {
    this.#own = trainingRange(plan.trainTarget.length, team);
    this.#ownTarget = plan.trainTarget.subarray(this.#own.from, this.#own.to);
    this.#holdsOut = plan.validationTarget.length > 0;
  }

  /** All ranks call it after an epoch. @returns its metrics on rank 0, elsewhere null */
  async measure(learner: Learner, epoch: number): Promise<EpochMetrics | null> {
    const { scoredEachEpoch, scores } = this.plan;
    const parts = await this.#predicted(learner, { hasTraining: scoredEachEpoch, isKept: false });
    return parts && this.#metrics(epoch, parts, { hasTraining: scoredEachEpoch, hasDear: !scores.areSomeDear });
  }

  /** All ranks call it once the model is the kept one. @returns null elsewhere than on rank 0 */
  async finish(learner: Learner): Promise<FinalScores | null> {
    const isComplete = this.plan.scoredEachEpoch && !this.plan.scores.areSomeDear;
    const parts = await this.#predicted(learner, { hasTraining: !isComplete, isKept: true });
    if (parts === null) return null;
    const predictions = joined(parts.map((part) => part.predictions));
    const complete = (metrics: EpochMetrics): EpochMetrics =>
      isComplete ? metrics : this.#metrics(metrics.epoch, parts, { hasTraining: true, hasDear: true });
    return { predictions, complete };
  }

  #metrics(
    number: number,
    parts: readonly EpochPart[],
    { hasTraining, hasDear }: { hasTraining: boolean; hasDear: boolean },
  ): EpochMetrics {
    const { scores, learningRate } = this.plan;
    const predictions = joined(parts.map((part) => part.predictions));
    const target = this.#holdsOut ? this.plan.validationTarget : this.plan.trainTarget.subarray(0, hasDear ? undefined : 0);
    const training = hasTraining ? parts.map((part) => part.sums) : null;
    return scores.epoch({ number, learningRate }, { target, predictions }, { training, hasDear });
  }

  async #predicted(
    learner: Learner,
    { hasTraining, isKept }: { readonly hasTraining: boolean; readonly isKept: boolean },
  ): Promise<readonly EpochPart[] | null> {
    const isGathered = isKept && !this.#holdsOut;
    const own = hasTraining || isGathered ? this.#ownOf(await learner.predict('train')) : NOTHING;
    const sums = hasTraining ? this.plan.scores.sums({ target: this.#ownTarget, predictions: own }) : NOTHING;
    const predictions = this.#holdsOut ? await learner.predict('validation') : isGathered ? own : NOTHING;
    return this.#together(sums, predictions);
  }

  #ownOf(predictions: Predictions): Predictions {
    if (this.plan.trainRows === 'shard') return predictions;
    const width = predictions.length / this.plan.trainTarget.length;
    return predictions.subarray(this.#own.from * width, this.#own.to * width);
  }

  /** Both in one message, as each costs a round through the threads of two ranks. */
  async #together(sums: Float64Array, predictions: Predictions): Promise<readonly EpochPart[] | null> {
    if (this.team.worldSize === 1) return [{ sums, predictions }];
    const own = new Float64Array(1 + sums.length + predictions.length);
    own[0] = sums.length;
    own.set(sums, 1);
    own.set(predictions, 1 + sums.length);
    const all = await this.team.gather(own, 0);
    if (this.team.rank !== 0) return null;
    return all.map((part) => {
      const end = 1 + (part[0] ?? 0);
      return { sums: part.subarray(1, end), predictions: part.subarray(end) };
    });
  }
}

const NOTHING = new Float64Array(0);

/** What a rank gives after an epoch. */
interface EpochPart {
  readonly sums: Float64Array;
  readonly predictions: Predictions;
}

/** One after the other; a single one is itself. */
function joined(parts: readonly Predictions[]): Predictions {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
