/** @jest-environment ./node-agent/training/native-environment.mjs */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '@trainer/runtime/testing';
import { NATIVE_DIR } from '../rank/rank.fixture.js';
import { openOpenblas, type OpenblasLibrary } from './openblas-library.js';

let library: OpenblasLibrary;
beforeAll(async () => {
  library = await openOpenblas(join(NATIVE_DIR, 'openblas'));
});

const [M, N, K] = [7, 5, 11];
const next = seededRandom(1);
const drawn = (count: number): Float64Array => Float64Array.from({ length: count }, () => next() * 2 - 1);
/** The same matrix, of rows x columns, by columns. */
const turned = (values: Float64Array, rows: number, columns: number): Float64Array =>
  Float64Array.from({ length: rows * columns }, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)] ?? NaN);
/** A (m x k) times B (k x n), one sum a cell. */
const slow = (a: Float64Array, b: Float64Array, m: number, n: number, k: number): number[] =>
  Array.from({ length: m * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    return Array.from({ length: k }, (_unused, l) => (a[row * k + l] ?? NaN) * (b[l * n + column] ?? NaN)).reduce(
      (sum, one) => sum + one,
      0,
    );
  });
const expectNear = (found: ArrayLike<number>, wanted: ArrayLike<number>, within: number): void => {
  expect(found).toHaveLength(wanted.length);
  expect(Math.max(...Array.from(wanted, (value, at) => Math.abs(value - (found[at] ?? NaN))))).toBeLessThan(within);
};
/** BᵀB + 1 of a drawn B: positive definite. */
const definite = (n: number): Float64Array => {
  const b = drawn(n * n);
  return Float64Array.from(slow(turned(b, n, n), b, n, n, n), (value, at) => value + (at % (n + 1) === 0 ? 1 : 0));
};

test('says its version', () => expect(library.version).toMatch(/^0\.3\.\d+/));

describe.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])('a product of A (turned: %s) and B (turned: %s)', (isATransposed, isBTransposed) => {
  const [a, b] = [drawn(M * K), drawn(K * N)];
  const wanted = slow(a, b, M, N, K);
  const [givenA, givenB] = [isATransposed ? turned(a, M, K) : a, isBTransposed ? turned(b, K, N) : b];

  test('is that of plain sums, in double', () => {
    const c = new Float64Array(M * N).fill(NaN);
    library.multiplyDouble({ m: M, n: N, k: K, a: givenA, b: givenB, c, isATransposed, isBTransposed });
    expectNear(c, wanted, 1e-13);
  });

  test('is that of plain sums, in float32, and may be added to what is there', () => {
    const c = new Float32Array(M * N).fill(1);
    const [a32, b32] = [Float32Array.from(givenA), Float32Array.from(givenB)];
    library.multiply({ m: M, n: N, k: K, a: a32, b: b32, c, isATransposed, isBTransposed, scale: 2, kept: 3 });
    expectNear(
      c,
      wanted.map((value) => 2 * value + 3),
      1e-5,
    );
  });
});

test('reads a part of a larger array where that part begins', () => {
  const [a, b] = [drawn(M * K + 3), drawn(K * N)];
  const c = new Float64Array(M * N);
  library.multiplyDouble({ m: M, n: N, k: K, a: a.subarray(3), b, c });
  expectNear(c, slow(a.slice(3), b, M, N, K), 1e-13);
});

test('adds a Gram matrix to the lower triangle', () => {
  const a = drawn(M * N);
  const c = new Float64Array(N * N).fill(1);
  library.addGram(a, M, N, c);
  const whole = slow(turned(a, M, N), a, N, N, M);
  expectNear(
    c,
    whole.map((value, at) => (at % N <= Math.floor(at / N) ? value + 1 : 1)),
    1e-13,
  );
});

test('solves by the Cholesky factor, and tells how well that can be done', () => {
  const matrix = definite(N);
  const wanted = drawn(N);
  const b = Float64Array.from(slow(matrix, wanted, N, 1, N));
  const factor = matrix.slice();
  expect(library.factor(factor, N)).toBe(true);
  library.solveByFactor(factor, N, b);
  expectNear(b, wanted, 1e-12);
  const norm = Math.max(
    ...Array.from({ length: N }, (_, row) => matrix.slice(row * N, row * N + N).reduce((sum, value) => sum + Math.abs(value), 0)),
  );
  const condition = library.reciprocalCondition(factor, N, norm);
  expect(condition).toBeGreaterThan(1e-4);
  expect(condition).toBeLessThanOrEqual(1);
});

test('says that a matrix is not positive definite', () => {
  expect(library.factor(Float64Array.of(1, 2, 2, 1), 2)).toBe(false);
});

test('a matrix with NaN is an error, not an answer', () => {
  expect(() => library.factor(Float64Array.of(NaN, 0, 0, 1), 2)).toThrow('OpenBLAS failed in scipy_LAPACKE_dpotrf');
});

test('finds eigenvalues in order, each with its vector', () => {
  const matrix = definite(N);
  const vectors = matrix.slice();
  const values = library.eigen(vectors, N);
  expect([...values]).toEqual([...values].sort((one, other) => one - other));
  for (const [at, value] of values.entries()) {
    const vector = vectors.slice(at * N, at * N + N);
    expectNear(
      slow(matrix, vector, N, 1, N),
      vector.map((part) => part * value),
      1e-12,
    );
  }
});

test('a folder without the library is said so', async () => {
  await expect(openOpenblas('/nowhere')).rejects.toThrow("The library of OpenBLAS can't be opened: no such file");
});
