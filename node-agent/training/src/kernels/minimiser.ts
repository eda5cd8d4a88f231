import type { Collective } from '@trainer/actor';
import type { DenseAlgebra } from './dense-algebra.js';
import {
  coordinateDirection,
  dot,
  MOST_MOVES,
  newtonDirection,
  quasiNewtonDirection,
  steepest,
  type Move,
  type SizePenalty,
} from './directions.js';
import type { Evaluation, LogisticObjective, Progress } from './logistic-objective.js';

/** Up to so many weights Newton's steps are taken, whose cost grows with their square a row; else L-BFGS, with more iterations. */
const NEWTON_WEIGHTS = 256;
/** A step is taken where the objective falls by this share of what its slope promises (Armijo). */
const LEAST_FALL = 1e-4;
const MOST_HALVINGS = 40;
/**
 * The last step is the one of which a fall below this share of tol and of the objective is expected: with scikit-learn's tol of 1e-4 the objective is then
 * within about 1e-8 of its least. An objective that falls to nothing (separable classes, no penalty) need not be nearer than to this share of its start.
 */
const [CLOSE, NOTHING] = [1e-4, 1e-2];

export type MinimiserStatus = 'going' | 'converged' | 'stuck';

/** Where a minimisation is. */
export interface MinimiserState {
  readonly weights: Float64Array;
  readonly iteration: number;
  readonly status: MinimiserStatus;
  /** The greatest slope, as scikit-learn's `tol` bounds it. */
  readonly slope: number;
  /** Of the objective without the sizes; null before the first iteration. */
  readonly at: Evaluation | null;
  readonly firstValue: number;
  readonly moves: readonly Move[];
}

export function startedAtZero(size: number): MinimiserState {
  return { weights: new Float64Array(size), iteration: 0, status: 'going', slope: Infinity, at: null, firstValue: NaN, moves: [] };
}

/** What is minimised: an objective, plus the sizes of weights. */
export interface Minimisation {
  readonly objective: LogisticObjective;
  readonly sizes: SizePenalty;
  /** Are any sizes penalised? */
  readonly hasSizes: boolean;
  readonly tol: number;
}

/** One iteration after the other; all ranks make the same. */
export class Minimiser {
  readonly #isNewton: boolean;

  constructor(
    private readonly algebra: DenseAlgebra,
    private readonly team: Collective,
    private readonly wanted: Minimisation,
  ) {
    this.#isNewton = wanted.objective.size <= NEWTON_WEIGHTS;
  }

  async iterate(state: MinimiserState, progress: Progress): Promise<MinimiserState> {
    const { objective, sizes, tol } = this.wanted;
    const at = state.at ?? (await objective.evaluate(state.weights, (done) => progress(done / 3)));
    const begun: MinimiserState = { ...state, at, iteration: state.iteration + 1 };
    const firstValue = state.at === null ? at.value : state.firstValue;
    const slopes = steepest(state.weights, at.gradient, sizes);
    const step = await this.#stepFrom(begun, slopes, (done) => progress((1 + done) / 3));
    const promised = this.#promised(state.weights, at, slopes, step);
    if (!(promised < 0)) return { ...begun, firstValue, slope: greatest(slopes), status: greatest(slopes) <= tol ? 'converged' : 'stuck' };
    const next = await this.#along(state.weights, at, { step, slopes, promised }, (done) => progress((2 + done) / 3));
    if (next === null) return this.#withoutStep(begun, firstValue, greatest(slopes));
    const slope = greatest(steepest(next.weights, next.at.gradient, sizes));
    const least = CLOSE * tol * Math.max(this.#total(state.weights, at), NOTHING * firstValue);
    const status = -promised / 2 <= least && slope <= tol ? 'converged' : 'going';
    const moves = this.#isNewton ? [] : withMove(state.moves, moveBetween(state.weights, at, next));
    return { ...next, iteration: begun.iteration, status, slope, firstValue, moves };
  }

  /** Along an old memory nothing falls any more: it is tried once without. */
  #withoutStep(begun: MinimiserState, firstValue: number, slope: number): MinimiserState {
    const status = slope <= this.wanted.tol ? 'converged' : begun.moves.length > 0 ? 'going' : 'stuck';
    return { ...begun, firstValue, slope, status, moves: [] };
  }

