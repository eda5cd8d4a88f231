import type { Collective } from '@trainer/actor';
import { InvalidRequestError, type HyperparameterValues } from '@trainer/model';
import { openblasEngine } from '../engines/openblas-engine.js';
import { softmaxRows, type Link } from '../kernels/affine-model.js';
import type { DenseAlgebra } from '../kernels/dense-algebra.js';
import { ACTIVATIONS, DenseNetwork, initialParameters, type NetworkShape } from '../kernels/dense-network.js';
import { Descent } from '../kernels/descent.js';
import { predictNetwork, trainedNetwork, type NetworkModel } from '../kernels/network-model.js';
import type { Engine, Learner, LearnerInit, Part, Predictions, TrainedModel, Work } from '../learning/learner.js';
import { seededSource, shuffle } from '../split/random-source.js';

/** Multi-layer perceptrons. */
export function openEngine(nativeDir: string): Promise<Engine> {
  return openblasEngine(nativeDir, (...given) => new MlpLearner(...given));
}

const DEFAULT_BATCH = 32;
const DEFAULT_RATE = 0.001;

function shapeOf({ hyperparameters, classCount, train }: LearnerInit): NetworkShape {
  const hidden = hyperparameters['hidden_layer_sizes'] ?? 100;
  const sizes = (Array.isArray(hidden) ? hidden : [hidden]).map(Number);
  const asked = hyperparameters['activation'] ?? 'relu';
  // scikit-learn's word for the sigmoid.
  const activation = ACTIVATIONS.find((known) => known === (asked === 'logistic' ? 'sigmoid' : asked)) ?? 'relu';
  const outputs = classCount > 2 ? classCount : 1;
  return { sizes: [train.features.columns, ...sizes, outputs], activation, dropout: Number(hyperparameters['dropout'] ?? 0) };
}

function descentOf(parameters: Float32Array, values: HyperparameterValues): Descent {
  return new Descent(parameters, {
    way: values['solver'] === 'sgd' ? 'sgd' : 'adam',
    rate: Number(values['learning_rate_init'] ?? DEFAULT_RATE),
    momentum: Number(values['momentum'] ?? 0.9),
    isNesterov: values['nesterovs_momentum'] !== false,
    beta1: Number(values['beta_1'] ?? 0.9),
    beta2: Number(values['beta_2'] ?? 0.999),
    epsilon: Number(values['epsilon'] ?? 1e-8),
  });
}

/** Rows of the training part of all ranks, and where this rank's begin. */
interface Place {
  readonly rows: number;
  readonly from: number;
}

class MlpLearner implements Learner {
  readonly epochs: number;
  readonly snapshots = 'exact';
  readonly #shape: NetworkShape;
  readonly #link: Link;
  readonly #parameters: Float32Array;
  readonly #kept: Float32Array;
  readonly #network: DenseNetwork;
  readonly #descent: Descent;
  readonly #alpha: number;
  #place: Place | null = null;

  constructor(
    private readonly algebra: DenseAlgebra,
    private readonly init: LearnerInit,
    private readonly team: Collective,
  ) {
    this.epochs = init.epochs;
    this.#shape = shapeOf(init);
    this.#link = init.task === 'regression' ? 'identity' : init.classCount === 2 ? 'sigmoid' : 'softmax';
    this.#parameters = initialParameters(this.#shape, init.seed);
    this.#kept = this.#parameters.slice();
    this.#network = new DenseNetwork(algebra, this.#shape, this.#parameters, this.#batchSize(init.train.features.rows));
    this.#descent = descentOf(this.#parameters, init.hyperparameters);
    this.#alpha = Number(init.hyperparameters['alpha'] ?? 1e-4);
  }

