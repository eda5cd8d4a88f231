import type { FeatureMatrix } from '../learners/learner.js';
import type { FeatureColumn } from './fit.js';
import type { Preprocessing } from './preprocessing.js';

/**
 * Encodes the given rows. `features` are the raw columns in the order of `preprocessing.inputs`.
 * Equal to what the exported ONNX graph computes: subtraction in double, one rounding to float32.
 */
export function applyPreprocessing(preprocessing: Preprocessing, features: readonly FeatureColumn[], rows: Int32Array): FeatureMatrix {
  const columns = preprocessing.steps.length;
  const values = new Float32Array(rows.length * columns);
  preprocessing.steps.forEach((step, column) => {
    const raw = features[column]?.values ?? new Float64Array(0);
    const centre = step.kind === 'centred-number' ? step.centre : 0;
    for (let row = 0, at = column; row < rows.length; row += 1, at += columns) values[at] = (raw[rows[row] ?? 0] ?? NaN) - centre;
  });
  return { values, rows: rows.length, columns };
}

/** The first value that would be infinite in float32, or null. */
export function firstBeyondFloat32(
  preprocessing: Preprocessing,
  features: readonly FeatureColumn[],
): { column: string; row: number } | null {
  for (const [index, step] of preprocessing.steps.entries()) {
    const centre = step.kind === 'centred-number' ? step.centre : 0;
    const row = (features[index]?.values ?? new Float64Array(0)).findIndex((value) => Math.abs(Math.fround(value - centre)) === Infinity);
    if (row >= 0) return { column: step.input, row };
  }
  return null;
}
