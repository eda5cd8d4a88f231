import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasClasses, type CatalogEntry } from '@trainer/model';
import { exportModel } from '../artifacts/export-model.js';
import { prepareVerifier } from '../artifacts/verifier.js';
import { pickedRows } from '../data/table.js';
import { fitPreprocessing } from '../preprocessing/fit.js';
import { classCountOf } from '../tasks/task.js';
import { taskOf } from '../tasks/tasks.js';
import { NATIVE_DIR } from '../rank/rank.fixture.js';
import type { Engine, LabelledRows, LearnerInit } from './learner.js';
import { openEngine } from './learners.js';
import { madeUpTable } from './table.fixture.js';
import { createScaledLearner, targetScaleOf } from './target-scale.js';

const EPOCHS = 4;
const TABLES = 5;
const CARD = {
  job: {},
  request: {},
  dataFingerprint: '',
  schema: {},
  split: {},
  seed: 42,
  versions: {},
  metrics: {},
  baseline: {},
  environment: {},
};

/**
 * What holds of the files of every model: the ONNX file, run by onnxruntime on raw rows, and the native one, read anew by its engine,
 * predict what the learner did, within the tolerance of the verification, which the export checks and ends with an error; also of gaps, levels
 * and values that training did not meet. Their bytes are equal for equal trainings.
 */
export function exportedFilesContract(entry: CatalogEntry, variants: Readonly<Record<string, LearnerInit['hyperparameters']>> = {}): void {
  const defaults = Object.fromEntries(Object.entries(entry.parameters.known).map(([name, known]) => [name, known.default]));
  describe.each(Object.entries({ defaults: {}, ...variants }))(`the files of ${entry.modelId}, %s`, (_name, chosen) => {
    const root = mkdtempSync(join(tmpdir(), 'exported-'));
    const verifier = prepareVerifier();
    let engine: Engine;
    beforeAll(async () => {
      engine = await openEngine(entry, NATIVE_DIR);
    });
    afterAll(() => rmSync(root, { recursive: true }));

    /** Trains on the table of a seed and writes the model's files. */
    async function exported(seed: number, classes: number) {
      const table = madeUpTable(seed, classes);
      const { targetOf, trainRows, validationRows } = table;
      const target = taskOf(entry.task).withoutTarget?.(targetOf.length).encoding ?? table.target;
      const fitted = fitPreprocessing(table.columns, { target, targetOf, trainRows, seed: 42, mode: 'auto', wants: entry.wants });
      const encoded = fitted.encodeOthers(validationRows);
      const labels = (rows: Int32Array): Float64Array => Float64Array.from(rows, (row) => targetOf[row] ?? NaN);
      const train: LabelledRows = { features: fitted.encodeTraining(trainRows), target: labels(trainRows) };
      const validation: LabelledRows = { features: fitted.encodeOthers(validationRows), target: labels(validationRows) };
      const hyperparameters = { ...defaults, ...chosen };
      const size = { task: entry.task, classCount: classCountOf(target), epochs: EPOCHS, seed: 42, threads: 1 };
      const scale = target.kind === 'number' ? targetScaleOf(train.target, entry.wants.target) : null;
      const learner = createScaledLearner(engine, { ...size, hyperparameters, train, validation }, scale);
      try {
        let isDone = false;
        for (let epoch = 1; epoch <= learner.epochs && !isDone; epoch += 1) {
          isDone = (await learner.step(epoch, { tick: () => undefined })) === 'done';
        }
        const predictions = (await learner.predict('validation')).slice();
        const raw = fitted.columns.map((column) => pickedRows(column, validationRows));
        const rows = { raw, encoded, target: validation.target, predictions };
        const place = { folder: mkdtempSync(join(root, 'model-')), stem: 'model' };
        const { preprocessing } = fitted;
        const request = { task: entry.task, preprocessing, model: await learner.model(), validation: rows, card: CARD };
        return { files: await exportModel(request, place, verifier), rows: validationRows.length };
      } finally {
        learner.close();
      }
    }

    const classesOf = (seed: number): number => (hasClasses(entry.task) ? 2 + (seed % 4) : 0);

    test('predict as the learner does, from raw rows and from encoded ones', async () => {
      for (let seed = 1; seed <= TABLES; seed += 1) {
        const { files, rows } = await exported(seed, classesOf(seed));
        expect({ seed, rows: files.verified.rows }).toEqual({ seed, rows });
      }
    });

    test('have the same bytes for equal trainings, but for the card', async () => {
      const [one, two] = [await exported(3, classesOf(3)), await exported(3, classesOf(3))].map(({ files }) =>
        files.files.filter(({ role }) => role !== 'card').map(({ role, sha256 }) => [role, sha256]),
      );
      expect(one).toEqual(two);
      expect(one?.map(([role]) => role)).toEqual(expect.arrayContaining(['pkl', 'onnx', 'native', 'predictions']));
    });
  });
}
