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
  const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
  let [squares, absolutes, total] = [0, 0, 0];
  for (let row = 0; row < truth.length; row += 1) {
    const actual = truth[row] ?? NaN;
    const error = actual - (predicted[row] ?? NaN);
    squares += error * error;
    absolutes += Math.abs(error);
    total += (actual - mean) ** 2;
  }
  const mse = squares / truth.length;
  const r2 = truth.length < 2 ? NaN : total === 0 && squares === 0 ? 1 : 1 - squares / total;
  return { mse: finite(mse), rmse: finite(Math.sqrt(mse)), mae: finite(absolutes / truth.length), r2: finite(r2) };
}
