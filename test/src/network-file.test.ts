/** @jest-environment ./node-agent/training/native-environment.mjs */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '@trainer/runtime/testing';
import { openEngine, requireEntry, type LabelledRows } from '@trainer/training/internal';
import { PYTHON_SETUP_MS, testPython, type TestPython } from './python.js';

/* A network's native file, read by Python as docs/native-files.md describes it. */

const NATIVE = fileURLToPath(new URL('../../deploy/native', import.meta.url));
const COLUMNS = ['a', 'b', 'c', 'é'];
const ROWS = 60;

function rowsOf(classes: number): LabelledRows {
  const next = seededRandom(classes + 1);
  const values = new Float32Array(ROWS * COLUMNS.length).map(() => next() * 4 - 2);
  const target = Float64Array.from({ length: ROWS }, (_, row) => {
    const signal = values[row * COLUMNS.length] ?? 0;
    return classes === 0 ? signal : Math.min(classes - 1, Math.max(0, Math.floor(((signal + 2) / 4) * classes)));
  });
  return { features: { values, rows: ROWS, columns: COLUMNS.length }, target };
}

let python: TestPython;
let folder = '';
beforeAll(async () => {
  python = await testPython();
  folder = await mkdtemp(join(tmpdir(), 'trainer-network-'));
}, PYTHON_SETUP_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  ['two classes', 2, { activation: 'tanh' }, null],
  ['four classes and two hidden layers', 4, { hidden_layer_sizes: [7, 5], activation: 'relu' }, null],
  ['sigmoids', 3, { activation: 'logistic' }, null],
  ['numbers in units of their own', 0, { activation: 'identity' }, { offset: 1e6, factor: 20 }],
] as const)('the file of %s', (_, classes, hyperparameters, target) => {
  test('predicts in Python what the learner does', async () => {
    const train = rowsOf(classes);
    const entry = requireEntry(classes === 0 ? 'mlp_regressor' : 'mlp_classifier');
    const init = { task: entry.task, classCount: classes, hyperparameters, epochs: 2, seed: 42, threads: 1, train, validation: train };
    const learner = (await openEngine(entry, NATIVE)).createLearner(init);
    for (const epoch of [1, 2]) await learner.step(epoch, { tick: () => undefined });
    const path = join(folder, `${classes}.safetensors`);
    await writeFile(path, (await learner.model()).native.described({ columns: COLUMNS, preprocessing: '{}', target }));
    const rows = Array.from({ length: ROWS }, (_row, row) => [
      ...train.features.values.subarray(row * COLUMNS.length, (row + 1) * COLUMNS.length),
    ]);
    const said = (await python.run('read_network.py', { file: path, rows })) as { predictions: number[][]; columns: string[] };
    const predicted = [...(await learner.predict('validation'))].map((value) => (target ? target.offset + target.factor * value : value));
    const apart = said.predictions.flat().map((value, at) => Math.abs(value - (predicted[at] ?? NaN)));
    expect(apart).toHaveLength(predicted.length);
    expect(Math.max(...apart)).toBeLessThan(1e-4 * (target?.factor ?? 1));
    expect(said.columns).toEqual(COLUMNS);
    learner.close();
  });
});
