import { expect, test } from '@jest/globals';
import type { LearnerInit } from '../../learning/learner.js';
import { createForestLearner } from '../../models/forest.js';

/*
 * One tree of all rows and columns beside scikit-learn 1.9.1's DecisionTreeClassifier and DecisionTreeRegressor on the same 400 rows: every split's
 * column and threshold, the importance of the columns, and what is predicted of the first three rows. The figures are scikit-learn's (of the
 * target far from zero its importance without the million, as it loses digits there).
 */

type Target = 'cls' | 'signal' | 'far' | 'count';
interface Case {
  readonly name: string;
  readonly target: Target;
  readonly hyperparameters: LearnerInit['hyperparameters'];
  readonly splits: readonly (readonly number[])[];
  readonly importance: readonly number[];
  readonly first: readonly number[];
}
const CASES: readonly Case[] = [
  {
    name: 'gini',
    target: 'cls',
    hyperparameters: { min_samples_leaf: 20 },
    splits: [
      [0, 0.438076],
      [0, 0.575886],
      [1, 0.209808],
      [1, 0.285497],
      [1, 0.437591],
      [1, 0.610061],
      [1, 0.699526],
      [1, 0.814533],
      [2, 0.093125],
      [2, 0.227011],
      [2, 0.347154],
      [2, 0.664616],
      [2, 0.685121],
    ],
    importance: [0.224388713, 0.360122177, 0.41548911, 0.0],
    first: [0.565217391, 0.434782609, 0.0, 0.565217391, 0.434782609, 0.0, 0.810810811, 0.189189189, 0.0],
  },
  {
    name: 'gini of ten leaves',
    target: 'cls',
    hyperparameters: { min_samples_leaf: 15, max_leaf_nodes: 10 },
    splits: [
      [0, 0.438076],
      [0, 0.575886],
      [1, 0.437591],
      [1, 0.610061],
      [1, 0.814533],
      [2, 0.06033],
      [2, 0.347154],
      [2, 0.49475],
      [2, 0.697276],
    ],
    importance: [0.227228674, 0.323980076, 0.44879125, 0.0],
    first: [0.75, 0.25, 0.0, 0.75, 0.25, 0.0, 0.916666667, 0.083333333, 0.0],
  },
  {
    name: 'entropy, classes balanced',
    target: 'cls',
    hyperparameters: { criterion: 'entropy', min_samples_leaf: 20, class_weight: 'balanced' },
    splits: [
      [0, 0.41751],
      [0, 0.540961],
      [0, 0.563357],
      [1, 0.246675],
      [1, 0.315733],
      [1, 0.610061],
      [1, 0.651538],
      [1, 0.763491],
      [1, 0.777622],
      [2, 0.187897],
      [2, 0.227011],
      [2, 0.348311],
      [2, 0.602433],
      [2, 0.806841],
    ],
    importance: [0.18707517, 0.364679139, 0.448245691, 0.0],
    first: [0.799177085, 0.200822915, 0.0, 0.645809546, 0.354190454, 0.0, 0.873806683, 0.126193317, 0.0],
  },
  {
    name: 'squared_error',
    target: 'far',
    hyperparameters: { min_samples_leaf: 25 },
    splits: [
      [0, 0.491731],
      [0, 0.540961],
      [0, 0.7358],
      [1, 0.249492],
      [1, 0.4549],
      [1, 0.634291],
      [1, 0.686264],
      [1, 0.763491],
      [2, 0.187897],
      [2, 0.269307],
      [2, 0.59937],
    ],
    importance: [0.187642005, 0.356960248, 0.455397747, 0.0],
    first: [1000000.887184246, 1000000.961817545, 1000000.616545652],
  },
  {
    name: 'squared_error of eight leaves',
    target: 'signal',
    hyperparameters: { max_leaf_nodes: 8 },
    splits: [
      [0, 0.540961],
      [0, 0.758136],
      [1, 0.4549],
      [1, 0.686264],
      [1, 0.763491],
      [2, 0.187897],
      [2, 0.59937],
    ],
    importance: [0.178874702, 0.339473464, 0.481651834, 0.0],
    first: [0.690484421, 0.968255874, 0.690484421],
  },
  {
    name: 'poisson',
    target: 'count',
    hyperparameters: { criterion: 'poisson', max_depth: 3, min_samples_leaf: 5 },
    splits: [
      [0, 0.386153],
      [0, 0.526589],
      [0, 0.563357],
      [1, 0.4549],
      [2, 0.187897],
      [2, 0.289155],
      [2, 0.59937],
    ],
    importance: [0.263159522, 0.180082524, 0.556757954, 0.0],
    first: [2.156862745, 2.192307692, 1.022727273],
  },
];

const [ROWS, COLUMNS] = [400, 4];

function table(kind: Target): { values: Float32Array; target: Float64Array } {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const values = Float32Array.from({ length: ROWS * COLUMNS }, next);
  const target = Float64Array.from({ length: ROWS }, (_, row) => {
    const [a = 0, b = 0, c = 0] = values.subarray(row * COLUMNS);
    const signal = a + b * c * 2 + next() / 2;
    if (kind === 'cls') return Math.min(2, Math.floor(signal));
    return kind === 'count' ? Math.floor(signal * 3) : signal + (kind === 'far' ? 1e6 : 0);
  });
  return { values, target };
}

test.each(CASES)("a tree by $name is scikit-learn's", async ({ target: kind, hyperparameters, splits, importance, first }) => {
  const { values, target } = table(kind);
  const rows = { features: { values, rows: ROWS, columns: COLUMNS }, target };
  const isClass = kind === 'cls';
  const learner = createForestLearner({
    task: isClass ? 'classification' : 'regression',
    classCount: isClass ? 3 : 0,
    hyperparameters: { n_estimators: 1, bootstrap: false, max_features: isClass ? null : 1, ...hyperparameters },
    ...{ epochs: 1, seed: 1, threads: 1, train: rows, validation: rows },
  });
  await learner.step(1, { tick: () => undefined });
  const model = await learner.model();
  const { bytes } = model.native;
  const headBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const head = JSON.parse(Buffer.from(bytes.buffer, 8, headBytes).toString()) as Record<string, { data_offsets: [number, number] }>;
  const tensor = (name: string): ArrayBuffer => bytes.slice(...(head[name]?.data_offsets ?? [0, 0]).map((at) => at + 8 + headBytes)).buffer;
  const thresholds = new Float32Array(tensor('threshold'));
  const found = [...new Int32Array(tensor('feature'))].map((feature, at) => [feature, thresholds[at] ?? NaN]);
  const inOrder = found.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
  expect(inOrder.map(([feature]) => feature)).toEqual(splits.map(([feature]) => feature));
  inOrder.forEach(([, threshold], at) => expect(threshold).toBeCloseTo(splits[at]?.[1] ?? NaN, 5));
  model.importance?.forEach((value, at) => expect(value).toBeCloseTo(importance[at] ?? NaN, 5));
  const predicted = await learner.predict('train');
  first.forEach((value, at) => expect(predicted[at]).toBeCloseTo(value, 6));
  learner.close();
});