  async #stepFrom({ weights, at, moves }: MinimiserState, slopes: Float64Array, progress: Progress): Promise<Float64Array> {
    const { objective, sizes, hasSizes } = this.wanted;
    if (!this.#isNewton || at === null) {
      // A step that climbs in one of the weights leaves the orthant in which the slopes hold.
      return quasiNewtonDirection(slopes, moves).map((one, i) => (hasSizes && one * (slopes[i] ?? 0) >= 0 ? 0 : one));
    }
    const hessian = await objective.hessian(weights, progress);
    // The machines of other ranks may round otherwise.
    const isRoot = this.team.rank === 0;
    const gradient = at.gradient;
    const own = !isRoot
      ? new Float64Array(gradient.length)
      : hasSizes
        ? coordinateDirection(hessian, { weights, gradient }, sizes)
        : newtonDirection(this.algebra, hessian, gradient);
    return this.team.broadcast(own, 0);
  }

  /** How the objective changes along the whole step by its slope, and by the sizes. */
  #promised(weights: Float64Array, at: Evaluation, slopes: Float64Array, step: Float64Array): number {
    if (!this.#isNewton) return dot(slopes, step);
    return dot(at.gradient, step) + this.#sizesOf(sum(weights, step, 1)) - this.#sizesOf(weights);
  }

  /** Half of the step, and half of that, until the objective falls enough; null: it does not. */
  async #along(
    weights: Float64Array,
    at: Evaluation,
    { step, slopes, promised }: { readonly step: Float64Array; readonly slopes: Float64Array; readonly promised: number },
    progress: Progress,
  ): Promise<{ readonly weights: Float64Array; readonly at: Evaluation } | null> {
    const { objective, hasSizes } = this.wanted;
    const from = this.#total(weights, at);
    let share = 1;
    for (let halving = 0; halving < MOST_HALVINGS; halving += 1) {
      const moved = sum(weights, step, share);
      const isBounded = !this.#isNewton && hasSizes;
      const there = isBounded ? moved.map((weight, i) => (isBeyond(weight, weights[i] ?? 0, slopes[i] ?? 0) ? 0 : weight)) : moved;
      const fall = isBounded ? dot(slopes, sum(there, weights, -1)) : share * promised;
      const found = await objective.evaluate(there, progress);
      if (this.#total(there, found) <= from + LEAST_FALL * fall) return { weights: there, at: found };
      share /= 2;
    }
    return null;
  }

  #total(weights: Float64Array, { value }: Evaluation): number {
    return value + this.#sizesOf(weights);
  }

  #sizesOf(weights: Float64Array): number {
    if (!this.wanted.hasSizes) return 0;
    return weights.reduce((total, weight, at) => total + Math.abs(weight) * this.wanted.sizes(at), 0);
  }
}

/** Has a weight left the side of zero on which its slope holds? */
function isBeyond(moved: number, weight: number, slope: number): boolean {
  return moved * (weight !== 0 ? Math.sign(weight) : -Math.sign(slope)) < 0;
}

function moveBetween(weights: Float64Array, at: Evaluation, next: { readonly weights: Float64Array; readonly at: Evaluation }): Move {
  return { weights: sum(next.weights, weights, -1), slopes: sum(next.at.gradient, at.gradient, -1) };
}

/** Only a move along which the slope rose is remembered: the others would turn steps upwards. */
function withMove(moves: readonly Move[], move: Move): readonly Move[] {
  const isUseful = dot(move.weights, move.slopes) > Number.EPSILON * dot(move.slopes, move.slopes);
  return isUseful ? [...moves, move].slice(-MOST_MOVES) : moves;
}

function sum(one: Float64Array, other: Float64Array, share: number): Float64Array {
  return one.map((value, at) => value + share * (other[at] ?? NaN));
}

function greatest(slopes: Float64Array): number {
  return slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
}
