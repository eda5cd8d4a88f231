/** @jest-environment ./node-agent/training/native-environment.mjs */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createXgboostLearner,
  exportModel,
  openXgboost,
  PICKLE_LOADER,
  PICKLE_PROGRAM,
  prepareVerifier,
  type LabelledRows,
  type Preprocessing,
  type TargetEncoding,
  type XgboostLibrary,
} from '@trainer/training/internal';
import { PYTHON_SETUP_MS, testPython } from './python.js';

const XGBOOST = fileURLToPath(new URL('../../deploy/native/xgboost', import.meta.url));
const CENTRE = 1_700_000_000_000;

interface Case {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target: TargetEncoding;
  readonly gaps: boolean;
  /** Is the first column too large for float32? */
  readonly wide: boolean;
}
const CASES: readonly Case[] = [
  {
    name: 'iris-like',
    columns: ['sepal', 'petal', 'width'],
    target: { kind: 'classes', name: 'kind', type: 'string', classes: ['setosa', 'versicolor', 'virginica'] },
    gaps: false,
    wide: false,
  },
  {
    name: 'two integers with gaps',
    columns: ['a', 'b, "c"', 'ü'],
    target: { kind: 'classes', name: 'y', type: 'int64', classes: ['-1', '5000000000'] },
    gaps: true,
    wide: false,
  },
  {
    name: 'a double column',
    columns: ['when', 'b', 'c'],
    target: { kind: 'classes', name: 'y', type: 'string', classes: ['no', 'yes'] },
    gaps: true,
    wide: true,
  },
  { name: 'a number', columns: ['a', 'b', 'c'], target: { kind: 'number', name: 'y' }, gaps: false, wide: false },
];

interface Said {
  readonly labels: readonly (string | number)[];
  readonly probabilities?: readonly (readonly number[])[];
}
type Way = 'array' | 'list' | 'dicts' | 'frame' | 'again' | 'thrice' | 'copied';
interface Answer extends Readonly<Record<Way, Said>> {
  readonly classes: readonly (string | number)[] | null;
  readonly kind: string | null;
  readonly features: readonly string[];
  readonly lacking: string;
  readonly narrow: string;
  readonly parts: Parts;
  readonly parts_again: Parts;
  readonly xgboost: readonly (number | readonly number[])[] | string;
  readonly native_columns: readonly string[];
  readonly native_attributes: Readonly<Record<string, string>>;
}
interface Parts {
  readonly names: readonly string[];
  readonly calls: number;
  readonly texts: readonly string[];
  readonly only_onnx: boolean;
}

const answers = new Map<string, Answer>();
const ours = new Map<string, number[][]>();
let folder = '';

beforeAll(async () => {
  const [python, library] = await Promise.all([testPython(), openXgboost(XGBOOST)]);
  folder = await mkdtemp(join(tmpdir(), 'python-'));
  const cases = [];
  for (const each of CASES) cases.push(await exportCase(library, each));
  const given = (await python.run('check_models.py', cases)) as Answer[];
  CASES.forEach(({ name }, at) => answers.set(name, given[at] as Answer));
}, PYTHON_SETUP_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Rows of eighths, so that all arithmetic on the way is exact; the target follows the first two columns. */
function rowsOf(each: Case, rows: number, phase: number): LabelledRows {
  const columns = each.columns.length;
  const classes = each.target.kind === 'classes' ? each.target.classes.length : 0;
  const values = Float32Array.from({ length: rows * columns }, (_, at) => (((at + phase) * 7919) % 97) / 8 - 4);
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const signal = (values[row * columns] ?? 0) + 0.5 * (values[row * columns + 1] ?? 0);
    return classes === 0 ? signal : Math.min(classes - 1, Math.max(0, Math.floor(((signal + 6) / 18) * classes)));
  });
  const gapped = values.map((value, at) => (each.gaps && at % 11 === 3 ? Number.NaN : value));
  return { features: { values: gapped, rows, columns }, target };
}

function preprocessingOf({ columns, target, wide }: Case): Preprocessing {
  const shiftAt = (at: number): number => (wide && at === 0 ? CENTRE : 0);
  return {
    version: 2,
    inputs: columns.map((name, at) => ({ name, type: shiftAt(at) === 0 ? 'float' : 'double', holds: 'number', spelling: null })),
    steps: columns.map((input, at) => ({ kind: 'number', input, encoded: [input], shift: shiftAt(at) })),
    tableSteps: [],
    target,
  };
}

