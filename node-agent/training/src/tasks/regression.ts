import type { EpochMetrics, Metric } from '@trainer/model';
import { TargetError } from '../data/errors.js';
import { numbersOf, type Column } from '../data/table.js';
import type { TargetVector } from '../learning/learner.js';
import { finite } from '../metrics/probabilities.js';
import { r2Of, regressionScores, squaresAround } from '../metrics/regression.js';
import { blockSums, sumOfBlocks } from './block-sums.js';
import { noValue, rowsWithValue } from './labels.js';
import type { BlockSums, ReadTarget, ScoreChoice, Scored, Scores, Task } from './task.js';

/** A number a row. */
export const regression: Task = {
  readTarget,
  strataOf: () => null,
  withoutTarget: null,
  holdsOut: true,
  numbersARow: () => 1,
  scores: (_encoding, train, validation) => new NumberScores(train, validation),
};

function readTarget(column: Column): ReadTarget {
  const numbers = numbersOf(column);
  if (numbers === null) throw new TargetError(column.name, 'not-numeric', 0, notNumeric(column));
  const rows = rowsWithValue(column);
  if (rows.length === 0) throw noValue(column.name, numbers.length);
  const values = Float64Array.from(rows, (row) => numbers[row] ?? NaN);
  return { encoding: { kind: 'number', name: column.name }, rows, values, dropped: numbers.length - rows.length, warnings: [] };
}

function notNumeric(column: Column): string {
  const what = column.kind === 'text' ? `text (such as ${JSON.stringify((column.labels[0] ?? '').slice(0, 60))})` : `${column.kind}s`;
  return `holds ${what}, and regression needs numbers. Name another target_column.`;
}

class NumberScores implements Scores {
  readonly areSomeDear = false;
  readonly #around: number;

  constructor(
    private readonly train: TargetVector,
    private readonly validation: TargetVector,
  ) {
    this.#around = squaresAround(train);
  }

  sums({ target, predictions }: Scored): BlockSums {
    return blockSums(target.length, this.train.length, (from, to) => {
      let squares = 0;
      for (let row = from; row < to; row += 1) squares += ((target[row] ?? NaN) - (predictions[row] ?? NaN)) ** 2;
      return [squares, 0];
    });
  }

  epoch(
    { number, learningRate }: { readonly number: number; readonly learningRate: Metric },
    { target, predictions }: Scored,
    { training }: ScoreChoice,
  ): EpochMetrics {
    const [squares] = training === null ? [NaN] : sumOfBlocks(training);
    const rows = this.train.length;
    const trainLoss = finite(squares / rows);
    const held = regressionScores(target, predictions);
    return {
      epoch: number,
      learningRate,
      trainLoss,
      valLoss: held.mse,
      trainAccuracy: null,
      valAccuracy: null,
      additional: {
        train_rmse: trainLoss === null ? null : finite(Math.sqrt(trainLoss)),
        val_rmse: held.rmse,
        train_r2: training === null ? null : r2Of(squares, this.#around, rows),
        val_r2: held.r2,
        val_mae: held.mae,
      },
    };
  }

  /** The mean of the training rows. */
  baseline(): Readonly<Record<string, Metric>> {
    const mean = this.train.reduce((sum, value) => sum + value, 0) / this.train.length;
    const { mse, rmse, mae, r2 } = regressionScores(this.validation, new Float64Array(this.validation.length).fill(mean));
    return { val_loss: mse, val_rmse: rmse, val_mae: mae, val_r2: r2 };
  }

  warnings({ valLoss }: EpochMetrics): readonly string[] {
    const guess = this.baseline()['val_loss'] ?? null;
    if (valLoss === null || guess === null || valLoss <= guess) return [];
    const found = `its mean squared error is ${short(valLoss)} on the validation rows, and always the mean of the target has ${short(guess)}`;
    return [`The model is worse than a constant guess: ${found}. Look at the target column and the features.`];
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
