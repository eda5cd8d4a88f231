/** @jest-environment ./node-agent/training/native-environment.mjs */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openXgboost, type XgboostLibrary } from '../engines/xgboost-library.js';
import { madeUpInit, XGBOOST_FOLDER } from '../learning/rows.fixture.js';
import { createXgboostLearner } from '../models/xgboost.js';
import { readXgboostTrees } from '../engines/xgboost-trees.js';
import type { TreeEnsemble } from '../onnx/trees.js';
import type { LearnerInit, TrainedModel } from '../learning/learner.js';
import type { Column } from '../data/table.js';
import type { Preprocessing, TargetEncoding } from '../preprocessing/preprocessing.js';
import type { CardFacts } from './card.js';
import { exportModel, type ExportRequest } from './export-model.js';
import type { ExportedModel } from './exported-model.js';
import { prepareVerifier } from './verifier.js';

let library: XgboostLibrary;
const verifier = prepareVerifier();
const root = mkdtempSync(join(tmpdir(), 'artifacts-'));
let folders = 0;

beforeAll(async () => {
  library = await openXgboost(XGBOOST_FOLDER);
});
afterAll(() => rmSync(root, { recursive: true }));

const CARD: CardFacts = {
  job: { job_id: 'job-1', attempt: 1 },
  request: {},
  dataFingerprint: 'etag',
  schema: {},
  split: {},
  seed: 42,
  versions: {},
  metrics: {},
  baseline: {},
  environment: {},
};

function preprocessingFor(target: TargetEncoding, names = ['a', 'b', 'c', 'd'], centre = 0): Preprocessing {
  const shiftAt = (at: number): number => (at === 0 ? centre : 0);
  return {
    version: 2,
    inputs: names.map((name, at) => ({ name, type: shiftAt(at) === 0 ? 'float' : 'double', holds: 'number', spelling: null })),
    steps: names.map((name, at) => ({ kind: 'number', input: name, encoded: [name], shift: shiftAt(at) })),
    tableSteps: [],
    target,
  };
}

/** The made-up validation rows as columns of the raw table; the first moved away by `centre`. */
function rawColumns({ validation: { features } }: LearnerInit, centre = 0): Column[] {
  return Array.from({ length: features.columns }, (_, at) => ({
    kind: 'number',
    name: `column ${at}`,
    values: Float64Array.from(
      { length: features.rows },
      (__, row) => (features.values[row * features.columns + at] ?? 0) + (at === 0 ? centre : 0),
    ),
    isInteger: false,
    exact: null,
  }));
}

async function requestFor(
  init: LearnerInit,
  preprocessing: Preprocessing,
  centre = 0,
  change = (model: TrainedModel): TrainedModel => model,
): Promise<ExportRequest> {
  const learner = createXgboostLearner(library, init);
  for (let epoch = 1; epoch <= learner.epochs; epoch += 1) await learner.step(epoch, { tick: () => undefined });
  const predictions = (await learner.predict('validation')).slice();
  const model = change(await learner.model());
  learner.close();
  return {
    task: init.task,
    preprocessing,
    model,
    card: CARD,
    validation: { raw: rawColumns(init, centre), encoded: init.validation.features, target: init.validation.target, predictions },
  };
}

async function exported(request: ExportRequest): Promise<ExportedModel> {
  folders += 1;
  const folder = join(root, String(folders));
  const { mkdir } = await import('node:fs/promises');
  await mkdir(folder);
  return exportModel(request, { folder, stem: 'job-1_20260101' }, verifier);
}

function contentOf(model: ExportedModel, role: string): string {
  return readFileSync(model.files.find((file) => file.role === role)?.path ?? '', 'utf8');
}

const treesOf = (model: TrainedModel): TreeEnsemble => readXgboostTrees(model.native.bytes).trees;

const words = (...classes: string[]): TargetEncoding => ({ kind: 'classes', name: 'kind', type: 'string', classes });
const integers = (...classes: number[]): TargetEncoding => ({ kind: 'classes', name: 'kind', type: 'int64', classes: classes.map(String) });

