import type { Collective } from '@trainer/actor';
import type { EpochMetrics, Metric, TaskType } from '@trainer/model';
import type { Learner, Predictions, TargetVector } from '../learning/learner.js';
import { epochMetrics } from '../metrics/epoch-metrics.js';
import { trainingScorer, trainingSums, type TrainingScores } from '../metrics/training-scores.js';
import { trainingRange } from '../split/shards.js';

/** What an epoch is scored by; targets are those of all ranks' rows. */
export interface ScoringPlan {
  readonly task: TaskType;
  readonly classCount: number;
  /** Also by the training rows; else these are predicted once, at the end. */
  readonly scoredEachEpoch: boolean;
  readonly learningRate: Metric;
  readonly trainTarget: TargetVector;
  readonly validationTarget: TargetVector;
}

/** Of the model that is kept. */
export interface FinalScores {
  /** Of all validation rows: the learner's array, with one rank. */
  readonly predictions: Predictions;
  /** Fills in what the kept epoch's metrics lack, as it is dear and was left out of every epoch. */
  readonly complete: (metrics: EpochMetrics) => EpochMetrics;
}

/** One-versus-rest areas of more classes would take longer than the epoch: 1,000 classes x 20,000 rows 2.4 s. */
const MOST_CLASSES_EACH_EPOCH = 20;
const NO_SCORES: TrainingScores = { loss: null, accuracy: null, r2: null };

/**
 * Scores over the rows of all ranks, on rank 0 (docs/adr/0008): of the training rows sums travel, block by block; of the
 * validation rows the predictions themselves, as the area under the curve needs all of them. The numbers are those that one rank
 * with all rows computes from the same predictions.
 */
export class Scoring {
  readonly #ownTarget: TargetVector;
  readonly #scoreOf: (sums: readonly Float64Array[]) => TrainingScores;
  readonly #hasArea: boolean;

  constructor(
    private readonly plan: ScoringPlan,
    private readonly team: Collective,
  ) {
    const { from, to } = trainingRange(plan.trainTarget.length, team);
    this.#ownTarget = plan.trainTarget.subarray(from, to);
    this.#scoreOf = trainingScorer(plan.task, plan.trainTarget);
    this.#hasArea = plan.classCount <= MOST_CLASSES_EACH_EPOCH;
  }

  /** All ranks call it after an epoch. @returns its metrics on rank 0, elsewhere null */
  async measure(learner: Learner, epoch: number): Promise<EpochMetrics | null> {
    const { scoredEachEpoch } = this.plan;
    const parts = await this.#predicted(learner, scoredEachEpoch);
    return parts && this.#metrics(epoch, parts, { hasTraining: scoredEachEpoch, hasArea: this.#hasArea });
  }

  /** All ranks call it once the model is the kept one. @returns null elsewhere than on rank 0 */
  async finish(learner: Learner): Promise<FinalScores | null> {
    const isComplete = this.plan.scoredEachEpoch && this.#hasArea;
    const parts = await this.#predicted(learner, !isComplete);
    if (parts === null) return null;
    const predictions = joined(parts.map((part) => part.predictions));
    const complete = (metrics: EpochMetrics): EpochMetrics =>
      isComplete ? metrics : this.#metrics(metrics.epoch, parts, { hasTraining: true, hasArea: true });
    return { predictions, complete };
  }

  #metrics(epoch: number, parts: readonly EpochPart[], { hasTraining, hasArea }: { hasTraining: boolean; hasArea: boolean }): EpochMetrics {
    const { task, classCount, learningRate, validationTarget } = this.plan;
    const scores = hasTraining ? this.#scoreOf(parts.map((part) => part.sums)) : NO_SCORES;
    const validation = { target: validationTarget, predictions: joined(parts.map((part) => part.predictions)) };
    return epochMetrics({ task, classCount, hasArea }, { number: epoch, learningRate }, scores, validation);
  }

  async #predicted(learner: Learner, hasTraining: boolean): Promise<readonly EpochPart[] | null> {
    const { task, classCount, trainTarget } = this.plan;
    const sums = hasTraining
      ? trainingSums(task, classCount, { target: this.#ownTarget, predictions: await learner.predict('train') }, trainTarget.length)
      : new Float64Array(0);
    return this.#together(sums, await learner.predict('validation'));
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
