import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { checkHyperparameters, type HyperparameterValues } from '@trainer/model';
import { openLightgbm, type LightgbmLibrary } from '../engines/lightgbm-library.js';
import { readLightgbmTrees } from '../engines/lightgbm-text.js';
import type { LabelledRows, Learner, LearnerInit } from '../learning/learner.js';
import { requireEntry } from '../learning/learners.js';
import { LIGHTGBM_FOLDER, madeUpInit, madeUpRows } from '../learning/rows.fixture.js';
import { createLightgbmLearner } from './lightgbm.js';

let library: LightgbmLibrary;
const open: Learner[] = [];

beforeAll(async () => {
  library = await openLightgbm(LIGHTGBM_FOLDER);
});
afterEach(() => {
  for (const learner of open.splice(0)) learner.close();
});

const WORK = { tick: () => undefined };

function learnerOf(init: LearnerInit): Learner {
  const learner = createLightgbmLearner(library, init);
  open.push(learner);
  return learner;
}

/** @returns also whether the last step was the last one */
async function trained(init: LearnerInit): Promise<{ readonly learner: Learner; readonly lastEpoch: number }> {
  const learner = learnerOf(init);
  for (let epoch = 1; epoch <= learner.epochs; epoch += 1)
    if ((await learner.step(epoch, WORK)) === 'done') return { learner, lastEpoch: epoch };
  return { learner, lastEpoch: learner.epochs };
}

async function digestOf(learner: Learner): Promise<string> {
  return createHash('sha256')
    .update((await learner.model()).native.bytes)
    .digest('hex');
}

/** Numbers that Python made too (seeded by 1, the next after another), and what its package, 4.7.0, predicted of four rows after 30 rounds. */
function referenceRows(classes: number): { readonly train: LabelledRows; readonly validation: LabelledRows } {
  let state = 1;
  const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const rowsOf = (rows: number): LabelledRows => {
    const values = Float32Array.from({ length: rows * 4 }, () => next() * 8 - 2);
    const signals = Float64Array.from({ length: rows }, (_, row) => (values[4 * row] ?? 0) + 0.5 * (values[4 * row + 1] ?? 0) + next());
    const target = signals.map((signal) =>
      classes === 0 ? signal : Math.min(classes - 1, Math.max(0, Math.floor(((signal + 2) / 11) * classes))),
    );
    const withGaps = values.map((value) => (next() < 0.1 ? Number.NaN : value));
    return { features: { values: withGaps, rows, columns: 4 }, target };
  };
  return { train: rowsOf(300), validation: rowsOf(4) };
}

describe("Python's package predicts the same", () => {
  test.each([
    [2, 42, {}, [0.974565322792, 0.95250098177, 0.95250098177, 0.088448851709]],
    [2, 42, { class_weight: 'balanced', num_leaves: 7, reg_lambda: 1 }, [0.966915425556, 0.913705199462, 0.913705199462, 0.125794045978]],
    [2, 3, { boosting_type: 'dart', min_child_samples: 5 }, [0.914439520956, 0.914681344437, 0.914681344437, 0.086120022632]],
    [3, 42, {}, [0.523456270784, 0.443711932708, 0.067854754494, 0.018468800912]],
    [3, 42, { class_weight: 'balanced' }, [0.66626608312, 0.694928361519, 0.100371501001, 0.025393400318]],
    [3, 3, { boosting_type: 'goss' }, [0.593395100507, 0.615712387746, 0.333749820647, 0.035761536047]],
    [3, 7, { subsample: 0.7, subsample_freq: 2, colsample_bytree: 0.5 }, [0.492045267749, 0.598737568893, 0.216040365221, 0.067737432947]],
    [0, 42, {}, [5.277470290868, 5.033084333884, 4.524432547523, 1.204571875109]],
    [0, 42, { min_child_samples: 1, learning_rate: 0.3, max_depth: 4 }, [5.611666486555, 4.665050586975, 3.998878207245, 0.23316875688]],
  ] as const)('for %i classes, seed %i, %j', async (classes, seed, hyperparameters, wanted) => {
    const values = { n_estimators: 30, ...hyperparameters };
    const { learner } = await trained(madeUpInit(classes, { ...referenceRows(classes), hyperparameters: values, seed, epochs: 3 }));
    const predictions = await learner.predict('validation');
    const width = Math.max(1, classes);
    wanted.forEach((value, row) => expect(predictions[row * width + width - 1]).toBeCloseTo(value, 10));
  });
});

describe('a table on which the library finds nothing to split', () => {
  const tiny = (classes: number): Partial<LearnerInit> => ({ train: madeUpRows(12, classes), validation: madeUpRows(6, classes, 0, 2) });

  test.each([2, 3])('ends at once, with the shares of %i classes', async (classes) => {
    const init = madeUpInit(classes, tiny(classes));
    const { learner, lastEpoch } = await trained(init);
    expect(lastEpoch).toBe(1);
    const shares = Array.from({ length: classes }, (_, of) => init.train.target.filter((label) => label === of).length / 12);
    (await learner.predict('validation')).forEach((value, at) => expect(value).toBeCloseTo(shares[at % classes] ?? NaN, 6));
    const { trees } = readLightgbmTrees(new TextDecoder().decode((await learner.model()).native.bytes));
    expect([trees.roots.length, trees.feature.length]).toEqual([classes === 2 ? 1 : classes, 0]);
  });

  test('ends at once, with the mean of a number', async () => {
    const init = madeUpInit(0, tiny(0));
    const { learner } = await trained(init);
    const mean = init.train.target.reduce((sum, value) => sum + value / 12, 0);
    for (const value of await learner.predict('validation')) expect(value).toBeCloseTo(mean, 5);
    expect(Array.from((await learner.model()).importance ?? [])).toEqual([0, 0, 0, 0]);
  });

  test('goes on where rows are drawn, as another draw may be split', async () => {
    const { lastEpoch } = await trained(madeUpInit(2, { ...tiny(2), hyperparameters: { subsample: 0.9, subsample_freq: 1 } }));
    expect(lastEpoch).toBe(10);
  });
});

