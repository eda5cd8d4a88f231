import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openXgboost, type XgboostLibrary } from '../engines/xgboost-library.js';
import type { Learner, LearnerInit } from './learner.js';
import { madeUpInit, madeUpRows, XGBOOST_FOLDER } from './rows.fixture.js';
import { createXgboostLearner, roundsAtEpoch } from './xgboost-learner.js';

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

function trained(init: LearnerInit, toEpoch = init.epochs): Learner {
  const learner = learnerOf(init);
  for (let epoch = 1; epoch <= toEpoch; epoch += 1) learner.step(epoch);
  return learner;
}

function fileOf(learner: Learner): string {
  return createHash('sha256').update(learner.export().native.bytes).digest('hex');
}

function accuracy(learner: Learner, { target }: LearnerInit['validation'], classes: number): number {
  const predictions = learner.predictValidation();
  const right = Array.from(target).filter((label, row) => {
    const scores = Array.from(predictions.subarray(row * classes, (row + 1) * classes));
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return right.length / target.length;
}

describe('the rounds of an epoch', () => {
  test.each([
    [100, 1, 10, 10],
    [100, 10, 10, 100],
    [7, 1, 3, 2],
    [7, 2, 3, 4],
    [7, 3, 3, 7],
    [3, 2, 10, 2],
    [3, 9, 10, 3],
    [100, 0, 10, 0],
  ])('of %i rounds epoch %i of %i ends at %i', (rounds, epoch, epochs, end) => {
    expect(roundsAtEpoch(rounds, epoch, epochs)).toBe(end);
  });
});

describe('training', () => {
  test('two classes are told apart, with probabilities that sum to one', () => {
    const init = madeUpInit(2);
    const learner = trained(init);
    const predictions = learner.predictValidation();
    expect(predictions).toHaveLength(60);
    expect((predictions[0] ?? 0) + (predictions[1] ?? 0)).toBeCloseTo(1, 6);
    expect(accuracy(learner, init.validation, 2)).toBeGreaterThan(0.8);
  });

  test('three classes with gaps are told apart', () => {
    const init = madeUpInit(3, {}, 0.1);
    expect(accuracy(trained(init), init.validation, 3)).toBeGreaterThan(0.6);
  });

  test('a regression follows its target', () => {
    const init = madeUpInit(0);
    const learner = trained(init);
    const errors = Array.from(learner.predictValidation()).map((value, row) => Math.abs(value - (init.validation.target[row] ?? 0)));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(1);
  });

  test('two classes may be trained with softmax', () => {
    const init = madeUpInit(2, { hyperparameters: { objective: 'multi:softprob' } });
    expect(accuracy(trained(init), init.validation, 2)).toBeGreaterThan(0.8);
  });

  test('an objective for two classes refuses three', () => {
    const init = madeUpInit(3, { hyperparameters: { objective: 'binary:logistic' } });
    expect(() => learnerOf(init)).toThrow(/is for two classes; the target has 3/);
  });

  test('fewer rounds than epochs make one round an epoch', () => {
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
  ])('parameters that the engine refuses are never tried again: %j', (hyperparameters) => {
    const train = (): void => learnerOf(madeUpInit(2, { hyperparameters })).step(1);
    expect(train).toThrow(expect.objectContaining({ code: 'engine.failed', retry: 'never' }));
  });

  test('an infinite value is an error of the engine that names the cause', () => {
    const rows = madeUpRows(20, 2);
    rows.features.values[5] = Infinity;
    expect(() => learnerOf(madeUpInit(2, { train: rows }))).toThrow(
      expect.objectContaining({ code: 'engine.failed', message: expect.stringMatching(/inf/) }),
    );
  });
});

describe('resuming', () => {
  test('equal inits give equal bytes', () => {
    const init = madeUpInit(3, { hyperparameters: { n_estimators: 20, subsample: 0.8, colsample_bynode: 0.5 } });
    expect(fileOf(trained(init))).toBe(fileOf(trained(init)));
  });

  test('with nothing sampled a resumed training gives the bytes of an unbroken one', () => {
    const init = madeUpInit(2);
    const first = trained(init, 4);
    expect(first.snapshotCuts).toBe(false);
    const resumed = learnerOf(init);
    resumed.restore(first.snapshot(), 4);
    for (let epoch = 5; epoch <= 10; epoch += 1) resumed.step(epoch);
    expect(fileOf(resumed)).toBe(fileOf(trained(init)));
  });

  test.each([
    ['rows', { subsample: 0.7 }],
    ['columns', { colsample_bytree: 0.5, colsample_bynode: 0.5 }],
    ['both', { subsample: 0.8, colsample_bylevel: 0.5 }],
  ])('with %s sampled a resumed training gives the bytes of the one that made the snapshot', (_, hyperparameters) => {
    const init = madeUpInit(2, { hyperparameters: { n_estimators: 20, ...hyperparameters } });
    const undisturbed = trained(init, 4);
    expect(undisturbed.snapshotCuts).toBe(true);
    const resumed = learnerOf(init);
    resumed.restore(undisturbed.snapshot(), 4);
    for (let epoch = 5; epoch <= 10; epoch += 1) {
      undisturbed.step(epoch);
      resumed.step(epoch);
    }
    expect(fileOf(resumed)).toBe(fileOf(undisturbed));
  });

  test('the state of another job is refused', () => {
    const state = trained(madeUpInit(2), 4).snapshot();
    expect(() => learnerOf(madeUpInit(2)).restore(state, 5)).toThrow(/belongs to another job/);
  });
});

describe('the kept epoch', () => {
  test('cutting back gives the predictions of that epoch', () => {
    const init = madeUpInit(3);
    const learner = trained(init);
    learner.keepEpoch(4);
    expect(learner.predictValidation()).toEqual(trained(init, 4).predictValidation());
  });

  test('cutting back gives the trees of that epoch', () => {
    const learner = trained(madeUpInit(3));
    learner.keepEpoch(4);
    expect(learner.export().trees.roots).toHaveLength(40 * 3);
  });
});

test('the importance of the columns sums to one and finds those that matter', () => {
  const importance = Array.from(trained(madeUpInit(2)).export().importance);
  expect(importance.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
  expect(importance.indexOf(Math.max(...importance))).toBe(0);
});

test('closing twice is closing once', () => {
  const learner = trained(madeUpInit(2));
  learner.close();
  expect(() => learner.close()).not.toThrow();
});
