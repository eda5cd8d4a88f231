import { finite } from './probabilities.js';

export interface RegressionScores {
  /** Mean squared error. */
  readonly mse: number | null;
  readonly rmse: number | null;
  readonly mae: number | null;
  /** Null for fewer than two rows, and for a constant truth that is not met exactly (scikit-learn gives 0 there). */
  readonly r2: number | null;
}

/** As scikit-learn's `mean_squared_error`, `root_mean_squared_error`, `mean_absolute_error` and `r2_score`. */
export function regressionScores(truth: Float64Array, predicted: Float64Array): RegressionScores {
  let [squares, absolutes] = [0, 0];
  for (let row = 0; row < truth.length; row += 1) {
    const actual = truth[row] ?? NaN;
    const error = actual - (predicted[row] ?? NaN);
    squares += error * error;
    absolutes += Math.abs(error);
  }
  const mse = squares / truth.length;
  const r2 = r2Of(squares, squaresAround(truth), truth.length);
  return { mse: finite(mse), rmse: finite(Math.sqrt(mse)), mae: finite(absolutes / truth.length), r2 };
}

/** The squares of the distances from the mean, summed. */
export function squaresAround(truth: Float64Array): number {
  const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
  return truth.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

/** @param squares of the errors @param around of the distances from the mean, both summed over `rows` */
export function r2Of(squares: number, around: number, rows: number): number | null {
  return finite(rows < 2 ? NaN : around === 0 && squares === 0 ? 1 : 1 - squares / around);
}