describe('onnxruntime and the trainer agree', () => {
  test.each([
    ['two classes', 2, words('no', 'yes'), 0, {}],
    ['two classes by softmax', 2, words('no', 'yes'), 0, { objective: 'multi:softprob' }],
    ['three classes of integers', 3, integers(-1, 7, 4_000_000_000), 0, {}],
    ['gaps', 3, words('a', 'b', 'c'), 0.2, {}],
    ['five classes of odd words', 5, words('', 'ä,"x"', '\n', 'True', '0'), 0.1, { subsample: 0.8 }],
    ['unlimited depth', 2, integers(0, 1), 0, { max_depth: 0, max_leaves: 5 }],
    ['a number', 0, { kind: 'number', name: 'y' } as const, 0.1, {}],
  ])('on %s', async (_, classes, target, gaps, hyperparameters) => {
    const model = await exported(await requestFor(madeUpInit(classes, { hyperparameters }, gaps), preprocessingFor(target)));
    expect(model.verified.rows).toBe(30);
  });

  test('on trees that are one leaf', async () => {
    const request = await requestFor(madeUpInit(2, { hyperparameters: { gamma: 1e9 } }), preprocessingFor(words('no', 'yes')));
    expect(treesOf(request.model).feature).toHaveLength(0);
    expect((await exported(request)).verified.rows).toBe(30);
  });

  test('on some trees that are one leaf', async () => {
    const request = await requestFor(madeUpInit(3, { hyperparameters: { gamma: 8 } }), preprocessingFor(words('a', 'b', 'c')));
    const { roots } = treesOf(request.model);
    expect([roots.some((at) => at < 0), roots.some((at) => at >= 0)]).toEqual([true, true]);
    expect((await exported(request)).verified.rows).toBe(30);
  });

  test('on a column that float32 can not hold', async () => {
    const centre = 1_700_000_000_000;
    const preprocessing = preprocessingFor(words('no', 'yes'), ['when', 'b', 'c', 'd'], centre);
    const model = await exported(await requestFor(madeUpInit(2), preprocessing, centre));
    expect(model.signature.inputs.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'when float64',
      'b float32',
      'c float32',
      'd float32',
    ]);
  });

  test('on columns named like parts of the graph', async () => {
    const names = ['', 'output_label', 'margins', 'features'];
    const model = await exported(await requestFor(madeUpInit(2), preprocessingFor(words('no', 'yes'), names, 5), 5));
    expect(model.signature.inputs.map(({ name }) => name)).toEqual(['column_0', 'output_label_', 'margins', 'features']);
  });
});

describe('a model that predicts something else', () => {
  test('is refused by its probabilities', async () => {
    const spoilt = (model: TrainedModel): TrainedModel => ({
      ...model,
      addTo: (graph, features) => {
        const outputs = model.addTo(graph, features);
        if (outputs.kind !== 'probabilities') return outputs;
        const factor = graph.constant('factor', { shape: [1, 1], type: 'float', values: Float32Array.of(1.01) });
        return { ...outputs, probabilities: graph.add({ operator: 'Mul', inputs: [outputs.probabilities, factor], output: 'spoilt' }) };
      },
    });
    await expect(exported(await requestFor(madeUpInit(2), preprocessingFor(words('no', 'yes')), 0, spoilt))).rejects.toMatchObject({
      code: 'artifact.verification',
      facts: { output: 'output_probability', row: 0, rows: 30 },
    });
  });

  test('is refused by its native file', async () => {
    const spoilt = (model: TrainedModel): TrainedModel => ({
      ...model,
      native: { ...model.native, predict: (file, rows) => model.native.predict(file, rows).map((value) => value * 1.01) },
    });
    await expect(
      exported(await requestFor(madeUpInit(0), preprocessingFor({ kind: 'number', name: 'y' }), 0, spoilt)),
    ).rejects.toMatchObject({
      code: 'artifact.verification',
      facts: { output: 'the native file', rows: 30 },
    });
  });

  test('is refused where a target far from zero is predicted by a constant', async () => {
    const place = 1e9;
    const constant = (model: TrainedModel): TrainedModel => ({
      ...model,
      addTo: (graph, features) => {
        const { value } = model.addTo(graph, features) as { readonly value: string };
        const [none, all] = [0, place].map((number) =>
          graph.constant('number', { shape: [1, 1], type: 'double', values: Float64Array.of(number) }),
        ) as [string, string];
        const nothing = graph.add({ operator: 'Mul', inputs: [value, none], output: 'nothing' });
        return { kind: 'value', value: graph.add({ operator: 'Add', inputs: [nothing, all], output: 'constant' }) };
      },
    });
    const request = await requestFor(madeUpInit(0), preprocessingFor({ kind: 'number', name: 'y' }), 0, constant);
    const moved = (values: Float64Array): Float64Array => values.map((value) => value + place);
    const { target, predictions } = request.validation;
    const validation = { ...request.validation, target: moved(target), predictions: moved(predictions) };
    await expect(exported({ ...request, validation })).rejects.toMatchObject({ facts: { output: 'variable', rows: 30 } });
  });

  test('is refused by its labels', async () => {
    const request = await requestFor(madeUpInit(2), preprocessingFor(words('no', 'yes')));
    const swapped = request.validation.predictions.map((_, at, all) => all[at ^ 1] ?? 0);
    await expect(exported({ ...request, validation: { ...request.validation, predictions: swapped } })).rejects.toThrow(
      /differs from the trained model/,
    );
  });
});

