import type { EpochMetrics, Metric, TaskType } from '@trainer/model';
import type { Learner, Predictions, TargetVector } from '../learners/learner.js';
import { epochMetrics } from '../metrics/epoch-metrics.js';
import type { CheckpointState } from './checkpoint-state.js';
import { better, type BestEpoch } from './early-stopping.js';

export interface TrainingPlan {
  readonly task: TaskType;
  readonly classCount: number;
  /** The learner may have fewer. */
  readonly epochsAsked: number;
  /** On the validation loss; null: off, by request or for the model. */
  readonly earlyStopping: { readonly patience: number } | null;
  readonly checkpointIntervalEpochs: number;
  readonly learningRate: Metric;
  readonly trainTarget: TargetVector;
  readonly validationTarget: TargetVector;
  /** To go on from; the learner is not restored yet. */
  readonly resumeFrom: CheckpointState | null;
}

/** Where the loop reports. Calls come in the order of the epochs; each is awaited, so a full receiver slows the training. */
export interface TrainingReports {
  /** `done`: share of the training that is done, 0..1. */
  epoch(metrics: EpochMetrics, done: number): Promise<void>;
  checkpoint(state: CheckpointState): Promise<void>;
  warning(message: string): Promise<void>;
  /** Asked between epochs. */
  isCancelled(): boolean;
}

export type TrainingOutcome =
  | { readonly kind: 'cancelled'; readonly epoch: number }
  | {
      readonly kind: 'trained';
      /** Metrics of the epoch that the model is of. */
      readonly kept: EpochMetrics;
      readonly lastEpoch: number;
      /** Early stopping chose the epoch on the rows that give the score. */
      readonly selectedOnValidation: boolean;
      /** The kept epoch's predictions; the caller's own copy. */
      readonly validationPredictions: Predictions;
    };

/** A checkpoint of a learner that is cut by it is dear, so there are four at most (design.md section 7). */
const MAX_CUTS = 4;

/**
 * Trains a learner epoch by epoch: metrics, early stopping, checkpoints, cancellation. Equal plan and learner give an equal model,
 * also when resumed from any of its checkpoints. The learner stays open, cut back to the kept epoch.
 */
export async function train(learner: Learner, plan: TrainingPlan, reports: TrainingReports): Promise<TrainingOutcome> {
  const { resumeFrom, earlyStopping } = plan;
  // A patience that is not below the epochs asked was warned of at the submission.
  if (earlyStopping && earlyStopping.patience < plan.epochsAsked && earlyStopping.patience >= learner.epochs) {
    await reports.warning(
      `patience (${earlyStopping.patience}) is not below the number of epochs (${learner.epochs}), so early stopping can't end the training; it still keeps the best epoch.`,
    );
  }
  if (resumeFrom) learner.restore(resumeFrom.learner, resumeFrom.epoch);
  let best: BestEpoch | null = resumeFrom?.best ?? null;
  let last: EpochMetrics | null = resumeFrom?.metrics ?? null;
  let epoch = resumeFrom?.epoch ?? 0;
  while (epoch < learner.epochs && !isStopped(best, earlyStopping)) {
    if (reports.isCancelled()) return { kind: 'cancelled', epoch };
    epoch += 1;
    learner.step(epoch);
    last = measured(learner, plan, epoch);
    if (earlyStopping) best = better(best, last);
    await reports.epoch(last, epoch / learner.epochs);
    if (isCheckpoint(learner, plan, epoch) && !isStopped(best, earlyStopping)) {
      await reports.checkpoint({ epoch, metrics: last, best, learner: learner.snapshot() });
    }
  }
  if (reports.isCancelled()) return { kind: 'cancelled', epoch };
  if (last === null) throw new RangeError('A learner has at least one epoch.');
  return finish(learner, last, best, reports);
}

function isStopped(best: BestEpoch | null, earlyStopping: TrainingPlan['earlyStopping']): boolean {
  return best !== null && earlyStopping !== null && best.waited >= earlyStopping.patience;
}

function measured(learner: Learner, plan: TrainingPlan, epoch: number): EpochMetrics {
  return epochMetrics(
    plan.task,
    plan.classCount,
    { number: epoch, learningRate: plan.learningRate },
    { target: plan.trainTarget, predictions: learner.predictTrain() },
    { target: plan.validationTarget, predictions: learner.predictValidation() },
  );
}

/** Checkpoints lie at fixed epochs, and none after the last one, when training is over. */
function isCheckpoint(learner: Learner, plan: TrainingPlan, epoch: number): boolean {
  const parts = learner.snapshotCuts ? MAX_CUTS + 1 : 20;
  const interval = Math.max(plan.checkpointIntervalEpochs, Math.ceil(learner.epochs / parts));
  return epoch % interval === 0 && epoch < learner.epochs;
}

async function finish(learner: Learner, last: EpochMetrics, best: BestEpoch | null, reports: TrainingReports): Promise<TrainingOutcome> {
  const kept = best?.metrics ?? last;
  if (kept.epoch !== last.epoch) learner.keepEpoch(kept.epoch);
  const warning = overfittingWarning(kept);
  if (warning) await reports.warning(warning);
  return {
    kind: 'trained',
    kept,
    lastEpoch: last.epoch,
    selectedOnValidation: best !== null,
    validationPredictions: learner.predictValidation().slice(),
  };
}

/** The thresholds of the original trainer (platform.md). */
function overfittingWarning(kept: EpochMetrics): string | null {
  const gap = kept.additional['overfitting_gap'] ?? 0;
  if (gap <= 0.1) return null;
  const strength = gap > 0.15 ? 'Strong overfitting' : 'Overfitting';
  const mend = 'Try more data, fewer or simpler features, or a simpler model';
  return `${strength}: accuracy is ${gap.toFixed(3)} higher on the training rows than on the validation rows. ${mend}.`;
}
