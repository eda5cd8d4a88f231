import { fileURLToPath } from 'node:url';
import { seededRandom } from '@trainer/runtime/testing';
import type { LabelledRows, LearnerInit } from './learner.js';

/** Where the set-up unpacks LightGBM's wheel. */
export const LIGHTGBM_FOLDER = fileURLToPath(new URL('../../../../deploy/native/lightgbm', import.meta.url));
/** Where the set-up unpacks XGBoost's wheel. */
export const XGBOOST_FOLDER = fileURLToPath(new URL('../../../../deploy/native/xgboost', import.meta.url));

/** Rows of four numbers; the class (or the value, for 0 classes) follows the first two, with noise. `gaps`: share of missing values. */
export function madeUpRows(rows: number, classes: number, gaps = 0, seed = 1): LabelledRows {
  const next = seededRandom(seed);
  const columns = 4;
  const values = new Float32Array(rows * columns).map(() => next() * 8 - 2);
  const target = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const signal = (values[row * columns] ?? 0) + 0.5 * (values[row * columns + 1] ?? 0) + next();
    target[row] = classes === 0 ? signal : Math.min(classes - 1, Math.max(0, Math.floor(((signal + 2) / 11) * classes)));
  }
  return { features: { values: values.map((value) => (next() < gaps ? Number.NaN : value)), rows, columns }, target };
}

/** An init over made-up rows, 120 for training and 30 for validation. */
export function madeUpInit(classes: number, changes: Partial<LearnerInit> = {}, gaps = 0): LearnerInit {
  return {
    task: classes === 0 ? 'regression' : 'classification',
    classCount: classes,
    hyperparameters: {},
    epochs: 10,
    seed: 42,
    threads: 1,
    train: madeUpRows(120, classes, gaps, 1),
    validation: madeUpRows(30, classes, gaps, 2),
    ...changes,
  };
}
