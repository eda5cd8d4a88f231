import type { Collective } from '@trainer/actor';
import type { HyperparameterValues } from '@trainer/model';
import { openblasEngine } from '../engines/openblas-engine.js';
import { predictAffine, trainedAffine, type AffineModel } from '../kernels/affine-model.js';
import type { DenseAlgebra } from '../kernels/dense-algebra.js';
import { LogisticObjective } from '../kernels/logistic-objective.js';
import { Minimiser, startedAtZero, type MinimiserState, type MinimiserStatus } from '../kernels/minimiser.js';
import { columnDeviations, countsOf } from '../kernels/table-sums.js';
import type { Engine, Learner, LearnerInit, Part, Predictions, TrainedModel, Work } from '../learning/learner.js';

/** Logistic regression, of two classes and of more. */
export function openEngine(nativeDir: string): Promise<Engine> {
  return openblasEngine(nativeDir, (...given) => new LogisticLearner(...given));
}

/** Below it the inverse leaves the range of doubles; every coefficient is 0 long before. */
const LEAST_C = 1e-300;

/** The weights of the coefficients' squares and sizes, for C 1. */
interface Penalties {
  readonly squares: number;
  readonly sizes: number;
}

/** scikit-learn's penalties. */
function penaltiesOf({ penalty, l1_ratio: ratio }: HyperparameterValues): Penalties {
  if (penalty === null) return { squares: 0, sizes: 0 };
  const sizes = penalty === 'elasticnet' ? Number(ratio) : Number(penalty === 'l1');
  return { squares: 1 - sizes, sizes };
}

/** What a snapshot begins with, as doubles. */
const HEAD = ['iteration', 'status', 'slope', 'firstValue', 'value', 'moves', 'keptIteration', 'keptStatus'] as const;
const STATUSES: readonly MinimiserStatus[] = ['going', 'converged', 'stuck'];

class LogisticLearner implements Learner {
  readonly epochs: number;
  readonly snapshots = 'exact';
  readonly #penalties: Penalties;
  readonly #mostIterations: number;
  readonly #width: number;
  #minimiser: Minimiser | null = null;
  #deviations: Float64Array;
  #now: MinimiserState;
  #kept: MinimiserState;

