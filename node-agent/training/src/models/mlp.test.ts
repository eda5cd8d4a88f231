/** @jest-environment ./node-agent/training/native-environment.mjs */
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Gang } from '@trainer/actor';
import type { HyperparameterValues } from '@trainer/model';
import type { LabelledRows, Learner, LearnerInit } from '../learning/learner.js';
import { ring, withoutBlocking } from '../learning/ring.fixture.js';
import { madeUpInit, madeUpRows } from '../learning/rows.fixture.js';
import { NATIVE_DIR } from '../rank/rank.fixture.js';
import { openEngine } from './mlp.js';

const NETWORK = { advertisedHost: '127.0.0.1', listenHost: '127.0.0.1', ports: { from: 0, to: 0 } };
const WORK = { tick: () => undefined };
const ROWS = 130;
const open: Gang[] = [];
afterEach(() => Promise.all(open.splice(0).map((gang) => gang.leave())));

function part({ features, target }: LabelledRows, from: number, to: number): LabelledRows {
  const { columns, values } = features;
  return {
    features: { values: values.slice(from * columns, to * columns), rows: to - from, columns },
    target: target.slice(from, to),
  };
}

/** What is compared of a learner: its parameters. */
async function parametersOf(learner: Learner): Promise<Float32Array> {
  const bytes = new Uint8Array((await learner.model()).native.bytes);
  return new Float32Array(bytes.slice(bytes.length - PARAMETERS * 4).buffer);
}

/** Its mean log-loss on the validation rows. */
async function lossOf(learner: Learner): Promise<Float32Array> {
  const shares = await learner.predict('validation');
  const losses = Array.from(VALIDATION.target, (cls, row) => -Math.log(shares[row * 3 + cls] ?? NaN));
  return Float32Array.of(losses.reduce((sum, loss) => sum + loss, 0) / losses.length);
}

/** Trains with so many ranks, each with its rows; @returns what `read` finds in rank 0 after `epochs`; all others have the same. */
async function trained(ranks: number, values: HyperparameterValues, epochs: number, read = parametersOf): Promise<Float32Array> {
  const all = madeUpRows(ROWS, 3);
  const gangs = ranks === 1 ? [null] : await ring(ranks);
  open.push(...gangs.filter((gang) => gang !== null));
  const states = await Promise.all(
    gangs.map(async (gang, rank) => {
      const engine = await openEngine(NATIVE_DIR);
      if (gang !== null) await engine.join(withoutBlocking(gang), NETWORK);
      // Unequal shares.
      const cut = (of: number): number => (of === ranks ? ROWS : Math.floor((ROWS * of) / ranks) + of * 3);
      const train = part(all, cut(rank), cut(rank + 1));
      const learner = engine.createLearner(initOf(values, { train, validation: VALIDATION, epochs }));
      for (let epoch = 1; epoch <= epochs; epoch += 1) await learner.step(epoch, WORK);
      return read(learner);
    }),
  );
  for (const state of states) expect(state).toEqual(states[0]);
  return states[0] ?? new Float32Array(0);
}

const VALIDATION = madeUpRows(60, 3, 0, 2);
const PARAMETERS = 5 * 12 + 13 * 3;
const initOf = (values: HyperparameterValues, changes: Partial<LearnerInit> = {}): LearnerInit =>
  madeUpInit(3, { hyperparameters: { hidden_layer_sizes: [12], ...values }, epochs: 5, ...changes });

function distance(one: Float32Array, other: Float32Array): number {
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(one.map((value, at) => value - (other[at] ?? NaN))) / norm(one);
}

describe('several ranks', () => {
  test.each([2, 3])('of %d have the first slopes of one', async (ranks) => {
    // One step, as long as the slopes.
    const values = { solver: 'sgd', momentum: 0, nesterovs_momentum: false, learning_rate_init: 1, batch_size: ROWS };
    const begun = await trained(1, values, 0);
    const [one, several] = [await trained(1, values, 1), await trained(ranks, values, 1)];
    const slopes = (after: Float32Array): Float32Array => after.map((value, at) => value - (begun[at] ?? NaN));
    expect(distance(slopes(one), slopes(several))).toBeLessThan(1e-5);
    expect(distance(one, begun)).toBeGreaterThan(0.01);
  });

  test.each([2, 3])('of %d go the same way for twenty steps of sgd', async (ranks) => {
    const values = { solver: 'sgd', learning_rate_init: 0.05, batch_size: 26 };
    const [one, several] = [await trained(1, values, 4), await trained(ranks, values, 4)];
    expect(distance(one, several)).toBeLessThan(1e-5);
  });

  test.each([2, 3])('of %d end with the validation loss of one by adam, within a hundredth', async (ranks) => {
    const values = { solver: 'adam', learning_rate_init: 0.01, batch_size: 26 };
    const [[begun = NaN], [one = NaN], [several = NaN]] = [
      await trained(1, values, 1, lossOf),
      await trained(1, values, 40, lossOf),
      await trained(ranks, values, 40, lossOf),
    ];
    expect(Math.abs(several - one)).toBeLessThanOrEqual(0.01 * one);
    expect(one).toBeLessThan(begun / 2);
  });

  test('leave out the same units', async () => {
    const values = { solver: 'sgd', learning_rate_init: 0.05, batch_size: 26, dropout: 0.5 };
    const [one, several] = [await trained(1, values, 2), await trained(2, values, 2)];
    expect(distance(one, several)).toBeLessThan(1e-5);
    expect(distance(one, await trained(1, { ...values, dropout: 0 }, 2))).toBeGreaterThan(1e-3);
  });
});

describe('one rank', () => {
  let learnerOf: (values: HyperparameterValues, changes?: Partial<LearnerInit>) => Learner;
  beforeAll(async () => {
    const engine = await openEngine(NATIVE_DIR);
    learnerOf = (values, changes) => engine.createLearner(initOf(values, changes));
  });

  test('has as many epochs as were asked for', () => expect(learnerOf({}).epochs).toBe(5));

  test('learns what a line can not part', async () => {
    const values = Float32Array.from({ length: 400 * 2 }, (_, at) => Math.sin(at * 12.9898 + at * at) * 2);
    const target = Float64Array.from({ length: 400 }, (_, row) => Number((values[2 * row] ?? 0) * (values[2 * row + 1] ?? 0) > 0));
    const train = { features: { values, rows: 400, columns: 2 }, target };
    const learner = learnerOf({ learning_rate_init: 0.01 }, { classCount: 2, train, validation: train, epochs: 60 });
    for (let epoch = 1; epoch <= 60; epoch += 1) await learner.step(epoch, WORK);
    const predicted = await learner.predict('train');
    const right = target.filter((label, row) => Number((predicted[2 * row + 1] ?? NaN) > 0.5) === label).length;
    expect(right / 400).toBeGreaterThan(0.95);
  });

  test('whose weights grow beyond all numbers says what to do', async () => {
    const learner = learnerOf({ solver: 'sgd', learning_rate_init: 100, activation: 'identity' }, { epochs: 50 });
    const trained = async (): Promise<void> => {
      for (let epoch = 1; epoch <= 50; epoch += 1) await learner.step(epoch, WORK);
    };
    await expect(trained()).rejects.toThrow('lower learning_rate_init');
  });
});
