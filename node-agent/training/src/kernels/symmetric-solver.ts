import type { DenseAlgebra } from './dense-algebra.js';

/**
 * Below this estimate of 1 / condition (of the matrix with a diagonal of ones) Cholesky is not trusted: one step of refinement then leaves an
 * error of about (2e-16 / 1e-11)² = 4e-10.
 */
const LEAST_CONDITION = 1e-11;
/**
 * Eigenvalues below this share of the largest count as 0. Of a Gram matrix they are squares of singular values, so it is 4e-7 of those: float32,
 * which the columns were rounded to, has a resolution of 1.2e-7, and what is finer than that is rounding and not data.
 */
const NEGLIGIBLE = 1.6e-13;

/** Solves A x = b for one A and any b. */
export interface SymmetricSolver {
  readonly way: 'factor' | 'eigen';
  solve(b: Float64Array): Float64Array;
}

/**
 * For a positive semidefinite matrix, whose lower triangle is read. Rows and columns are first divided so that the diagonal is one, which makes
 * the answer independent of the columns' units. Well-conditioned: by Cholesky. Else by eigenvalues: what the columns can't tell apart
 * (collinear ones) gets the solution of least norm.
 * @param least of a diagonal value, one each: at or below it a column is constant and its part of x is 0
 */
export function symmetricSolver(algebra: DenseAlgebra, matrix: Float64Array, n: number, least: Float64Array): SymmetricSolver {
  const scale = Float64Array.from({ length: n }, (_, at) => {
    const value = matrix[at * n + at] ?? 0;
    return value > (least[at] ?? 0) ? 1 / Math.sqrt(value) : 0;
  });
  const factor = scaled(matrix, n, scale);
  const norm = oneNorm(factor, n);
  if (algebra.factor(factor, n) && algebra.reciprocalCondition(factor, n, norm) >= LEAST_CONDITION) {
    return { way: 'factor', solve: (b) => times(scale, solvedBy(algebra, factor, n, times(scale, b))) };
  }
  const vectors = scaled(matrix, n, scale);
  const values = algebra.eigen(vectors, n);
  return { way: 'eigen', solve: (b) => times(scale, byEigenvectors(vectors, values, times(scale, b))) };
}

/** The lower triangle with rows and columns multiplied; a column whose factor is 0 stands for itself alone. */
function scaled(matrix: Float64Array, n: number, scale: Float64Array): Float64Array {
  const out = new Float64Array(n * n);
  for (let row = 0; row < n; row += 1) {
    const own = scale[row] ?? 0;
    for (let column = 0; column < row; column += 1) out[row * n + column] = (matrix[row * n + column] ?? 0) * own * (scale[column] ?? 0);
    out[row * n + row] = 1;
  }
  return out;
}

/** Of a symmetric matrix, by its lower triangle. */
function oneNorm(matrix: Float64Array, n: number): number {
  const sums = new Float64Array(n);
  for (let row = 0; row < n; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      const size = Math.abs(matrix[row * n + column] ?? 0);
      sums[row] = (sums[row] ?? 0) + size;
      if (column < row) sums[column] = (sums[column] ?? 0) + size;
    }
  }
  return sums.reduce((most, sum) => Math.max(most, sum), 0);
}

function solvedBy(algebra: DenseAlgebra, factor: Float64Array, n: number, b: Float64Array): Float64Array {
  algebra.solveByFactor(factor, n, b);
  return b;
}

function byEigenvectors(vectors: Float64Array, values: Float64Array, b: Float64Array): Float64Array {
  const n = values.length;
  const least = (values[n - 1] ?? 0) * NEGLIGIBLE;
  const out = new Float64Array(n);
  for (const [at, value] of values.entries()) {
    if (value <= least) continue;
    const vector = vectors.subarray(at * n, at * n + n);
    let along = 0;
    for (let i = 0; i < n; i += 1) along += (vector[i] ?? 0) * (b[i] ?? 0);
    for (let i = 0; i < n; i += 1) out[i] = (out[i] ?? 0) + (along / value) * (vector[i] ?? 0);
  }
  return out;
}

function times(one: Float64Array, other: Float64Array): Float64Array {
  return one.map((value, at) => value * (other[at] ?? 0));
}
