import type { Collective } from '@trainer/actor';
import type { EpochMetrics, Metric, TaskType } from '@trainer/model';
import type { Learner, Predictions, TargetVector } from '../learners/learner.js';
import { epochMetrics } from '../metrics/epoch-metrics.js';
import { trainingScorer, trainingSums, type TrainingScores } from '../metrics/training-scores.js';
import { trainingRange } from '../split/shards.js';

/** What an epoch is scored by; targets are those of all ranks' rows. */
export interface ScoringPlan {
  readonly task: TaskType;
  readonly classCount: number;
  readonly learningRate: Metric;
  readonly trainTarget: TargetVector;
  readonly validationTarget: TargetVector;
}

/**
 * Scores over the rows of all ranks, on rank 0 (docs/adr/0008): of the training rows sums travel, block by block; of the
 * validation rows the predictions themselves, as the area under the curve needs all of them. The numbers are those that one rank
 * with all rows computes from the same predictions.
 */
export class Scoring {
  readonly #ownTarget: TargetVector;
  readonly #scoreOf: (sums: readonly Float64Array[]) => TrainingScores;

  constructor(
    private readonly plan: ScoringPlan,
    private readonly team: Collective,
  ) {
    const { from, to } = trainingRange(plan.trainTarget.length, team);
    this.#ownTarget = plan.trainTarget.subarray(from, to);
    this.#scoreOf = trainingScorer(plan.task, plan.trainTarget);
  }

  /** All ranks call it after an epoch. @returns its metrics on rank 0, elsewhere null */
  async measure(learner: Learner, epoch: number): Promise<EpochMetrics | null> {
    const { task, classCount, learningRate, trainTarget, validationTarget } = this.plan;
    const own = { target: this.#ownTarget, predictions: learner.predictTrain() };
    // Both are on their way at once.
    const [sums, predictions] = await Promise.all([
      this.team.gather(trainingSums(task, classCount, own, trainTarget.length), 0),
      this.validationPredictions(learner),
    ]);
    if (predictions === null) return null;
    const validation = { target: validationTarget, predictions };
    return epochMetrics(task, classCount, { number: epoch, learningRate }, this.#scoreOf(sums), validation);
  }

  /** All ranks call it. @returns the predictions of all validation rows on rank 0 (the learner's array, with one rank), elsewhere null */
  async validationPredictions(learner: Learner): Promise<Predictions | null> {
    const parts = await this.team.gather(learner.predictValidation(), 0);
    const [first] = parts;
    if (first === undefined || parts.length === 1) return first ?? null;
    const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
