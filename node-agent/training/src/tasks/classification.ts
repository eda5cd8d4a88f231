import type { EpochMetrics, Metric } from '@trainer/model';
import { lengthOf, type Column } from '../data/table.js';
import type { TargetVector } from '../learning/learner.js';
import { classScores } from '../metrics/confusion.js';
import { finite, hits, likeliestClasses, logLoss, logLossSum, rocAuc } from '../metrics/probabilities.js';
import { blockSums, sumOfBlocks } from './block-sums.js';
import { labelsOf, noValue, rowsWithValue, spellingWarnings } from './labels.js';
import { classCountOf, type BlockSums, type ReadTarget, type ScoreChoice, type Scored, type Scores, type Task } from './task.js';

/** One of a few classes a row; a learner gives a probability for each. */
export const classification: Task = {
  readTarget,
  strataOf: ({ values }) => values,
  withoutTarget: null,
  holdsOut: true,
  numbersARow: (classes) => classes,
  scores: (encoding, train, validation) => new ClassificationScores(classCountOf(encoding), train, validation),
};

function readTarget(column: Column): ReadTarget {
  const rows = rowsWithValue(column);
  const total = lengthOf(column);
  if (rows.length === 0) throw noValue(column.name, total);
  const { type, classes, codes } = labelsOf(column, rows);
  return {
    encoding: { kind: 'classes', name: column.name, type, classes },
    rows,
    values: codes,
    dropped: total - rows.length,
    warnings: spellingWarnings(column.name, { type, classes }),
  };
}

/** One-versus-rest areas of more classes would take longer than the epoch: 1,000 classes x 20,000 rows 2.4 s. */
const MOST_CLASSES_EACH_EPOCH = 20;
/** The thresholds of the original trainer (platform.md). */
const [OVERFITTING, STRONG_OVERFITTING] = [0.1, 0.15];

class ClassificationScores implements Scores {
  readonly areSomeDear: boolean;

  constructor(
    private readonly classCount: number,
    private readonly train: TargetVector,
    private readonly validation: TargetVector,
  ) {
    this.areSomeDear = classCount > MOST_CLASSES_EACH_EPOCH;
  }

  sums({ target, predictions }: Scored): BlockSums {
    const { classCount } = this;
    return blockSums(target.length, this.train.length, (from, to) => [
      logLossSum(target, predictions, classCount, from, to),
      hits(target, predictions, classCount, from, to),
    ]);
  }

  epoch(
    { number, learningRate }: { readonly number: number; readonly learningRate: Metric },
    { target, predictions }: Scored,
    { training, hasDear }: ScoreChoice,
  ): EpochMetrics {
    const { classCount } = this;
    const [losses, right] = training === null ? [NaN, NaN] : sumOfBlocks(training);
    const scores = classScores(target, likeliestClasses(predictions, classCount), classCount);
    const trainAccuracy = finite(right / this.train.length);
    const valAccuracy = scores?.accuracy ?? null;
    return {
      epoch: number,
      learningRate,
      trainLoss: finite(losses / this.train.length),
      valLoss: logLoss(target, predictions, classCount),
      trainAccuracy,
      valAccuracy,
      additional: {
        val_f1_macro: scores?.f1Macro ?? null,
        val_precision_macro: scores?.precisionMacro ?? null,
        val_recall_macro: scores?.recallMacro ?? null,
        val_roc_auc: hasDear ? rocAuc(target, predictions, classCount) : null,
        overfitting_gap: trainAccuracy === null || valAccuracy === null ? null : trainAccuracy - valAccuracy,
      },
    };
  }

  /** The commonest class (ties: the lower index), with the shares of the training rows as probabilities. */
  baseline(): Readonly<Record<string, Metric>> {
    const { classCount, train, validation } = this;
    const counts = new Float64Array(classCount);
    for (const index of train) counts[index] = (counts[index] ?? 0) + 1;
    const shares = counts.map((count) => count / train.length);
    const commonest = shares.indexOf(Math.max(...shares));
    const right = validation.reduce((count, index) => count + (index === commonest ? 1 : 0), 0);
    const guesses = Float64Array.from({ length: validation.length * classCount }, (_, at) => shares[at % classCount] ?? 0);
    return { val_accuracy: finite(right / validation.length), val_loss: logLoss(validation, guesses, classCount) };
  }

  warnings({ valAccuracy, additional }: EpochMetrics): readonly string[] {
    const guess = this.baseline()['val_accuracy'] ?? null;
    const isWorse = valAccuracy !== null && guess !== null && valAccuracy < guess;
    return [
      ...overfittingWarnings(additional['overfitting_gap'] ?? 0),
      ...(isWorse
        ? [
            `The model is worse than a constant guess: its accuracy is ${valAccuracy.toFixed(3)} on the validation rows, and always the commonest class has ${guess.toFixed(3)}. Look at the target column and the features.`,
          ]
        : []),
    ];
  }
}

function overfittingWarnings(gap: number): string[] {
  if (gap <= OVERFITTING) return [];
  const strength = gap > STRONG_OVERFITTING ? 'Strong overfitting' : 'Overfitting';
  const mend = 'Try more data, fewer or simpler features, or a simpler model';
  return [`${strength}: accuracy is ${gap.toFixed(3)} higher on the training rows than on the validation rows. ${mend}.`];
}