  constructor(
    private readonly algebra: DenseAlgebra,
    private readonly init: LearnerInit,
    private readonly team: Collective,
  ) {
    const { columns } = init.train.features;
    this.#penalties = penaltiesOf(init.hyperparameters);
    this.#mostIterations = Number(init.hyperparameters['max_iter'] ?? 100);
    this.epochs = Math.min(init.epochs, this.#mostIterations);
    this.#width = columns + 1;
    this.#deviations = new Float64Array(columns);
    this.#now = startedAtZero(this.#outputs * this.#width);
    this.#kept = this.#now;
  }

  async step(epoch: number, work: Work): Promise<'more' | 'done'> {
    const [from, to] = [this.#iterationsAt(epoch - 1), this.#iterationsAt(epoch)];
    let told = 0;
    const tell = (share: number): void => work.tick((told = Math.max(told, Math.min(1, share))));
    const minimiser = (this.#minimiser ??= await this.#prepared(tell));
    while (this.#now.status === 'going' && this.#now.iteration < to) {
      const before = this.#now.iteration;
      this.#now = await minimiser.iterate(this.#now, (done) => tell((before + done - from) / (to - from)));
    }
    tell(1);
    return this.#now.status === 'going' ? 'more' : 'done';
  }

  async predict(part: Part): Promise<Predictions> {
    return predictAffine(this.algebra, this.#affine, this.init[part].features);
  }

  remember(): void {
    this.#kept = this.#now;
  }

  recall(): void {
    this.#now = this.#kept;
  }

  async snapshot(): Promise<Uint8Array> {
    const { iteration, status, slope, firstValue, at, moves, weights } = this.#now;
    const head: Record<(typeof HEAD)[number], number> = {
      iteration,
      status: STATUSES.indexOf(status),
      slope,
      firstValue,
      value: at?.value ?? NaN,
      moves: moves.length,
      keptIteration: this.#kept.iteration,
      keptStatus: STATUSES.indexOf(this.#kept.status),
    };
    const parts = [
      Float64Array.from(HEAD, (name) => head[name]),
      this.#deviations,
      weights,
      this.#kept.weights,
      at?.gradient ?? new Float64Array(weights.length),
      ...moves.flatMap((move) => [move.weights, move.slopes]),
    ];
    return Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
  }

  async restore(state: Uint8Array): Promise<void> {
    const numbers = new Float64Array(new Uint8Array(state).buffer);
    const head = (name: (typeof HEAD)[number]): number => numbers[HEAD.indexOf(name)] ?? NaN;
    const size = this.#now.weights.length;
    let read: number = HEAD.length;
    const taken = (count: number): Float64Array => numbers.slice(read, (read += count));
    this.#deviations = taken(this.#width - 1);
    const [weights, kept, gradient] = [taken(size), taken(size), taken(size)];
    const statusOf = (index: number): MinimiserStatus => STATUSES[index] ?? 'going';
    this.#now = {
      weights,
      iteration: head('iteration'),
      status: statusOf(head('status')),
      slope: head('slope'),
      firstValue: head('firstValue'),
      at: head('iteration') === 0 ? null : { value: head('value'), gradient },
      moves: Array.from({ length: head('moves') }, () => ({ weights: taken(size), slopes: taken(size) })),
    };
    this.#kept = { ...startedAtZero(size), weights: kept, iteration: head('keptIteration'), status: statusOf(head('keptStatus')) };
  }

  async model(): Promise<TrainedModel> {
    return trainedAffine(this.algebra, this.#affine, this.#deviations);
  }

  warnings(): string[] {
    const { status, slope, iteration } = this.#now;
    const tol = Number(this.init.hyperparameters['tol'] ?? 1e-4);
    if (status === 'converged' || slope <= tol || iteration === 0) return [];
    const found = `the slope of its objective is ${slope.toPrecision(2)} after ${iteration} iterations, and tol is ${tol}`;
    const mend = status === 'stuck' ? 'raise tol' : 'raise max_iter, or lower C';
    return [`The training did not converge: ${found}. Usually the model is good all the same; else ${mend}.`];
  }

  close(): void {
    // It holds nothing but memory of its own.
  }

  get #outputs(): number {
    return this.init.classCount === 2 ? 1 : this.init.classCount;
  }

  get #affine(): AffineModel {
    const [outputs, width] = [this.#outputs, this.#width];
    const { weights } = this.#now;
    const columns = width - 1;
    const coefficients = new Float64Array(outputs * columns);
    for (let output = 0; output < outputs; output += 1) {
      coefficients.set(weights.subarray(output * width, output * width + columns), output * columns);
    }
    const intercepts = Float64Array.from({ length: outputs }, (_, output) => weights[output * width + columns] ?? NaN);
    return { columns, coefficients, intercepts, link: outputs === 1 ? 'sigmoid' : 'softmax' };
  }

  /** floor(n k / E), as rounds of trees are dealt to epochs; fewer iterations than epochs: one each. */
  #iterationsAt(epoch: number): number {
    const most = this.#mostIterations;
    return most <= this.init.epochs ? Math.min(epoch, most) : Math.floor((most * epoch) / this.init.epochs);
  }

  /** Sums over the rows of all ranks. */
  async #prepared(tell: (share: number) => void): Promise<Minimiser> {
    const { train: rows, classCount, hyperparameters } = this.init;
    tell(0);
    this.#deviations = await columnDeviations(this.team, rows.features);
    const counts = await countsOf(this.team, rows.target, classCount);
    const all = counts.reduce((sum, count) => sum + count, 0);
    const isBalanced = hyperparameters['class_weight'] === 'balanced';
    const classWeights = counts.map((count) => (isBalanced && count > 0 ? all / (classCount * count) : 1));
    const totalWeight = counts.reduce((sum, count, k) => sum + count * (classWeights[k] ?? 1), 0);
    const strength = 1 / (Math.max(Number(hyperparameters['C'] ?? 1), LEAST_C) * totalWeight);
    const objective = new LogisticObjective(this.algebra, this.team, {
      rows,
      classCount,
      classWeights,
      totalWeight,
      hasIntercept: hyperparameters['fit_intercept'] !== false,
      squarePenalty: this.#penalties.squares * strength,
    });
    const ofSizes = this.#penalties.sizes * strength;
    return new Minimiser(this.algebra, this.team, {
      objective,
      sizes: (at) => (objective.isIntercept(at) ? 0 : ofSizes),
      hasSizes: ofSizes > 0,
      tol: Number(hyperparameters['tol'] ?? 1e-4),
    });
  }
}