async function exportCase(library: XgboostLibrary, each: Case): Promise<Record<string, unknown>> {
  const classCount = each.target.kind === 'classes' ? each.target.classes.length : 0;
  const task = classCount === 0 ? 'regression' : 'classification';
  const validation = rowsOf(each, 40, 31);
  const learner = createXgboostLearner(library, {
    task,
    classCount,
    hyperparameters: { n_estimators: 20 },
    epochs: 2,
    seed: 42,
    threads: 1,
    train: rowsOf(each, 200, 0),
    validation,
  });
  for (const epoch of [1, 2]) await learner.step(epoch, { tick: () => undefined });
  const predictions = (await learner.predict('validation')).slice();
  const { values, columns, rows } = validation.features;
  const raw = each.columns.map((_, at) =>
    Float64Array.from({ length: rows }, (__, row) => (values[row * columns + at] ?? 0) + (each.wide && at === 0 ? CENTRE : 0)),
  );
  const place = { folder: join(folder, each.name), stem: 'job_20260101' };
  await mkdir(place.folder);
  const card = {
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
  const preprocessing = preprocessingOf(each);
  const model = await exportModel(
    {
      task,
      preprocessing,
      model: await learner.model(),
      validation: {
        raw: raw.map((values) => ({ kind: 'number', name: '', values, isInteger: false, exact: null })),
        encoded: validation.features,
        target: validation.target,
        predictions,
      },
      card,
    },
    place,
    prepareVerifier(),
  );
  learner.close();
  const width = Math.max(1, classCount);
  ours.set(
    each.name,
    Array.from({ length: rows }, (_, row) => Array.from(predictions.subarray(row * width, (row + 1) * width))),
  );
  const pathOf = (role: string): string => model.files.find((file) => file.role === role)?.path ?? '';
  return {
    pkl: pathOf('pkl'),
    onnx: pathOf('onnx'),
    ubj: pathOf('native'),
    columns: each.columns,
    // JSON turns NaN into null, which Python reads as None: a missing value.
    rows: Array.from({ length: rows }, (_, row) => raw.map((column) => column[row] ?? null)),
  };
}

function answerOf(name: string): Answer {
  const answer = answers.get(name);
  if (answer === undefined) throw new Error(`Python said nothing of ${name}`);
  return answer;
}

const CLASS_CASES = CASES.filter(({ target }) => target.kind === 'classes');
const WAYS: readonly Way[] = ['list', 'dicts', 'frame', 'again', 'thrice', 'copied'];

describe.each(CLASS_CASES)('the pickle of $name', ({ name, target, columns }) => {
  const classes = target.kind === 'classes' ? target.classes.map((label) => (target.type === 'int64' ? Number(label) : label)) : [];

  test('gives our probabilities', () => {
    const theirs = answerOf(name).array.probabilities ?? [];
    const far = (ours.get(name) ?? []).flatMap((row, at) => row.map((value, k) => Math.abs(value - (theirs[at]?.[k] ?? Number.NaN))));
    expect(Math.max(...far)).toBeLessThan(1e-5);
  });

  test('gives our labels, as they stood in the table', () => {
    const labels = (ours.get(name) ?? []).map((row) => classes[row.indexOf(Math.max(...row))]);
    expect(answerOf(name).array.labels).toEqual(labels);
  });

  test.each(WAYS)('says the same for the way "%s"', (way) => {
    expect(answerOf(name)[way]).toEqual(answerOf(name).array);
  });

  test('knows its classes and columns', () => {
    expect(answerOf(name)).toMatchObject({
      classes,
      features: columns,
      kind: target.kind === 'classes' && target.type === 'int64' ? 'i' : 'O',
    });
  });

  test('names what is missing in a row', () => {
    expect(answerOf(name).lacking).toContain(columns[1]);
    expect(answerOf(name).narrow).toContain('takes rows of 3 columns');
  });

  test('holds the program, the ONNX file and the description, and nothing else', () => {
    const { names, calls, texts, only_onnx } = answerOf(name).parts;
    const described = [
      'version',
      'task',
      'classification',
      'target',
      target.kind === 'clusters' ? '' : target.name,
      'classes',
      ...(target.kind === 'classes' ? [...target.classes, 'target_type', target.type] : []),
      'holds',
      'number',
      'matrix_input',
      'X',
      'columns',
      'name',
      'type',
      'input',
      'float',
      'double',
      ...columns,
    ];
    const rest = texts.filter((text) => !described.includes(text));
    expect({ names, calls, only_onnx, rest }).toEqual({
      names: ['builtins.eval'],
      calls: 3,
      only_onnx: true,
      rest: ['builtins', 'eval', PICKLE_LOADER, PICKLE_PROGRAM],
    });
  });

  test('holds the same when Python has pickled it again', () => {
    const { names, calls, only_onnx } = answerOf(name).parts_again;
    expect({ names, calls, only_onnx }).toEqual({ names: ['builtins.eval'], calls: 3, only_onnx: true });
  });
});

test.each(['array', ...WAYS] as const)('the pickle of a regression gives our numbers for the way "%s"', (way) => {
  const theirs = answerOf('a number')[way].labels.map(Number);
  const far = (ours.get('a number') ?? []).map(([value], at) => Math.abs((value ?? 0) - (theirs[at] ?? Number.NaN)));
  expect(Math.max(...far)).toBeLessThan(1e-4);
});

test("XGBoost's own package reads the native file and predicts the same", () => {
  const theirs = answerOf('iris-like').xgboost as readonly (readonly number[])[];
  const far = (ours.get('iris-like') ?? []).flatMap((row, at) => row.map((value, k) => Math.abs(value - (theirs[at]?.[k] ?? Number.NaN))));
  expect(Math.max(...far)).toBeLessThan(1e-6);
});

test("XGBoost's own package refuses raw rows of a table that was encoded", () => {
  expect(answerOf('a double column').xgboost).toContain('Feature shape mismatch, expected: 4, got 3');
});

test('the native file names its columns, as every library takes them, and carries its preprocessing', () => {
  expect(answerOf('two integers with gaps').native_columns).toEqual(['a', 'b%2C%20%22c%22', 'ü']);
  const { trainer_preprocessing: text = '' } = answerOf('a double column').native_attributes;
  expect(JSON.parse(text)).toMatchObject({ steps: expect.arrayContaining([expect.objectContaining({ input: 'when' })]) });
});