describe('the files', () => {
  test('are named by the stem and counted', async () => {
    const model = await exported(await requestFor(madeUpInit(3), preprocessingFor(words('a', 'b', 'c'))));
    expect(model.files.map(({ role, ending }) => `${role} ${ending}`)).toEqual([
      'pkl .pkl',
      'onnx .onnx',
      'native .ubj',
      'predictions _predictions.csv',
      'card .json',
    ]);
    expect(model.files.map(({ path }) => readFileSync(path).length)).toEqual(model.files.map(({ bytes }) => bytes));
  });

  test('are the same bytes for the same request, whatever the job', async () => {
    const hashes = async (job: CardFacts['job']): Promise<string[]> => {
      const request = await requestFor(madeUpInit(3), preprocessingFor(words('a', 'b', 'c')));
      const model = await exported({ ...request, card: { ...CARD, job } });
      return model.files.filter(({ role }) => role !== 'card').map(({ sha256 }) => sha256);
    };
    expect(await hashes({ job_id: 'one' })).toEqual(await hashes({ job_id: 'two' }));
  });

  test('the CSV has a line a validation row, with quoted labels', async () => {
    const target = words('plain', 'with, comma', 'with "quote"');
    const model = await exported(await requestFor(madeUpInit(3), preprocessingFor(target)));
    const lines = contentOf(model, 'predictions').trimEnd().split('\n');
    expect(lines).toHaveLength(31);
    expect(lines[0]).toBe('y_true,y_pred,proba_plain,"proba_with, comma","proba_with ""quote"""');
  });

  test('the CSV of a regression has two columns', async () => {
    const model = await exported(await requestFor(madeUpInit(0), preprocessingFor({ kind: 'number', name: 'y' })));
    expect(contentOf(model, 'predictions').split('\n')[0]).toBe('y_true,y_pred');
  });

  test('the card names the job, the files and the oldest onnxruntime', async () => {
    const model = await exported(await requestFor(madeUpInit(3), preprocessingFor(words('a', 'b', 'c'))));
    expect(JSON.parse(contentOf(model, 'card'))).toMatchObject({
      job_id: 'job-1',
      task_type: 'classification',
      classes: ['a', 'b', 'c'],
      target: 'kind',
      data_fingerprint: 'etag',
      oldest_onnxruntime: expect.stringMatching(/^1\.\d+/),
      files: expect.arrayContaining([expect.objectContaining({ name: 'job-1_20260101.onnx' })]),
    });
  });

  test('the importance is by column, greatest first', async () => {
    const { featureImportance } = await exported(await requestFor(madeUpInit(2), preprocessingFor(words('no', 'yes'))));
    expect(featureImportance[0]?.feature).toBe('a');
    expect(featureImportance).toHaveLength(4);
  });
});
