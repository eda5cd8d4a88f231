import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '@trainer/runtime/testing';
import { createForestLearner, type LabelledRows } from '@trainer/training/internal';
import { PYTHON_SETUP_MS, testPython, type TestPython } from './python.js';

/* A forest's native file, read by thirty lines of Python as docs/forest-file.md describes it. */

const COLUMNS = 5;

function rowsOf(rows: number, seed: number, classes: number): LabelledRows {
  const next = seededRandom(seed);
  const values = new Float32Array(rows * COLUMNS).map(() => Math.fround(next() * 4 - 2));
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const signal = (values[row * COLUMNS] ?? 0) + next();
    return classes === 0 ? 1e6 + signal : Math.max(0, Math.min(classes - 1, Math.floor(signal + 1)));
  });
  return { features: { values, rows, columns: COLUMNS }, target };
}

let python: TestPython;
let folder = '';
beforeAll(async () => {
  python = await testPython();
  folder = await mkdtemp(join(tmpdir(), 'trainer-forest-'));
}, PYTHON_SETUP_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  ['two classes', 2, {}],
  ['four classes with large leaves', 4, { min_samples_leaf: 7 }],
  ['numbers far from zero', 0, {}],
  ['counts', 0, { criterion: 'poisson' }],
  ['trees without a split', 2, { min_samples_split: 400 }],
] as const)('the file of %s', (_, classes, hyperparameters) => {
  test('predicts in Python what the learner does', async () => {
    const validation = rowsOf(40, 2, classes);
    const learner = createForestLearner({
      task: classes === 0 ? 'regression' : 'classification',
      classCount: classes,
      hyperparameters: { n_estimators: 7, ...hyperparameters },
      epochs: 1,
      seed: 42,
      threads: 1,
      train: rowsOf(300, 1, classes),
      validation,
    });
    await learner.step(1, { tick: () => undefined });
    const columns = ['a', 'b', 'c', 'd', 'é'];
    const path = join(folder, `${classes}.safetensors`);
    await writeFile(path, (await learner.model()).native.described({ columns, preprocessing: '{}', target: null }));
    const rows = Array.from({ length: 40 }, (_, row) => [...validation.features.values.subarray(row * COLUMNS, (row + 1) * COLUMNS)]);
    const said = (await python.run('read_forest.py', { file: path, rows })) as { predictions: number[][]; columns: string[] };
    expect(said.predictions.flat()).toEqual([...(await learner.predict('validation'))]);
    expect(said.columns).toEqual(columns);
    learner.close();
  });
});
