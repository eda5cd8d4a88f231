/** @jest-environment ./node-agent/training/native-environment.mjs */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { catalogEntry, checkHyperparameters, type HyperparameterValues } from '@trainer/model';
import { madeUpInit } from '../learning/rows.fixture.js';
import type { Engine, Learner, LearnerInit } from '../learning/learner.js';
import { NATIVE_DIR } from '../rank/rank.fixture.js';
import { openEngine } from './logistic.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(NATIVE_DIR);
});

const WORK = { tick: () => undefined };
const initOf = (values: HyperparameterValues, changes: Partial<LearnerInit> = {}): LearnerInit =>
  madeUpInit(2, { hyperparameters: { penalty: 'l2', ...values }, epochs: 100, ...changes });

async function epochsOf(learner: Learner): Promise<number> {
  for (let epoch = 1; epoch <= learner.epochs; epoch += 1) if ((await learner.step(epoch, WORK)) === 'done') return epoch;
  return learner.epochs;
}

describe('the parameters', () => {
  const parameters = catalogEntry('logistic_regression')?.parameters;
  const checked = (sent: Readonly<Record<string, unknown>>) => {
    if (parameters === undefined) throw new Error('the catalog lacks it');
    return checkHyperparameters(parameters, sent);
  };

  test.each(['lbfgs', 'newton-cg', 'newton-cholesky', 'sag', 'saga'])('take solver %s, which solves the same problem', (solver) =>
    expect(checked({ solver }).issues).toEqual([]),
  );

  test('refuse solver liblinear, and name lbfgs', () => {
    expect(checked({ solver: 'liblinear' }).issues.map(({ message }) => message)).toEqual([
      'solver must be one of lbfgs, newton-cg, newton-cholesky, sag, saga, which all solve the same problem; liblinear solves another one, take lbfgs',
    ]);
  });

  test('refuse weights by class with a sentence', () => {
    expect(checked({ class_weight: { yes: 2 } }).issues.map(({ message }) => message)).toEqual([
      'class_weight must be balanced, or null; weights by class are not built yet',
    ]);
  });

  test('take null as a penalty of its own', () => expect(checked({ penalty: null }).values['penalty']).toBeNull());

  test.each([
    [{ penalty: 'elasticnet' }, 'needs l1_ratio'],
    [{ penalty: 'l2', l1_ratio: 0.5 }, 'l1_ratio 0.5 is for penalty elasticnet, and penalty is l2'],
    [{ penalty: null, l1_ratio: 1 }, 'l1_ratio 1 is for penalty elasticnet, and penalty is null'],
  ])('%j are refused when they are sent', (values, words) => {
    expect(checked(values).issues).toEqual([
      { path: ['hyperparameters', 'l1_ratio'], message: expect.stringContaining(words), type: 'conflict' },
    ]);
  });

  test.each([{ penalty: 'elasticnet', l1_ratio: 0.5 }, { penalty: 'l1', l1_ratio: 1 }, { penalty: 'l2', l1_ratio: 0 }, {}])(
    '%j fit each other',
    (values) => expect(checked(values).issues).toEqual([]),
  );
});

describe('the epochs', () => {
  test('are shares of the iterations, and end when the solver has converged', async () => {
    const learner = engine.createLearner(initOf({ max_iter: 100 }));
    const ended = await epochsOf(learner);
    expect(ended).toBeGreaterThan(2);
    expect(ended).toBeLessThan(30);
    expect(learner.warnings?.()).toEqual([]);
  });

  test('are as many as iterations where these are fewer', () => {
    expect(engine.createLearner(initOf({ max_iter: 7 })).epochs).toBe(7);
  });

  test('that end before the solver converges are told with a warning', async () => {
    const learner = engine.createLearner(initOf({ max_iter: 2 }));
    await epochsOf(learner);
    expect(learner.warnings?.()).toEqual([expect.stringMatching(/^The training did not converge: .* after 2 iterations/)]);
  });
});

test('separable classes without a penalty end by themselves', async () => {
  const features = { values: Float32Array.of(-2, -1, 1, 2), rows: 4, columns: 1 };
  const rows = { features, target: Float64Array.of(0, 0, 1, 1) };
  const learner = engine.createLearner(initOf({ penalty: null }, { train: rows, validation: rows }));
  expect(await epochsOf(learner)).toBeLessThan(100);
  const predicted = await learner.predict('train');
  expect(Math.min(predicted[0] ?? NaN, predicted[7] ?? NaN)).toBeGreaterThan(0.999);
});

test('constant columns have no coefficient, and harm nothing', async () => {
  const columns = 3;
  const values = Float32Array.from({ length: 60 * columns }, (_, at) => (at % columns === 0 ? 5 : Math.sin(at * 7)));
  const target = Float64Array.from({ length: 60 }, (_, row) => Number((values[row * columns + 1] ?? 0) + Math.cos(row * 3) > 0));
  const rows = { features: { values, rows: 60, columns }, target };
  const learner = engine.createLearner(initOf({ penalty: null }, { train: rows, validation: rows }));
  await epochsOf(learner);
  const { importance } = await learner.model();
  expect([importance?.[0], learner.warnings?.()]).toEqual([0, []]);
});

test.each([2, 3])('the least C of all leaves the intercepts alone, of %i classes', async (classes) => {
  const init = madeUpInit(classes, { hyperparameters: { penalty: 'l2', C: 5e-324 } });
  const learner = engine.createLearner(init);
  await epochsOf(learner);
  const predictions = await learner.predict('validation');
  const first = [...predictions.subarray(0, classes)];
  expect(first.every(Number.isFinite)).toBe(true);
  expect([...predictions.subarray(classes, 2 * classes)]).toEqual(first);
});
