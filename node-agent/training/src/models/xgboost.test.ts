import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openXgboost, type XgboostLibrary } from '../engines/xgboost-library.js';
import { TrainingCancelled, type Learner, type LearnerInit } from '../learning/learner.js';
import { readXgboostTrees } from '../engines/xgboost-trees.js';
import { madeUpInit, madeUpRows, XGBOOST_FOLDER } from '../learning/rows.fixture.js';
import { createXgboostLearner } from './xgboost.js';

let library: XgboostLibrary;
const open: Learner[] = [];

beforeAll(async () => {
  library = await openXgboost(XGBOOST_FOLDER);
});
afterEach(() => {
  for (const learner of open.splice(0)) learner.close();
});

function learnerOf(init: LearnerInit): Learner {
  const learner = createXgboostLearner(library, init);
  open.push(learner);
  return learner;
}

const WORK = { tick: () => undefined };

async function trained(init: LearnerInit, toEpoch = init.epochs): Promise<Learner> {
  const learner = learnerOf(init);
  for (let epoch = 1; epoch <= toEpoch; epoch += 1) await learner.step(epoch, WORK);
  return learner;
}

async function fileOf(learner: Learner): Promise<string> {
  return createHash('sha256')
    .update((await learner.model()).native.bytes)
    .digest('hex');
}

