/** @jest-environment ./node-agent/training/native-environment.mjs */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '@trainer/runtime/testing';
import { openEngine, requireEntry, type LabelledRows } from '@trainer/training/internal';
import { PYTHON_SETUP_MS, testPython, type TestPython } from './python.js';

/* A native file of centres, read by Python as docs/native-files.md describes it. */

const NATIVE = fileURLToPath(new URL('../../deploy/native', import.meta.url));
const COLUMNS = ['a', 'b', 'é'];
const ROWS = 80;

function someRows(): LabelledRows {
  const next = seededRandom(4);
  const values = new Float32Array(ROWS * COLUMNS.length).map((_, at) => next() + (Math.floor(at / COLUMNS.length) % 4));
  return { features: { values, rows: ROWS, columns: COLUMNS.length }, target: new Float64Array(ROWS) };
}

let python: TestPython;
let folder = '';
beforeAll(async () => {
  python = await testPython();
  folder = await mkdtemp(join(tmpdir(), 'trainer-centres-'));
}, PYTHON_SETUP_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  ['the columns that it was trained with', []],
  ['one more, which nobody reads', [7]],
])('a file with %s', (_, more) => {
  test('tells in Python the clusters and distances that the learner does', async () => {
    const train = someRows();
    const entry = requireEntry('kmeans');
    const hyperparameters = {
      ...Object.fromEntries(Object.entries(entry.parameters.known).map(([name, known]) => [name, known.default])),
      n_clusters: 5,
    };
    const init = { task: entry.task, classCount: 0, hyperparameters, epochs: 1, seed: 42, threads: 1, train, validation: train };
    const learner = (await openEngine(entry, NATIVE)).createLearner(init);
    await learner.step(1, { tick: () => undefined });
    const path = join(folder, `${more.length}.json`);
    const columns = [...COLUMNS, ...more.map(String)];
    await writeFile(path, (await learner.model()).native.described({ columns, preprocessing: '{}', target: null }));
    const { values, columns: width } = train.features;
    const rows = Array.from({ length: ROWS }, (_row, row) => [...values.subarray(row * width, (row + 1) * width), ...more]);
    const said = (await python.run('read_centres.py', { file: path, rows })) as {
      clusters: number[];
      squares: number[];
      columns: string[];
    };
    const predicted = [...(await learner.predict('train'))];
    expect(said.clusters).toEqual(predicted.filter((_value, at) => at % 2 === 0));
    const apart = said.squares.map((square, row) => Math.abs(square - (predicted[2 * row + 1] ?? NaN)));
    expect(Math.max(...apart)).toBeLessThan(1e-12);
    expect(said.columns).toEqual(columns);
    learner.close();
  });
});