describe('dart', () => {
  const values = { boosting_type: 'dart', n_estimators: 400, learning_rate: 0.9, min_split_gain: 0.5, min_child_samples: 3 };

  test('that has nothing left to split keeps the model of the round before', async () => {
    const init = madeUpInit(0, { hyperparameters: values, epochs: 400 });
    const { learner, lastEpoch } = await trained(init);
    expect(lastEpoch).toBeLessThan(400);
    const shorter = await trained({ ...init, hyperparameters: { ...values, n_estimators: lastEpoch - 1 } });
    expect(shorter.lastEpoch).toBe(lastEpoch - 1);
    expect(await digestOf(learner)).toBe(await digestOf(shorter.learner));
  });

  test('tells no smaller share after a larger one', async () => {
    const shares: number[] = [];
    await learnerOf(madeUpInit(0, { hyperparameters: values, epochs: 1 })).step(1, { tick: (share) => void shares.push(share) });
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });
});

describe('parameters', () => {
  test('two classes may be trained by softmax, and three not as two', async () => {
    const { learner } = await trained(madeUpInit(2, { hyperparameters: { objective: 'multiclass' } }));
    const predictions = await learner.predict('validation');
    expect(predictions).toHaveLength(60);
    expect((predictions[0] ?? 0) + (predictions[1] ?? 0)).toBeCloseTo(1, 9);
    expect(readLightgbmTrees(new TextDecoder().decode((await learner.model()).native.bytes)).trees.link).toBe('softmax');
    expect(() => learnerOf(madeUpInit(3, { hyperparameters: { objective: 'binary' } }))).toThrow(/is for two classes; the target has 3/);
  });

  test('goss, which draws the rows itself, refuses drawn rows', () => {
    const drawn = { boosting_type: 'goss', subsample: 0.5, subsample_freq: 1 };
    const problemsOf = (sent: HyperparameterValues): string[] =>
      checkHyperparameters(requireEntry('lightgbm_classifier').parameters, sent).issues.map(({ message }) => message);
    expect(problemsOf(drawn)).toEqual([expect.stringContaining('goss draws the rows itself')]);
    expect(
      [
        { ...drawn, subsample_freq: 0 },
        { ...drawn, boosting_type: 'gbdt' },
      ].map(problemsOf),
    ).toEqual([[], []]);
  });

  test.each([[{ learning_rate: -1 }], [{ num_leaves: 1 }], [{ subsample: 7, subsample_freq: 1 }]])(
    'that the engine refuses are never tried again: %j',
    (hyperparameters) => {
      expect(() => learnerOf(madeUpInit(2, { hyperparameters }))).toThrow(
        expect.objectContaining({ code: 'engine.failed', retry: 'never' }),
      );
    },
  );
});

test.each([
  ['0.01 of 50 training rows is less than one row: send at least 0.02', { subsample: 0.01, subsample_freq: 1 }],
  [null, { subsample: 0.02, subsample_freq: 1 }],
  [null, { subsample: 0.01, subsample_freq: 0 }],
])('rows are drawn only where one can be: %s', (message, hyperparameters) => {
  const open = (): Learner => learnerOf(madeUpInit(2, { train: madeUpRows(50, 2), hyperparameters }));
  if (message === null) expect(open).not.toThrow();
  else expect(open).toThrow(message);
});

test('more leaves than rows take no more memory than one a row', async () => {
  const leaves = async (asked: number): Promise<Uint8Array> => {
    const { learner } = await trained(madeUpInit(2, { hyperparameters: { num_leaves: asked, min_child_samples: 1 } }));
    return (await learner.model()).native.bytes;
  };
  expect(Buffer.from(await leaves(131_072)).toString()).toBe(Buffer.from(await leaves(120)).toString());
});

test('a rank without validation rows trains, and goes on', async () => {
  const init = madeUpInit(3, { validation: madeUpRows(0, 3) });
  const { learner } = await trained(init);
  expect(await learner.predict('validation')).toHaveLength(0);
  const resumed = learnerOf(init);
  await resumed.restore(await learner.snapshot());
  expect(await digestOf(resumed)).toBe(await digestOf(learner));
});

test('a rank without training rows is refused', () => {
  expect(() => learnerOf(madeUpInit(2, { train: madeUpRows(0, 2) }))).toThrow(/ask for fewer workers/);
});

test('the state of another job is refused', async () => {
  const first = learnerOf(madeUpInit(2));
  await first.step(1, WORK);
  const other = learnerOf(madeUpInit(2, { hyperparameters: { n_estimators: 50 } }));
  await expect(first.snapshot().then((state) => other.restore(state))).rejects.toThrow(/belongs to another job/);
});

test('the importance of the columns sums to one and finds those that matter', async () => {
  const { learner } = await trained(madeUpInit(2));
  const importance = Array.from((await learner.model()).importance ?? []);
  expect(importance.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
  expect(importance.indexOf(Math.max(...importance))).toBe(0);
});
