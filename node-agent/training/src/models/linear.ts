import type { Collective } from '@trainer/actor';
import { openblasEngine } from '../engines/openblas-engine.js';
import { predictAffine, trainedAffine, type AffineModel } from '../kernels/affine-model.js';
import type { DenseAlgebra } from '../kernels/dense-algebra.js';
import { leastSquares } from '../kernels/least-squares.js';
import type { Engine, Learner, LearnerInit, Part, Predictions, TrainedModel, Work } from '../learning/learner.js';

/** Least squares, without and with a penalty, in closed form. */
export function openEngine(nativeDir: string): Promise<Engine> {
  return openblasEngine(nativeDir, (...given) => new LinearLearner(...given));
}

interface Fitted {
  readonly coefficients: Float64Array;
  readonly intercept: number;
  readonly deviations: Float64Array;
}

class LinearLearner implements Learner {
  readonly epochs = 1;
  readonly snapshots = 'exact';
  #now: Fitted;
  #kept: Fitted;

  constructor(
    private readonly algebra: DenseAlgebra,
    private readonly init: LearnerInit,
    private readonly team: Collective,
  ) {
    const { columns } = init.train.features;
    this.#now = { coefficients: new Float64Array(columns), intercept: 0, deviations: new Float64Array(columns) };
    this.#kept = this.#now;
  }

  async step(_epoch: number, work: Work): Promise<'done'> {
    const { hyperparameters, train: rows } = this.init;
    const hasIntercept = hyperparameters['fit_intercept'] !== false;
    const alpha = Number(hyperparameters['alpha'] ?? 0);
    this.#now = await leastSquares(this.algebra, this.team, { rows, hasIntercept, alpha }, work);
    return 'done';
  }

  async predict(part: Part): Promise<Predictions> {
    return predictAffine(this.algebra, affine(this.#now), this.init[part].features);
  }

  remember(): void {
    this.#kept = this.#now;
  }

  recall(): void {
    this.#now = this.#kept;
  }

  /** Both as doubles: coefficients, deviations, intercept. */
  async snapshot(): Promise<Uint8Array> {
    const parts = [this.#now, this.#kept].flatMap(({ coefficients, deviations, intercept }) => [
      coefficients,
      deviations,
      Float64Array.of(intercept),
    ]);
    return Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
  }

  async restore(state: Uint8Array): Promise<void> {
    const numbers = new Float64Array(new Uint8Array(state).buffer);
    const { columns } = this.init.train.features;
    const from = (at: number): Fitted => ({
      coefficients: numbers.slice(at, at + columns),
      deviations: numbers.slice(at + columns, at + 2 * columns),
      intercept: numbers[at + 2 * columns] ?? 0,
    });
    this.#now = from(0);
    this.#kept = from(2 * columns + 1);
  }

  async model(): Promise<TrainedModel> {
    return trainedAffine(this.algebra, affine(this.#now), this.#now.deviations);
  }

  close(): void {
    // It holds nothing but memory of its own.
  }
}

function affine({ coefficients, intercept }: Fitted): AffineModel {
  return { columns: coefficients.length, coefficients, intercepts: Float64Array.of(intercept), link: 'identity' };
}
