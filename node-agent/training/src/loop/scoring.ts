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
    const sums = trainingSums(task, classCount, own, trainTarget.length);
    const parts = await this.#together(sums, learner.predictValidation());
    if (parts === null) return null;
    const scores = this.#scoreOf(parts.map((part) => part.sums));
    const validation = { target: validationTarget, predictions: joined(parts.map((part) => part.predictions)) };
    return epochMetrics(task, classCount, { number: epoch, learningRate }, scores, validation);
  }

  /** All ranks call it. @returns the predictions of all validation rows on rank 0 (the learner's array, with one rank), elsewhere null */
  async validationPredictions(learner: Learner): Promise<Predictions | null> {
    const parts = await this.team.gather(learner.predictValidation(), 0);
    return this.team.rank === 0 ? joined(parts) : null;
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
