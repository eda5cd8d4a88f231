import type { DenseAlgebra } from './dense-algebra.js';

/** The weight of the sizes of weights in an objective, one each: 0 for those that are free. */
export type SizePenalty = (at: number) => number;

/**
 * What is added to the diagonal of second derivatives, as a share of it: the scores of all classes may rise together without any effect, and
 * columns may be collinear, so a matrix may be flat along some directions; the gradient has no part in them.
 */
const [LEAST_ADDED, MOST_ADDED] = [1e-10, 1];

/** The step to where the slope of a quadratic ends. */
export function newtonDirection(algebra: DenseAlgebra, hessian: Float64Array, gradient: Float64Array): Float64Array {
  const n = gradient.length;
  for (let added = LEAST_ADDED; added <= MOST_ADDED; added *= 100) {
    const matrix = hessian.slice();
    for (let at = 0; at < n; at += 1) {
      const value = matrix[at * n + at] ?? 0;
      matrix[at * n + at] = value > 0 ? value * (1 + added) : 1;
    }
    if (!algebra.factor(matrix, n)) continue;
    const step = gradient.map((slope) => -slope);
    algebra.solveByFactor(matrix, n, step);
    return step;
  }
  return gradient.map((slope) => -slope);
}

const MOST_SWEEPS = 1_000;
/** A sweep that lowers the quadratic by less than this share of what all of them did is the last. */
const SWEEP_ENDS = 1e-12;

/**
 * The step to the least of a quadratic and the sizes of the weights, one weight after the other (Friedman, Hastie and Tibshirani, 2010): in the
 * direction of each the least is known.
 */
export function coordinateDirection(
  hessian: Float64Array,
  { weights, gradient }: { readonly weights: Float64Array; readonly gradient: Float64Array },
  penalty: SizePenalty,
): Float64Array {
  const n = gradient.length;
  const step = new Float64Array(n);
  /** The quadratic's slopes where the step has led. */
  const slopes = gradient.slice();
  let lowered = 0;
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep += 1) {
    let now = 0;
    for (let at = 0; at < n; at += 1) {
      const curve = hessian[at * n + at] ?? 0;
      if (!(curve > 0)) continue;
      const current = (weights[at] ?? 0) + (step[at] ?? 0);
      const moved = towardsZero(current - (slopes[at] ?? 0) / curve, penalty(at) / curve) - current;
      if (moved === 0) continue;
      step[at] = (step[at] ?? 0) + moved;
      for (let i = 0; i < n; i += 1) slopes[i] = (slopes[i] ?? 0) + moved * (hessian[at * n + i] ?? 0);
      now += curve * moved * moved;
    }
    lowered += now;
    if (now <= lowered * SWEEP_ENDS) break;
  }
  return step;
}

function towardsZero(value: number, by: number): number {
  return Math.sign(value) * Math.max(0, Math.abs(value) - by);
}

/** The slopes of an objective with sizes, and where a weight is 0 the steepest of those to either side (Andrew and Gao, 2007). */
export function steepest(weights: Float64Array, gradient: Float64Array, penalty: SizePenalty): Float64Array {
  return gradient.map((slope, at) => {
    const [weight, by] = [weights[at] ?? 0, penalty(at)];
    if (weight !== 0) return slope + Math.sign(weight) * by;
    return towardsZero(slope, by);
  });
}

/** A move, and how the slopes changed by it. */
export interface Move {
  readonly weights: Float64Array;
  readonly slopes: Float64Array;
}

/** How many moves are remembered. */
export const MOST_MOVES = 10;

/** The step by the moves before, oldest first (L-BFGS; Nocedal, 1980), from the steepest slopes. */
export function quasiNewtonDirection(slopes: Float64Array, moves: readonly Move[]): Float64Array {
  const step = slopes.map((slope) => -slope);
  const shares: number[] = [];
  for (const move of moves.toReversed()) {
    const share = dot(move.weights, step) / dot(move.weights, move.slopes);
    shares.unshift(share);
    addTo(step, move.slopes, -share);
  }
  const last = moves.at(-1);
  const scale =
    last === undefined ? 1 / Math.max(1, Math.sqrt(dot(slopes, slopes))) : dot(last.weights, last.slopes) / dot(last.slopes, last.slopes);
  for (let at = 0; at < step.length; at += 1) step[at] = (step[at] ?? 0) * scale;
  for (const [at, move] of moves.entries()) {
    addTo(step, move.weights, (shares[at] ?? 0) - dot(move.slopes, step) / dot(move.weights, move.slopes));
  }
  return step;
}

export function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += (one[at] ?? NaN) * (other[at] ?? NaN);
  return sum;
}

function addTo(sum: Float64Array, other: Float64Array, share: number): void {
  for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] ?? NaN) + share * (other[at] ?? NaN);
}
