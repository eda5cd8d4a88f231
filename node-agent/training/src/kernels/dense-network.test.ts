/** @jest-environment ./node-agent/training/native-environment.mjs */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '@trainer/runtime/testing';
import { openOpenblas } from '../engines/openblas-library.js';
import { NATIVE_DIR } from '../rank/rank.fixture.js';
import type { DenseAlgebra } from './dense-algebra.js';
import { ACTIVATIONS, DenseNetwork, initialParameters, layersOf, type Activation, type NetworkShape } from './dense-network.js';
import { Descent, type DescentSettings } from './descent.js';

let algebra: DenseAlgebra;
beforeAll(async () => {
  algebra = await openOpenblas(join(NATIVE_DIR, 'openblas'));
});

const ROWS = 7;
const shapeOf = (activation: Activation, dropout = 0): NetworkShape => ({ sizes: [4, 6, 5, 3], activation, dropout });
const slowly: Readonly<Record<Activation, (value: number) => number>> = {
  relu: (value) => Math.max(0, value),
  tanh: Math.tanh,
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  identity: (value) => value,
};
const input = Float32Array.from({ length: ROWS * 4 }, seededRandom(3)).map((value) => value * 4 - 2);
const wanted = Float32Array.from({ length: ROWS * 3 }, seededRandom(4));

/** The scores of a row by plain sums in double. */
function slowScores(parameters: Float64Array, shape: NetworkShape, row: number): number[] {
  let read = 0;
  let values = Array.from(input.slice(row * 4, row * 4 + 4));
  for (const [at, { inputs, units }] of layersOf(new Float32Array(parameters.length), shape).entries()) {
    const [weights, biases] = [
      parameters.slice(read, read + inputs * units),
      parameters.slice(read + inputs * units, read + (inputs + 1) * units),
    ];
    read += (inputs + 1) * units;
    const sums = Array.from(biases, (bias, unit) =>
      values.reduce((sum, value, i) => sum + value * (weights[i * units + unit] ?? NaN), bias),
    );
    values = at === shape.sizes.length - 2 ? sums : sums.map(slowly[shape.activation]);
  }
  return values;
}

/** Half the squared errors of all rows. */
function slowLoss(parameters: Float64Array, shape: NetworkShape): number {
  let loss = 0;
  for (let row = 0; row < ROWS; row += 1) {
    slowScores(parameters, shape, row).forEach((score, at) => (loss += (score - (wanted[row * 3 + at] ?? NaN)) ** 2 / 2));
  }
  return loss;
}

describe.each(ACTIVATIONS)('a network of %s units', (activation) => {
  const shape = shapeOf(activation);
  const parameters = initialParameters(shape, 5);
  const exact = Float64Array.from(parameters);

  test('scores rows as plain sums do', () => {
    const network = new DenseNetwork(algebra, shape, parameters, ROWS);
    network.input.set(input);
    const scores = network.forward(ROWS, null);
    const slow = Array.from({ length: ROWS }, (_, row) => slowScores(exact, shape, row)).flat();
    expect(Math.max(...slow.map((score, at) => Math.abs(score - (scores[at] ?? NaN))))).toBeLessThan(1e-5);
  });

  test('has the slopes that a small change of each parameter shows', () => {
    const network = new DenseNetwork(algebra, shape, parameters, ROWS);
    network.input.set(input);
    const scores = network.forward(ROWS, () => 1);
    network.backward(
      ROWS,
      scores.map((score, at) => score - (wanted[at] ?? NaN)),
    );
    const slow = Array.from(exact, (value, at) => {
      const loss = (by: number): number => slowLoss(exact.with(at, value + by), shape);
      return (loss(1e-6) - loss(-1e-6)) / 2e-6;
    });
    const far = slow.map((slope, at) => Math.abs(slope - (network.slopes[at] ?? NaN)) / (1 + Math.abs(slope)));
    expect(Math.max(...far)).toBeLessThan(1e-4);
  });
});