async function accuracy(learner: Learner, { target }: LearnerInit['validation'], classes: number): Promise<number> {
  const predictions = await learner.predict('validation');
  const right = Array.from(target).filter((label, row) => {
    const scores = Array.from(predictions.subarray(row * classes, (row + 1) * classes));
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return right.length / target.length;
}

describe('training', () => {
  test('two classes are told apart, with probabilities that sum to one', async () => {
    const init = madeUpInit(2);
    const learner = await trained(init);
    const predictions = await learner.predict('validation');
    expect(predictions).toHaveLength(60);
    expect((predictions[0] ?? 0) + (predictions[1] ?? 0)).toBeCloseTo(1, 6);
    expect(await accuracy(learner, init.validation, 2)).toBeGreaterThan(0.8);
  });

  test('three classes with gaps are told apart', async () => {
    const init = madeUpInit(3, {}, 0.1);
    expect(await accuracy(await trained(init), init.validation, 3)).toBeGreaterThan(0.6);
  });

  test('a regression follows its target', async () => {
    const init = madeUpInit(0);
    const learner = await trained(init);
    const errors = Array.from(await learner.predict('validation')).map((value, row) =>
      Math.abs(value - (init.validation.target[row] ?? 0)),
    );
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(1);
  });

  test('two classes may be trained with softmax', async () => {
    const init = madeUpInit(2, { hyperparameters: { objective: 'multi:softprob' } });
    expect(await accuracy(await trained(init), init.validation, 2)).toBeGreaterThan(0.8);
  });

  test('an objective for two classes refuses three', async () => {
    const init = madeUpInit(3, { hyperparameters: { objective: 'binary:logistic' } });
    expect(() => learnerOf(init)).toThrow(/is for two classes; the target has 3/);
  });

  test.each([
    [3, {}],
    [2, { objective: 'multi:softprob' }],
  ])('a weight of the second class is refused where softmax trains %i classes', (classes, hyperparameters) => {
    const init = madeUpInit(classes, { hyperparameters: { ...hyperparameters, scale_pos_weight: 2 } });
    expect(() => learnerOf(init)).toThrow(/scale_pos_weight weighs the second of two classes; the target has/);
    expect(() => learnerOf(madeUpInit(classes, { hyperparameters: { ...hyperparameters, scale_pos_weight: 1 } }))).not.toThrow();
  });

  test('fewer rounds than epochs make one round an epoch', async () => {
    expect(learnerOf(madeUpInit(2, { epochs: 50, hyperparameters: { n_estimators: 3 } })).epochs).toBe(3);
  });

  test.each([
    [{ max_depth: -1 }],
    [{ learning_rate: 'fast' }],
    [{ learning_rate: '0.3x' }],
    [{ max_depth: 'deep' }],
    [{ max_bin: 1 }],
    [{ subsample: 7 }],
    [{ gamma: -3 }],
  ])('parameters that the engine refuses are never tried again: %j', async (hyperparameters) => {
    const train = async (): Promise<unknown> => learnerOf(madeUpInit(2, { hyperparameters })).step(1, WORK);
    await expect(train()).rejects.toThrow(expect.objectContaining({ code: 'engine.failed', retry: 'never' }));
  });

  test.each(['learning_rate', 'subsample', 'reg_lambda'])('a %s that float32 can not hold trains, and is read again', async (name) => {
    const learner = learnerOf(madeUpInit(2, { hyperparameters: { [name]: 1e-300 } }));
    await learner.step(1, WORK);
    learner.remember();
    await learner.step(2, WORK);
    learner.recall();
    expect((await learner.model()).native.bytes.length).toBeGreaterThan(0);
  });

  test.each([1e9, 2 ** 64, -1e25])('the file predicts in units of a target that lies at %d', async (offset) => {
    const init = madeUpInit(0);
    const { native } = await (await trained(init)).model();
    const file = native.described({ columns: ['a', 'b', 'c', 'd'], preprocessing: '', target: { offset, factor: 1 } });
    const [found = NaN] = native.predict(file, init.validation.features);
    expect(Math.abs(found / offset - 1)).toBeLessThan(1e-6);
  });

  test('an infinite value is an error of the engine that names the cause', async () => {
    const rows = madeUpRows(20, 2);
    rows.features.values[5] = Infinity;
    expect(() => learnerOf(madeUpInit(2, { train: rows }))).toThrow(
      expect.objectContaining({ code: 'engine.failed', message: expect.stringMatching(/inf/) }),
    );
  });
});

describe('resuming', () => {
  test('equal inits give equal bytes', async () => {
    const init = madeUpInit(3, { hyperparameters: { n_estimators: 20, subsample: 0.8, colsample_bynode: 0.5 } });
    expect(await fileOf(await trained(init))).toBe(await fileOf(await trained(init)));
  });

  test('with nothing sampled a resumed training gives the bytes of an unbroken one', async () => {
    const init = madeUpInit(2);
    const first = await trained(init, 4);
    expect(first.snapshots).toBe('exact');
    const resumed = learnerOf(init);
    await resumed.restore(await first.snapshot());
    for (let epoch = 5; epoch <= 10; epoch += 1) await resumed.step(epoch, WORK);
    expect(await fileOf(resumed)).toBe(await fileOf(await trained(init)));
  });

  test.each([
    ['rows', { subsample: 0.7 }],
    ['columns', { colsample_bytree: 0.5, colsample_bynode: 0.5 }],
    ['both', { subsample: 0.8, colsample_bylevel: 0.5 }],
  ])('with %s sampled a resumed training gives the bytes of the one that made the snapshot', async (_, hyperparameters) => {
    const init = madeUpInit(2, { hyperparameters: { n_estimators: 20, ...hyperparameters } });
    const undisturbed = await trained(init, 4);
    expect(undisturbed.snapshots).toBe('cut');
    const resumed = learnerOf(init);
    await resumed.restore(await undisturbed.snapshot());
    for (let epoch = 5; epoch <= 10; epoch += 1) {
      await undisturbed.step(epoch, WORK);
      await resumed.step(epoch, WORK);
    }
    expect(await fileOf(resumed)).toBe(await fileOf(undisturbed));
  });

  test('the state of another job is refused', async () => {
    const state = await (await trained(madeUpInit(2), 4)).snapshot();
    const other = learnerOf(madeUpInit(2, { hyperparameters: { n_estimators: 50 } }));
    await expect(other.restore(state)).rejects.toThrow(/belongs to another job/);
  });
});

describe('the remembered epoch', () => {
  async function recalled(init: LearnerInit): Promise<Learner> {
    const learner = await trained(init, 4);
    learner.remember();
    for (let epoch = 5; epoch <= init.epochs; epoch += 1) await learner.step(epoch, WORK);
    learner.recall();
    return learner;
  }

  test('comes back with its predictions', async () => {
    const init = madeUpInit(3);
    expect(await (await recalled(init)).predict('validation')).toEqual(await (await trained(init, 4)).predict('validation'));
  });

  test('comes back with its trees', async () => {
    expect(readXgboostTrees((await (await recalled(madeUpInit(3))).model()).native.bytes).trees.roots).toHaveLength(40 * 3);
  });

  test('is part of a snapshot', async () => {
    const init = madeUpInit(2);
    const undisturbed = await trained(init, 3);
    undisturbed.remember();
    await undisturbed.step(4, WORK);
    const resumed = learnerOf(init);
    await resumed.restore(await undisturbed.snapshot());
    for (const learner of [undisturbed, resumed]) {
      await learner.step(5, WORK);
      learner.recall();
    }
    expect(await fileOf(resumed)).toBe(await fileOf(undisturbed));
    expect(await fileOf(resumed)).toBe(await fileOf(await trained(init, 3)));
  });
});

describe('a step', () => {
  test('ticks after each of its rounds, with its share', async () => {
    const shares: number[] = [];
    await learnerOf(madeUpInit(2, { epochs: 2, hyperparameters: { n_estimators: 8 } })).step(1, {
      tick: (share) => void shares.push(share),
    });
    expect(shares).toEqual([0.25, 0.5, 0.75, 1]);
  });

  test('ends with what a tick throws', async () => {
    const cancelled = new TrainingCancelled();
    const work = {
      tick: () => {
        throw cancelled;
      },
    };
    await expect(learnerOf(madeUpInit(2)).step(1, work)).rejects.toBe(cancelled);
  });
});

test('the importance of the columns sums to one and finds those that matter', async () => {
  const importance = Array.from((await (await trained(madeUpInit(2))).model()).importance ?? []);
  expect(importance.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
  expect(importance.indexOf(Math.max(...importance))).toBe(0);
});

test('closing twice is closing once', async () => {
  const learner = await trained(madeUpInit(2));
  learner.close();
  expect(() => learner.close()).not.toThrow();
});
