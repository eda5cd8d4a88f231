/** @jest-environment ./node-agent/training/native-environment.mjs */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { catalogEntry, type HyperparameterValues } from '@trainer/model';
import { seededRandom } from '@trainer/runtime/testing';
import { openEngine, requireEntry, type LabelledRows } from '@trainer/training/internal';
import { PYTHON_SETUP_MS, testPython } from './python.js';

/*
 * Linear models and scikit-learn's minimise the same objective of the same rows: ours is as low, within a millionth. Their native files are read by
 * thirty lines of Python (python/linear_objectives.py).
 */

const NATIVE = fileURLToPath(new URL('../../deploy/native', import.meta.url));
const AS_LOW = 1e-6;

interface Table {
  readonly rows: number;
  readonly columns: number;
  /** 0: a number. */
  readonly classes: number;
  /** How far the classes lie apart. */
  readonly signal?: number;
  /** Of the rows, in the last class. */
  readonly rare?: number;
  readonly change?: (row: Float32Array) => void;
}

const duplicate = (row: Float32Array): void => void row.set([0.25, row[2] ?? 0], 0);

const CASES: readonly (readonly [model: string, what: string, Table, HyperparameterValues])[] = [
  ['linear_regression', 'a plain table', { rows: 400, columns: 6, classes: 0 }, {}],
  ['linear_regression', 'through zero', { rows: 400, columns: 6, classes: 0 }, { fit_intercept: false }],
  ['linear_regression', 'a constant and a doubled column', { rows: 400, columns: 6, classes: 0, change: duplicate }, {}],
  ['ridge_regression', 'a plain table', { rows: 400, columns: 6, classes: 0 }, {}],
  ['ridge_regression', 'a strong penalty, through zero', { rows: 400, columns: 6, classes: 0 }, { alpha: 300, fit_intercept: false }],
  ['ridge_regression', 'more columns than rows', { rows: 60, columns: 300, classes: 0 }, { alpha: 0.1 }],
  ['logistic_regression', 'two classes', { rows: 400, columns: 6, classes: 2 }, {}],
  ['logistic_regression', 'two classes through zero', { rows: 400, columns: 6, classes: 2 }, { fit_intercept: false, C: 0.3 }],
  ['logistic_regression', 'two classes without a penalty', { rows: 400, columns: 6, classes: 2, change: duplicate }, { penalty: null }],
  ['logistic_regression', 'a rare class', { rows: 600, columns: 6, classes: 2, rare: 0.03 }, {}],
  ['logistic_regression', 'a rare class, balanced', { rows: 600, columns: 6, classes: 2, rare: 0.03 }, { class_weight: 'balanced' }],
  ['logistic_regression', 'five classes', { rows: 400, columns: 6, classes: 5 }, {}],
  ['logistic_regression', 'five classes without a penalty', { rows: 800, columns: 4, classes: 5, signal: 0.3 }, { penalty: null }],
  ['logistic_regression', 'separable classes', { rows: 200, columns: 4, classes: 2, signal: 40 }, { C: 1000 }],
  ['logistic_regression', 'thirty classes', { rows: 900, columns: 12, classes: 30 }, { max_iter: 1000 }],
  ['logistic_regression', 'more columns than rows', { rows: 100, columns: 1000, classes: 2 }, { max_iter: 1000 }],
  ['logistic_regression', 'l1', { rows: 400, columns: 8, classes: 2, change: duplicate }, { penalty: 'l1', C: 0.1 }],
  ['logistic_regression', 'l1 of four classes', { rows: 400, columns: 8, classes: 4 }, { penalty: 'l1', C: 0.2 }],
  ['logistic_regression', 'l1 of many columns', { rows: 200, columns: 300, classes: 2 }, { penalty: 'l1', C: 0.3, max_iter: 2000 }],
  ['logistic_regression', 'an elastic net', { rows: 400, columns: 8, classes: 3 }, { penalty: 'elasticnet', l1_ratio: 0.4, C: 0.5 }],
];

function rowsOf({ rows, columns, classes, signal = 2, rare = 0, change = () => undefined }: Table): LabelledRows {
  const next = seededRandom(11);
  const values = new Float32Array(rows * columns);
  const target = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const own = values.subarray(row * columns, (row + 1) * columns);
    for (let column = 0; column < columns; column += 1) own[column] = (next() + next() + next() - 1.5) * 2;
    change(own);
    const score = signal * ((own[2] ?? 0) - (own[3] ?? 0)) + next() * 2 - 1;
    if (classes === 0) target[row] = 5 + score;
    else if (rare > 0) target[row] = Number(score > 3.2 || next() < rare / 4);
    else target[row] = row < classes ? row : Math.min(classes - 1, Math.floor(classes / (1 + Math.exp(-score))));
  }
  return { features: { values, rows, columns }, target };
}

async function trained(model: string, table: Table, values: HyperparameterValues) {
  const entry = requireEntry(model);
  const defaults = Object.fromEntries(
    Object.entries(catalogEntry(model)?.parameters.known ?? {}).map(([name, known]) => [name, known.default]),
  );
  const rows = rowsOf(table);
  const learner = (await openEngine(entry, NATIVE)).createLearner({
    task: entry.task,
    classCount: table.classes,
    hyperparameters: { ...defaults, ...values },
    epochs: 1,
    seed: 42,
    threads: 1,
    train: rows,
    validation: rows,
  });
  await learner.step(1, { tick: () => undefined });
  const predictions = [...(await learner.predict('train'))];
  const { native } = await learner.model();
  const warnings = learner.warnings?.() ?? [];
  const file = Buffer.from(native.described({ columns: [], preprocessing: '', target: null })).toString();
  return { predictions, warnings, file, rows };
}

interface Judged {
  readonly theirs: number;
  readonly ours: number;
  readonly predictions: readonly (number | readonly number[])[];
  readonly others: number;
}

const judged: Judged[] = [];
const own: Awaited<ReturnType<typeof trained>>[] = [];
beforeAll(async () => {
  const python = await testPython('requirements-frames.txt');
  for (const [model, , table, values] of CASES) own.push(await trained(model, table, values));
  const asked = own.map(({ rows: { features, target }, file }, at) => {
    const [model, , , parameters] = CASES[at] ?? [];
    const rows = Array.from(target, (_, row) => [...features.values.subarray(row * features.columns, (row + 1) * features.columns)]);
    return { model, rows, target: [...target], parameters, file };
  });
  judged.push(...((await python.run('linear_objectives.py', asked)) as Judged[]));
}, PYTHON_SETUP_MS);

describe.each(CASES.map(([model, what], at) => ({ model, what, at })))('$model, $what', ({ at }) => {
  test('has an objective as low as that of scikit-learn, and its labels', () => {
    const { ours = NaN, theirs = NaN, others = NaN } = judged[at] ?? {};
    expect((ours - theirs) / theirs).toBeLessThanOrEqual(AS_LOW);
    expect(others).toBeLessThanOrEqual(0.005);
  });

  test('has a native file that predicts the same in Python', () => {
    const said = (judged[at]?.predictions ?? []).flat();
    const known = own[at]?.predictions ?? [];
    expect(said).toHaveLength(known.length);
    expect(Math.max(...known.map((value, row) => Math.abs(value - (said[row] ?? NaN))))).toBeLessThan(1e-9);
  });

  test('has converged', () => expect(own[at]?.warnings).toEqual([]));
});
