/** A product of row-major matrices: C (m x n) = scale · op(A) (m x k) · op(B) (k x n) + kept · C. */
export interface Product<A extends Float32Array | Float64Array> {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: A;
  /** A lies as k x m. */
  readonly isATransposed?: boolean;
  readonly b: A;
  /** B lies as n x k. */
  readonly isBTransposed?: boolean;
  readonly c: A;
  /** Default 1. */
  readonly scale?: number;
  /** Default 0: what C held is not read. */
  readonly kept?: number;
}

/**
 * Products and decompositions of dense matrices, row-major. Equal arguments give equal bits on one machine for equal threads; another kind of
 * processor, or another number of threads, may give other last digits.
 */
export interface DenseAlgebra {
  /** Of the whole process. */
  setThreads(threads: number): void;
  multiply(product: Product<Float32Array>): void;
  multiplyDouble(product: Product<Float64Array>): void;
  /** Adds AᵀA of A (rows x n) to the lower triangle of C (n x n). */
  addGram(a: Float64Array, rows: number, n: number, c: Float64Array): void;
  /**
   * The Cholesky factor of a positive definite matrix, whose lower triangle is read and written over.
   * @returns false where it is not positive definite; it is spoiled then
   */
  factor(matrix: Float64Array, n: number): boolean;
  /** Of a matrix by its factor: an estimate of 1 / (|A| · |A⁻¹|) in the 1-norm (LAPACK dpocon). @param norm |A| */
  reciprocalCondition(factor: Float64Array, n: number, norm: number): number;
  /** Solves A x = b by A's factor; x is written over b. */
  solveByFactor(factor: Float64Array, n: number, b: Float64Array): void;
  /**
   * The eigenvalues of a symmetric matrix, ascending, whose lower triangle is read; row i of the matrix becomes the eigenvector of the i-th.
   * @throws EngineError where they are not found
   */
  eigen(matrix: Float64Array, n: number): Float64Array;
}
