import type { EpochMetrics, Metric, TaskType } from '@trainer/model';
import type { TargetVector } from '../learning/learner.js';
import { classScores } from './confusion.js';
import { finite, likeliestClasses, logLoss, rocAuc } from './probabilities.js';
import { regressionScores } from './regression.js';
import type { Scored } from './scored.js';
import type { TrainingScores } from './training-scores.js';

/** Scores an epoch (api.md, epoch metrics). What can't be computed, or was not asked for (the area under the curve), is null. */
export function epochMetrics(
  { task, classCount, hasArea }: { readonly task: TaskType; readonly classCount: number; readonly hasArea: boolean },
  epoch: { readonly number: number; readonly learningRate: Metric },
  train: TrainingScores,
  validation: Scored,
): EpochMetrics {
  const place = { epoch: epoch.number, learningRate: epoch.learningRate };
  return task === 'classification'
    ? { ...place, ...ofClasses({ classCount, hasArea }, train, validation) }
    : { ...place, ...ofNumbers(train, validation) };
}

type Scores = Omit<EpochMetrics, 'epoch' | 'learningRate'>;

function ofClasses(
  { classCount, hasArea }: { readonly classCount: number; readonly hasArea: boolean },
  train: TrainingScores,
  validation: Scored,
): Scores {
  const trainAccuracy = train.accuracy;
  const scores = classScores(validation.target, likeliestClasses(validation.predictions, classCount), classCount);
  const valAccuracy = scores?.accuracy ?? null;
  return {
    trainLoss: train.loss,
    valLoss: logLoss(validation.target, validation.predictions, classCount),
    trainAccuracy,
    valAccuracy,
    additional: {
      val_f1_macro: scores?.f1Macro ?? null,
      val_precision_macro: scores?.precisionMacro ?? null,
      val_recall_macro: scores?.recallMacro ?? null,
      val_roc_auc: hasArea ? rocAuc(validation.target, validation.predictions, classCount) : null,
      overfitting_gap: trainAccuracy === null || valAccuracy === null ? null : trainAccuracy - valAccuracy,
    },
  };
}

function ofNumbers(train: TrainingScores, validation: Scored): Scores {
  const rmse = train.loss === null ? null : finite(Math.sqrt(train.loss));
  const held = regressionScores(validation.target, validation.predictions);
  return {
    trainLoss: train.loss,
    valLoss: held.mse,
    trainAccuracy: null,
    valAccuracy: null,
    additional: { train_rmse: rmse, val_rmse: held.rmse, train_r2: train.r2, val_r2: held.r2, val_mae: held.mae },
  };
}

/** An epoch's metrics as one flat map, as `best_metrics` and a model's `metrics` are; without the epoch's own number. */
export function flatMetrics(metrics: EpochMetrics): Record<string, Metric> {
  const named = {
    train_loss: metrics.trainLoss,
    val_loss: metrics.valLoss,
    train_accuracy: metrics.trainAccuracy,
    val_accuracy: metrics.valAccuracy,
    ...metrics.additional,
  };
  // A regression has no accuracy; a name without a meaning is left out.
  return Object.fromEntries(Object.entries(named).filter(([name, value]) => value !== null || !name.endsWith('accuracy')));
}

/**
 * The validation score of the best constant guess from the training rows: the commonest class (ties: the lower index) with the
 * training shares as probabilities; the mean.
 */
export function baselineMetrics(task: TaskType, classCount: number, train: TargetVector, validation: TargetVector): Record<string, Metric> {
  if (task !== 'classification') {
    const mean = train.reduce((sum, value) => sum + value, 0) / train.length;
    const { mse, rmse, mae, r2 } = regressionScores(validation, new Float64Array(validation.length).fill(mean));
    return { val_loss: mse, val_rmse: rmse, val_mae: mae, val_r2: r2 };
  }
  const shares = new Float64Array(classCount);
  for (const index of train) shares[index] = (shares[index] ?? 0) + 1 / train.length;
  const commonest = shares.indexOf(Math.max(...shares));
  const hits = validation.reduce((count, index) => count + (index === commonest ? 1 : 0), 0);
  const guesses = Float64Array.from({ length: validation.length * classCount }, (_, at) => shares[at % classCount] ?? 0);
  return { val_accuracy: finite(hits / validation.length), val_loss: logLoss(validation, guesses, classCount) };
}
