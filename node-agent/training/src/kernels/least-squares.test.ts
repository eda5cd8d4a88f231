/** @jest-environment ./node-agent/training/native-environment.mjs */
import { join } from 'node:path';
import { loneGang } from '@trainer/actor';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '@trainer/runtime/testing';
import { openOpenblas } from '../engines/openblas-library.js';
import type { LabelledRows } from '../learning/learner.js';
import { NATIVE_DIR } from '../rank/rank.fixture.js';
import type { DenseAlgebra } from './dense-algebra.js';
import { leastSquares } from './least-squares.js';
import { symmetricSolver } from './symmetric-solver.js';

let algebra: DenseAlgebra;
beforeAll(async () => {
  algebra = await openOpenblas(join(NATIVE_DIR, 'openblas'));
});

interface Problem {
  readonly rows: number;
  readonly columns: number;
  readonly hasIntercept?: boolean;
  readonly alpha?: number;
  /** Changes a drawn row. */
  readonly change?: (row: Float32Array) => void;
}

function rowsOf({ rows, columns, change = () => undefined }: Problem): LabelledRows {
  const next = seededRandom(7);
  const values = new Float32Array(rows * columns);
  const target = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const own = values.subarray(row * columns, (row + 1) * columns);
    for (let column = 0; column < columns; column += 1) own[column] = next() * 2 - 1;
    change(own);
    target[row] = 40 + own.reduce((sum, value, at) => sum + value * (at + 1), 0) + next();
  }
  return { features: { values, rows, columns }, target };
}

async function fit(problem: Problem) {
  const { hasIntercept = true, alpha = 0 } = problem;
  const rows = rowsOf(problem);
  const found = await leastSquares(algebra, loneGang(), { rows, hasIntercept, alpha }, { tick: () => undefined });
  return { ...found, rows, hasIntercept, alpha };
}
type Fit = Awaited<ReturnType<typeof fit>>;

/** |y - X w - b|² + alpha |w|², and its derivative by each coefficient and by the intercept. */
function objective({ rows: { features, target }, alpha }: Fit, coefficients: Float64Array, intercept: number) {
  const { values, rows, columns } = features;
  const slope = new Float64Array(columns + 1);
  let value = 0;
  for (let row = 0; row < rows; row += 1) {
    let left = (target[row] ?? NaN) - intercept;
    for (let at = 0; at < columns; at += 1) left -= (values[row * columns + at] ?? NaN) * (coefficients[at] ?? NaN);
    value += left * left;
    for (let at = 0; at < columns; at += 1) slope[at] = (slope[at] ?? 0) - 2 * left * (values[row * columns + at] ?? NaN);
    slope[columns] = (slope[columns] ?? 0) - 2 * left;
  }
  for (const [at, coefficient] of coefficients.entries()) {
    value += alpha * coefficient ** 2;
    slope[at] = (slope[at] ?? 0) + 2 * alpha * coefficient;
  }
  return { value, slope };
}

/** A convex function is least where it is level: each derivative, beside the greatest that a column of its length can have. */
function slopeOf(found: Fit): number {
  const { value, slope } = objective(found, found.coefficients, found.intercept);
  const { values, columns, rows } = found.rows.features;
  const squares = new Float64Array(columns + 1);
  squares[columns] = rows;
  for (const [at, one] of values.entries()) squares[at % columns] = (squares[at % columns] ?? 0) + one * one;
  const sides = Array.from(slope, (one, at) => Math.abs(one) / (2 * Math.sqrt(value * (squares[at] ?? NaN))));
  return Math.max(...(found.hasIntercept ? sides : sides.slice(0, -1)));
}

describe('the least squares', () => {
  test.each<[string, Problem]>([
    ['of a plain table', { rows: 200, columns: 5 }],
    ['of a table of more blocks than one', { rows: 20_000, columns: 30 }],
    ['through zero', { rows: 200, columns: 5, hasIntercept: false }],
    ['with a penalty', { rows: 200, columns: 5, alpha: 3 }],
    ['with a penalty, of more columns than rows', { rows: 20, columns: 60, alpha: 0.5 }],
    ['of columns of very different units', { rows: 300, columns: 3, change: (row) => row.set([(row[0] ?? 0) * 1e8, (row[1] ?? 0) / 1e6]) }],
    ['of a column far from zero', { rows: 300, columns: 3, change: (row) => void (row[0] = 10_000 + (row[0] ?? 0)) }],
    ['of two equal columns', { rows: 300, columns: 4, change: (row) => void (row[1] = row[0] ?? 0) }],
    ['of nearly equal columns', { rows: 300, columns: 3, change: (row) => void (row[1] = (row[0] ?? 0) + (row[2] ?? 0) * 1e-4) }],
  ])('%s have no slope', async (_what, problem) => {
    expect(slopeOf(await fit(problem))).toBeLessThan(1e-8);
  });

  test('of more columns than rows go through every row', async () => {
    const found = await fit({ rows: 30, columns: 90 });
    expect(objective(found, found.coefficients, found.intercept).value).toBeLessThan(1e-18);
  });

  test('are shared out evenly between equal columns, which is the solution of least norm', async () => {
    const found = await fit({ rows: 300, columns: 4, change: (row) => void (row[1] = row[0] ?? 0) });
    expect((found.coefficients[0] ?? 0) - (found.coefficients[1] ?? 1)).toBeCloseTo(0, 9);
  });

  test('give a constant column nothing, and no row is lost to it', async () => {
    const found = await fit({ rows: 300, columns: 3, change: (row) => void (row[1] = 0.1) });
    expect(found.coefficients[1]).toBe(0);
    expect(slopeOf(found)).toBeLessThan(1e-8);
  });

  test('of columns that sum to one but for their rounding keep small coefficients', async () => {
    // One-hot columns of three levels, scaled as the preprocessing scales them.
    const change = (row: Float32Array): void => {
      const level = Math.floor(((row[0] ?? 0) + 1) * 1.5);
      for (let at = 0; at < 3; at += 1) row[at] = (Number(level === at) - 1 / 3) / Math.sqrt(2 / 9 + at * 0.01);
    };
    const { coefficients } = await fit({ rows: 300, columns: 4, change });
    expect(Math.max(...Array.from(coefficients, Math.abs))).toBeLessThan(10);
  });

  test('know the deviations of the columns', async () => {
    const { deviations } = await fit({ rows: 20_000, columns: 2, change: (row) => void (row[1] = 5 + 3 * (row[1] ?? 0)) });
    // Of an even distribution from -1 to 1.
    expect(deviations[0]).toBeCloseTo(1 / Math.sqrt(3), 2);
    expect(deviations[1]).toBeCloseTo(3 / Math.sqrt(3), 1);
  });
});

test('a well-conditioned matrix is factored, another taken apart', () => {
  const way = (off: number): string => symmetricSolver(algebra, Float64Array.of(4, 0, off, 9), 2, new Float64Array(2)).way;
  expect([way(1), way(6 - 1e-12)]).toEqual(['factor', 'eigen']);
});
