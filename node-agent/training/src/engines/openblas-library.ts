import type { DenseAlgebra, Product } from '../kernels/dense-algebra.js';
import { EngineError } from './errors.js';
import { bindOpenblas, type OpenblasCall } from './openblas-bindings.js';

/** OpenBLAS with LAPACK, opened. */
export interface OpenblasLibrary extends DenseAlgebra {
  readonly version: string;
}

/** CBLAS's and LAPACKE's words. */
const [ROW_MAJOR, COLUMN_MAJOR] = [101, 102];
const [AS_IT_IS, TRANSPOSED] = [111, 112];
const LOWER = 122;
/** The lower triangle of a row-major matrix is the upper one of the same memory by columns, which is how LAPACK reads it without a copy. */
const UPPER_BY_COLUMNS = 'U'.charCodeAt(0);
const WITH_VECTORS = 'V'.charCodeAt(0);

/** Opens the library below `folder` (as pip unpacks the wheel there). @throws EngineUnavailableError */
export async function openOpenblas(folder: string): Promise<OpenblasLibrary> {
  const { calls, version } = await bindOpenblas(folder);
  const lapack = (name: keyof typeof calls, ...values: readonly unknown[]): number => {
    const info = Number(calls[name](COLUMN_MAJOR, ...values));
    // Below 0 an argument is wrong, which LAPACKE also says of NaN.
    if (info < 0) throw new EngineError('OpenBLAS', name, `argument ${-info} is not valid, or holds NaN`);
    return info;
  };
  return {
    version,
    setThreads: (threads) => void calls.scipy_openblas_set_num_threads(threads),
    multiply: (product) => multiply(calls.scipy_cblas_sgemm, product),
    multiplyDouble: (product) => multiply(calls.scipy_cblas_dgemm, product),
    addGram: (a, rows, n, c) => void calls.scipy_cblas_dsyrk(ROW_MAJOR, LOWER, TRANSPOSED, n, rows, 1, a, n, 1, c, n),
    factor: (matrix, n) => lapack('scipy_LAPACKE_dpotrf', UPPER_BY_COLUMNS, n, matrix, n) === 0,
    reciprocalCondition(factor, n, norm) {
      const found = new Float64Array(1);
      lapack('scipy_LAPACKE_dpocon', UPPER_BY_COLUMNS, n, factor, n, norm, found);
      return found[0] ?? 0;
    },
    solveByFactor: (factor, n, b) => void lapack('scipy_LAPACKE_dpotrs', UPPER_BY_COLUMNS, n, 1, factor, n, b, n),
    eigen(matrix, n) {
      const values = new Float64Array(n);
      const info = lapack('scipy_LAPACKE_dsyevd', WITH_VECTORS, UPPER_BY_COLUMNS, n, matrix, n, values);
      if (info > 0) throw new EngineError('OpenBLAS', 'dsyevd', 'the eigenvalues were not found');
      return values;
    },
  };
}

function multiply<A extends Float32Array | Float64Array>(call: OpenblasCall, product: Product<A>): void {
  const { m, n, k, a, b, c, isATransposed = false, isBTransposed = false, scale = 1, kept = 0 } = product;
  const [forA, forB] = [isATransposed ? TRANSPOSED : AS_IT_IS, isBTransposed ? TRANSPOSED : AS_IT_IS];
  call(ROW_MAJOR, forA, forB, m, n, k, scale, a, isATransposed ? m : k, b, isBTransposed ? k : n, kept, c, n);
}
