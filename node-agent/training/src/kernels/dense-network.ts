import { seededSource, type RandomSource } from '../split/random-source.js';
import type { DenseAlgebra } from './dense-algebra.js';

export const ACTIVATIONS = ['relu', 'tanh', 'sigmoid', 'identity'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export interface NetworkShape {
  /** Inputs, the units of each hidden layer, outputs. */
  readonly sizes: readonly number[];
  /** Of the hidden layers. */
  readonly activation: Activation;
  /** Share of the hidden units that a training step leaves out, 0 to below 1. */
  readonly dropout: number;
}

/** Weights (inputs x units, row-major) and biases of a layer, as views of all parameters. */
export interface Layer {
  readonly inputs: number;
  readonly units: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

export function parameterCount({ sizes }: NetworkShape): number {
  return sizes.slice(1).reduce((sum, units, at) => sum + ((sizes[at] ?? 0) + 1) * units, 0);
}

/** The layers of all parameters in one array: of each its weights, then its biases. */
export function layersOf(parameters: Float32Array, { sizes }: NetworkShape): readonly Layer[] {
  let read = 0;
  const taken = (count: number): Float32Array => parameters.subarray(read, (read += count));
  return sizes.slice(1).map((units, at) => {
    const inputs = sizes[at] ?? 0;
    return { inputs, units, weights: taken(inputs * units), biases: taken(units) };
  });
}

/**
 * Even between the bounds of Glorot and Bengio (2010), biases too, as scikit-learn 1.9 begins: sqrt(6 / (inputs + units)), and with 2 in the place of 6
 * for the sigmoid.
 */
export function initialParameters(shape: NetworkShape, seed: number): Float32Array {
  const parameters = new Float32Array(parameterCount(shape));
  const random = seededSource(seed);
  for (const { inputs, units, weights, biases } of layersOf(parameters, shape)) {
    const bound = Math.sqrt((shape.activation === 'sigmoid' ? 2 : 6) / (inputs + units));
    for (const values of [weights, biases]) {
      for (let at = 0; at < values.length; at += 1) values[at] = (2 * unit(random) - 1) * bound;
    }
  }
  return parameters;
}

/** From 0 to below 1. */
function unit(random: RandomSource): number {
  return random.below(2 ** 32) / 2 ** 32;
}

/** The outputs of rows, and the slopes of a loss by all parameters. Its buffers hold `mostRows` rows. */
export class DenseNetwork {
  readonly layers: readonly Layer[];
  /** The slopes of the last `backward`, as the parameters lie. */
  readonly slopes: Float32Array;
  /** The rows of a batch, which the caller writes. */
  readonly input: Float32Array;
  readonly #slopeLayers: readonly Layer[];
  /** What each layer gives: after its activation, before units are left out. */
  readonly #given: readonly Float32Array[];
  /** What the next layer takes of it; the same array without dropout. */
  readonly #taken: readonly Float32Array[];
  /** The slopes by what each layer gives. */
  readonly #errors: readonly Float32Array[];
  /** Of each hidden layer: 0, or what a unit that stays is multiplied with. */
  readonly #masks: readonly Float32Array[];

  constructor(
    private readonly algebra: DenseAlgebra,
    private readonly shape: NetworkShape,
    parameters: Float32Array,
    mostRows: number,
  ) {
    this.layers = layersOf(parameters, shape);
    this.slopes = new Float32Array(parameters.length);
    this.#slopeLayers = layersOf(this.slopes, shape);
    this.input = new Float32Array(mostRows * (shape.sizes[0] ?? 0));
    const buffers = (): Float32Array[] => this.layers.map(({ units }) => new Float32Array(mostRows * units));
    this.#given = buffers();
    this.#errors = buffers();
    this.#masks = shape.dropout > 0 ? buffers().slice(0, -1) : [];
    this.#taken = shape.dropout > 0 ? [...buffers().slice(0, -1), ...this.#given.slice(-1)] : this.#given;
  }

  /**
   * @param rows of `input`
   * @param seeds of the rows, for the units that are left out; null: none is
   * @returns the scores of the last layer, rows x outputs; they hold until the next call
   */
  forward(rows: number, seeds: ((row: number) => number) | null): Float32Array {
    if (seeds !== null && this.shape.dropout > 0) this.#drawMasks(rows, seeds);
    let input = this.input;
    for (const [at, { inputs, units, weights, biases }] of this.layers.entries()) {
      const out = this.#given[at] ?? new Float32Array(0);
      for (let row = 0; row < rows; row += 1) out.set(biases, row * units);
      this.algebra.multiply({ m: rows, n: units, k: inputs, a: input, b: weights, c: out, kept: 1 });
      if (at === this.layers.length - 1) break;
      activate(out, rows * units, this.shape.activation);
      input = out;
      const [mask, masked] = [this.#masks[at], this.#taken[at]];
      if (seeds === null || mask === undefined || masked === undefined) continue;
      for (let i = 0; i < rows * units; i += 1) masked[i] = (out[i] ?? NaN) * (mask[i] ?? NaN);
      input = masked;
    }
    const last = this.layers.at(-1)?.units ?? 0;
    return (this.#given.at(-1) ?? new Float32Array(0)).subarray(0, rows * last);
  }

  /** The sum over the rows of the last `forward` with seeds. @param errors the loss's slopes by the scores, rows x outputs */
  backward(rows: number, errors: Float32Array): void {
    const last = this.layers.length - 1;
    this.#errors[last]?.set(errors);
    for (let at = last; at >= 0; at -= 1) {
      const [layer, slope, error] = [this.layers[at], this.#slopeLayers[at], this.#errors[at]];
      if (layer === undefined || slope === undefined || error === undefined) return;
      const { inputs, units, weights } = layer;
      const input = at === 0 ? this.input : (this.#taken[at - 1] ?? this.input);
      this.algebra.multiply({ m: inputs, n: units, k: rows, a: input, isATransposed: true, b: error, c: slope.weights });
      sumRows(error, rows, units, slope.biases);
      const [below, given] = [this.#errors[at - 1], this.#given[at - 1]];
      if (below === undefined || given === undefined) return;
      this.algebra.multiply({ m: rows, n: inputs, k: units, a: error, b: weights, isBTransposed: true, c: below });
      const mask = this.#masks[at - 1];
      if (mask !== undefined) for (let i = 0; i < rows * inputs; i += 1) below[i] = (below[i] ?? NaN) * (mask[i] ?? NaN);
      timesSlopes(below, given, rows * inputs, this.shape.activation);
    }
  }

  #drawMasks(rows: number, seeds: (row: number) => number): void {
    const { dropout } = this.shape;
    const kept = 1 / (1 - dropout);
    for (let row = 0; row < rows; row += 1) {
      const random = seededSource(seeds(row));
      for (const [at, mask] of this.#masks.entries()) {
        const units = this.layers[at]?.units ?? 0;
        for (let i = row * units; i < (row + 1) * units; i += 1) mask[i] = unit(random) < dropout ? 0 : kept;
      }
    }
  }
}

function activate(values: Float32Array, count: number, activation: Activation): void {
  switch (activation) {
    case 'relu':
      for (let at = 0; at < count; at += 1) values[at] = Math.max(0, values[at] ?? NaN);
      return;
    case 'tanh':
      for (let at = 0; at < count; at += 1) values[at] = Math.tanh(values[at] ?? NaN);
      return;
    case 'sigmoid':
      for (let at = 0; at < count; at += 1) values[at] = 1 / (1 + Math.exp(-(values[at] ?? NaN)));
      return;
    case 'identity':
  }
}

/** Multiplies errors with the slope of the activation, which its value tells. */
function timesSlopes(errors: Float32Array, given: Float32Array, count: number, activation: Activation): void {
  switch (activation) {
    case 'relu':
      for (let at = 0; at < count; at += 1) if (!((given[at] ?? NaN) > 0)) errors[at] = 0;
      return;
    case 'tanh':
      for (let at = 0; at < count; at += 1) errors[at] = (errors[at] ?? NaN) * (1 - (given[at] ?? NaN) ** 2);
      return;
    case 'sigmoid':
      for (let at = 0; at < count; at += 1) errors[at] = (errors[at] ?? NaN) * (given[at] ?? NaN) * (1 - (given[at] ?? NaN));
      return;
    case 'identity':
  }
}

function sumRows(values: Float32Array, rows: number, units: number, sums: Float32Array): void {
  sums.fill(0);
  for (let row = 0; row < rows; row += 1) {
    for (let at = 0; at < units; at += 1) sums[at] = (sums[at] ?? NaN) + (values[row * units + at] ?? NaN);
  }
}
