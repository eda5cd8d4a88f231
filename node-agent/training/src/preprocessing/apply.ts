import type { FeatureMatrix } from '../learning/learner.js';
import type { FeatureColumn } from './fit.js';
import type { Preprocessing } from './preprocessing.js';

/** Rows written column by column at once: few enough that their part of the matrix stays in the cache. */
const BLOCK_ROWS = 256;

/**
 * Encodes the given rows. `features` are the raw columns in the order of `preprocessing.inputs`.
 * Equal to what the exported ONNX graph computes: subtraction in double, one rounding to float32.
 */
export function applyPreprocessing(preprocessing: Preprocessing, features: readonly FeatureColumn[], rows: Int32Array): FeatureMatrix {
  const columns = preprocessing.steps.length;
  const values = new Float32Array(rows.length * columns);
  for (let start = 0; start < rows.length; start += BLOCK_ROWS) {
    const end = Math.min(start + BLOCK_ROWS, rows.length);
    preprocessing.steps.forEach((step, column) => {
      const raw = features[column]?.values ?? new Float64Array(0);
      const centre = step.kind === 'centred-number' ? step.centre : 0;
      for (let row = start, at = start * columns + column; row < end; row += 1, at += columns)
        values[at] = (raw[rows[row] ?? 0] ?? NaN) - centre;
    });
  }
  return { values, rows: rows.length, columns };
}

/**
 * A value that would be infinite in float32, or null: the first that is too large as it stands, as such a one moves the centre of its
 * column so far that others become too large beside it.
 */
export function firstBeyondFloat32(
  preprocessing: Preprocessing,
  features: readonly FeatureColumn[],
): { column: string; row: number } | null {
  for (const [index, step] of preprocessing.steps.entries()) {
    const centre = step.kind === 'centred-number' ? step.centre : 0;
    const values = features[index]?.values ?? new Float64Array(0);
    let first: number | null = null;
    for (let row = 0; row < values.length; row += 1) {
      const value = values[row] ?? 0;
      if (!isBeyond(value - centre)) continue;
      if (isBeyond(value)) return { column: step.input, row };
      first ??= row;
    }
    if (first !== null) return { column: step.input, row: first };
  }
  return null;
}

function isBeyond(value: number): boolean {
  return Math.abs(Math.fround(value)) === Infinity;
}
