import type { Collective } from '@trainer/actor';
import type { LabelledRows, Work } from '../learning/learner.js';
import type { DenseAlgebra } from './dense-algebra.js';
import { eachBlock, type RowBlock } from './row-blocks.js';
import { symmetricSolver, type SymmetricSolver } from './symmetric-solver.js';

export interface LeastSquaresProblem {
  /** This rank's rows; the sums are over those of all ranks. */
  readonly rows: LabelledRows;
  /** Else the line goes through zero. */
  readonly hasIntercept: boolean;
  /** Of the coefficients' squares; 0: none. */
  readonly alpha: number;
}

export interface LeastSquaresFit {
  readonly coefficients: Float64Array;
  readonly intercept: number;
  /** Of the training rows, one a column; around 0 where there is no intercept. */
  readonly deviations: Float64Array;
}

/** Share of the work when the means, the Gram matrix and its solution are there; the last pass refines. Gram: rows x columns², the others rows x columns. */
const [MEANS, GRAM, SOLVED] = [0.1, 0.8, 0.9];
/** A column whose deviation is below this share of its mean is constant but for rounding. */
const CONSTANT = 1e-12;

/**
 * Minimises |y - X w - b|² + alpha |w|² (scikit-learn's LinearRegression and Ridge) by the Gram matrix of the centred columns in double, and
 * one step of refinement by the residuals of the rows (corrected seminormal equations; Björck, 1987), which makes up for squaring the
 * condition. Gram matrix and residuals are sums over rows, so ranks add theirs; rank 0 solves and tells the others, whose machines may
 * round otherwise. All ranks call it.
 */
export async function leastSquares(
  algebra: DenseAlgebra,
  team: Collective,
  { rows, hasIntercept, alpha }: LeastSquaresProblem,
  work: Work,
): Promise<LeastSquaresFit> {
  const { columns } = rows.features;
  const width = columns + 1;
  const moments = await team.allReduce(
    sumsOf(rows, (done) => work.tick(done * MEANS)),
    'sum',
  );
  const count = moments[width] ?? 0;
  const means = hasIntercept ? moments.slice(0, width).map((sum) => sum / count) : new Float64Array(width);
  const ownGram = new Float64Array(width * width);
  const each = (visit: (block: RowBlock, done: number) => void): void => eachCentred(rows, means, visit);
  each(({ values, rows: size }, done) => {
    algebra.addGram(values, size, width, ownGram);
    work.tick(MEANS + done * (GRAM - MEANS));
  });
  const gram = await team.allReduce(ownGram, 'sum');
  const deviations = Float64Array.from({ length: columns }, (_, at) => Math.sqrt((gram[at * width + at] ?? 0) / count));
  const isRoot = team.rank === 0;
  const solver = isRoot ? solverOf(algebra, gram, { alpha, means, count }) : null;
  const first = solver?.solve(gram.slice(columns * width, columns * width + columns));
  const coefficients = await team.broadcast(first ?? new Float64Array(columns), 0);
  work.tick(SOLVED);
  const gradient = new Float64Array(columns);
  each((block, done) => {
    addResiduals(algebra, block, coefficients, gradient);
    work.tick(SOLVED + done * (1 - SOLVED));
  });
  const rest = (await team.allReduce(gradient, 'sum')).map((value, at) => value - alpha * (coefficients[at] ?? 0));
  const better = solver?.solve(rest).map((value, at) => value + (coefficients[at] ?? 0));
  const refined = await team.broadcast(better ?? new Float64Array(columns), 0);
  const intercept = refined.reduce((left, value, at) => left - value * (means[at] ?? 0), means[columns] ?? 0);
  return { coefficients: refined, intercept, deviations };
}

/** The sum of each column, of the target, and the rows. */
function sumsOf({ features, target }: LabelledRows, tick: (done: number) => void): Float64Array {
  const { columns } = features;
  const sums = new Float64Array(columns + 2);
  sums[columns + 1] = features.rows;
  eachCentred({ features, target }, new Float64Array(columns + 1), ({ values, rows }, done) => {
    for (let at = 0; at < rows * (columns + 1); at += 1) {
      const column = at % (columns + 1);
      sums[column] = (sums[column] ?? 0) + (values[at] ?? NaN);
    }
    tick(done);
  });
  return sums;
}

/** Rows with the target behind the columns, each without its mean. */
function eachCentred({ features, target }: LabelledRows, means: Float64Array, visit: (block: RowBlock, done: number) => void): void {
  const { columns } = features;
  const targetMean = means[columns] ?? 0;
  eachBlock(features, { columns, offsets: means, last: (row) => (target[row] ?? NaN) - targetMean }, visit);
}

function solverOf(
  algebra: DenseAlgebra,
  gram: Float64Array,
  { alpha, means, count }: { readonly alpha: number; readonly means: Float64Array; readonly count: number },
): SymmetricSolver {
  const columns = means.length - 1;
  const matrix = new Float64Array(columns * columns);
  for (let row = 0; row < columns; row += 1) {
    matrix.set(gram.subarray(row * (columns + 1), row * (columns + 1) + row + 1), row * columns);
    matrix[row * columns + row] = (matrix[row * columns + row] ?? 0) + alpha;
  }
  const least = means.subarray(0, columns).map((mean) => count * (CONSTANT * mean) ** 2);
  return symmetricSolver(algebra, matrix, columns, least);
}

/** Adds the sum over a block of x (y - w x). */
function addResiduals(algebra: DenseAlgebra, { values, rows }: RowBlock, coefficients: Float64Array, sum: Float64Array): void {
  const columns = coefficients.length;
  const weights = new Float64Array(columns + 1);
  weights.set(coefficients);
  weights[columns] = -1;
  const over = new Float64Array(rows);
  algebra.multiplyDouble({ m: rows, n: 1, k: columns + 1, a: values, b: weights, c: over });
  const product = new Float64Array(columns + 1);
  algebra.multiplyDouble({ m: columns + 1, n: 1, k: rows, a: values, isATransposed: true, b: over, c: product });
  for (let column = 0; column < columns; column += 1) sum[column] = (sum[column] ?? 0) - (product[column] ?? 0);
}