describe('units that are left out', () => {
  const shape = shapeOf('tanh', 0.4);
  const parameters = initialParameters(shape, 5);
  const scoresBy = (seeds: ((row: number) => number) | null): number[] => {
    const network = new DenseNetwork(algebra, shape, parameters, ROWS);
    network.input.set(input);
    return [...network.forward(ROWS, seeds)];
  };

  test('follow the seed of their row, whatever rows are beside it', () => {
    const [one, other] = [scoresBy((row) => row), scoresBy((row) => (row === 2 ? 2 : row + 100))];
    expect(one.slice(6, 9)).toEqual(other.slice(6, 9));
    expect(one.slice(0, 6)).not.toEqual(other.slice(0, 6));
  });

  test('are none in a prediction, and all of them together give it on the mean', () => {
    const plain = new DenseNetwork(algebra, { ...shape, dropout: 0 }, parameters, ROWS);
    plain.input.set(input);
    expect(scoresBy(null)).toEqual([...plain.forward(ROWS, null)]);
    // The last hidden layer alone is linear in its mask, so one hidden layer is looked at.
    const shallow: NetworkShape = { sizes: [4, 200, 1], activation: 'tanh', dropout: 0.4 };
    const network = new DenseNetwork(algebra, shallow, initialParameters(shallow, 1), 1);
    network.input.set(input.subarray(0, 4));
    const [without = NaN] = network.forward(1, null);
    let sum = 0;
    for (let seed = 0; seed < 4_000; seed += 1) sum += network.forward(1, () => seed)[0] ?? NaN;
    expect(sum / 4_000).toBeCloseTo(without, 1);
  });

  test('have no part in the slopes', () => {
    const network = new DenseNetwork(algebra, shape, parameters, ROWS);
    network.input.set(input);
    const errors = network.forward(ROWS, (row) => row).map((score, at) => score - (wanted[at] ?? NaN));
    network.backward(ROWS, errors);
    const loss = (changed: Float32Array): number => {
      const moved = new DenseNetwork(algebra, shape, changed, ROWS);
      moved.input.set(input);
      return moved.forward(ROWS, (row) => row).reduce((total, score, at) => total + (score - (wanted[at] ?? NaN)) ** 2 / 2, 0);
    };
    const far = Array.from({ length: 30 }, (_, at) => {
      const [more, less] = [0.01, -0.01].map((by) => loss(parameters.with(at, (parameters[at] ?? NaN) + by)));
      return Math.abs(((more ?? NaN) - (less ?? NaN)) / 0.02 - (network.slopes[at] ?? NaN));
    });
    expect(Math.max(...far)).toBeLessThan(5e-3);
  });
});

test.each([
  ['relu', 6],
  ['sigmoid', 2],
] as const)('the first parameters of %s units lie evenly within their bound', (activation, over) => {
  const parameters = initialParameters({ sizes: [60, 40], activation, dropout: 0 }, 9);
  const bound = Math.sqrt(over / 100);
  expect(Math.max(...parameters)).toBeLessThanOrEqual(bound);
  expect(Math.max(...parameters)).toBeGreaterThan(bound * 0.99);
  expect(parameters.reduce((sum, value) => sum + value ** 2, 0) / parameters.length).toBeCloseTo(bound ** 2 / 3, 3);
});

describe('the descent', () => {
  const settings: DescentSettings = { way: 'adam', rate: 0.1, momentum: 0.9, isNesterov: true, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  /** Two steps with the slopes 1 and 3 from 0. */
  const after = (changes: Partial<DescentSettings>): number => {
    const parameters = Float32Array.of(0);
    const descent = new Descent(parameters, { ...settings, ...changes });
    descent.step(Float32Array.of(2), 0.5);
    descent.step(Float32Array.of(3), 1);
    return parameters[0] ?? NaN;
  };

  // By hand: adam's means are 0.19 of 0.1 + 0.3 and so on (scikit-learn 1.9, sklearn/neural_network/_stochastic_optimizers.py).
  test('of adam goes by the mean slope over the root of the mean square', () => {
    const [mean, square] = [0.9 * 0.1 + 0.1 * 3, 0.999 * 0.001 + 0.001 * 9];
    expect(after({})).toBeCloseTo(-0.1 - ((0.1 * Math.sqrt(1 - 0.999 ** 2)) / (1 - 0.9 ** 2)) * (mean / Math.sqrt(square)), 5);
  });

  test('of sgd with plain momentum adds up velocities', () => expect(after({ way: 'sgd', isNesterov: false })).toBeCloseTo(-0.1 - 0.39, 6));

  test("of sgd with Nesterov's looks ahead", () => expect(after({ way: 'sgd' })).toBeCloseTo(-0.19 - (0.9 * 0.39 + 0.3), 6));

  test('of sgd without momentum follows the slope', () =>
    expect(after({ way: 'sgd', momentum: 0, isNesterov: false })).toBeCloseTo(-0.4, 6));
});