  /** One pass over the rows of all ranks, in an order that the seed and the epoch give. A batch is of all ranks' rows: each works on its own ones. */
  async step(epoch: number, work: Work): Promise<'more'> {
    const { rows, from } = (this.#place ??= await this.#findPlace());
    const order = Int32Array.from({ length: rows }, (_, row) => row);
    shuffle(order, seededSource(mixed(this.init.seed, epoch, -1)));
    const size = Math.min(rows, Number(this.init.hyperparameters['batch_size'] ?? DEFAULT_BATCH));
    for (let begin = 0; begin < rows; begin += size) {
      const end = Math.min(rows, begin + size);
      await this.#train(order.subarray(begin, end), from, (at) => mixed(this.init.seed, epoch, begin + at));
      work.tick(end / rows);
    }
    if (!this.#parameters.every(Number.isFinite)) throw grownBeyondNumbers(epoch);
    return 'more';
  }

  async predict(part: Part): Promise<Predictions> {
    return predictNetwork(this.algebra, this.#model(this.#parameters), this.init[part].features);
  }

  remember(): void {
    this.#kept.set(this.#parameters);
  }

  recall(): void {
    this.#parameters.set(this.#kept);
  }

  async snapshot(): Promise<Uint8Array> {
    const { first, second, steps } = this.#descent;
    const parts = [Float64Array.of(steps), this.#parameters, first, second, this.#kept];
    return Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
  }

  async restore(state: Uint8Array): Promise<void> {
    const { buffer } = new Uint8Array(state);
    this.#descent.steps = new Float64Array(buffer, 0, 1)[0] ?? 0;
    let at = Float64Array.BYTES_PER_ELEMENT;
    for (const part of [this.#parameters, this.#descent.first, this.#descent.second, this.#kept]) {
      part.set(new Float32Array(buffer, at, part.length));
      at += part.byteLength;
    }
  }

  async model(): Promise<TrainedModel> {
    return trainedNetwork(this.algebra, this.#model(this.#parameters.slice()));
  }

  close(): void {
    // It holds nothing but memory of its own.
  }

  #model(parameters: Float32Array): NetworkModel {
    return { shape: this.#shape, parameters, link: this.#link };
  }

  #batchSize(rows: number): number {
    return Math.max(1, Math.min(rows, Number(this.init.hyperparameters['batch_size'] ?? DEFAULT_BATCH)));
  }

  async #findPlace(): Promise<Place> {
    const counts = new Int32Array(this.team.worldSize);
    counts[this.team.rank] = this.init.train.features.rows;
    const all = await this.team.allReduce(counts, 'sum');
    const sum = (values: Int32Array): number => values.reduce((total, count) => total + count, 0);
    return { rows: sum(all), from: sum(all.subarray(0, this.team.rank)) };
  }

  /** A step by the mean loss of a batch, whose rows are numbered through all ranks. */
  async #train(batch: Int32Array, from: number, seedOf: (at: number) => number): Promise<void> {
    const { features, target } = this.init.train;
    const { values, rows, columns } = features;
    const labels: number[] = [];
    const places: number[] = [];
    for (const [at, row] of batch.entries()) {
      const own = row - from;
      if (own < 0 || own >= rows) continue;
      this.#network.input.set(values.subarray(own * columns, (own + 1) * columns), labels.length * columns);
      labels.push(target[own] ?? NaN);
      places.push(at);
    }
    if (labels.length === 0) this.#network.slopes.fill(0);
    else {
      const scores = this.#network.forward(labels.length, (row) => seedOf(places[row] ?? 0));
      toErrors(scores, labels, this.#link);
      this.#network.backward(labels.length, scores);
    }
    const { slopes } = this.#network;
    if (this.team.worldSize > 1) slopes.set(await this.team.allReduce(slopes, 'sum'));
    this.#addPenalty(slopes);
    this.#descent.step(slopes, 1 / batch.length);
  }

  /** Half of alpha times the squares of the weights, biases apart, is a part of a batch's loss. */
  #addPenalty(slopes: Float32Array): void {
    if (this.#alpha === 0) return;
    let from = 0;
    for (const { weights, biases } of this.#network.layers) {
      for (let at = 0; at < weights.length; at += 1) slopes[from + at] = (slopes[from + at] ?? NaN) + this.#alpha * (weights[at] ?? NaN);
      from += weights.length + biases.length;
    }
  }
}

/** The scores become the slopes by them of the log-loss, or of half the squared error. */
function toErrors(scores: Float32Array, labels: readonly number[], link: Link): void {
  const outputs = scores.length / labels.length;
  if (link === 'softmax') {
    const shares = Float64Array.from(scores);
    softmaxRows(shares, outputs, shares);
    for (const [row, label] of labels.entries()) shares[row * outputs + label] = (shares[row * outputs + label] ?? NaN) - 1;
    scores.set(shares);
    return;
  }
  for (const [row, label] of labels.entries()) {
    const score = scores[row] ?? NaN;
    scores[row] = (link === 'sigmoid' ? 1 / (1 + Math.exp(-score)) : score) - label;
  }
}

/** A seed of its own for each epoch and place in its order (multipliers of MurmurHash3). */
function mixed(seed: number, epoch: number, place: number): number {
  const one = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b) + Math.imul(epoch, 0xc2b2ae35);
  return (Math.imul(one ^ (one >>> 13), 0x9e3779b1) + Math.imul(place, 0x85ebca6b)) >>> 0;
}

function grownBeyondNumbers(epoch: number): InvalidRequestError {
  const message = `The weights grew beyond all numbers in epoch ${epoch}: lower learning_rate_init, or look for huge values in the table.`;
  return new InvalidRequestError([{ path: ['hyperparameters', 'learning_rate_init'], message, type: 'value' }]);
}
