import type { Column } from '../data/table.js';
import type { FeatureMatrix } from '../learning/learner.js';
import type { Preprocessing } from './preprocessing.js';
import type { BlockEncoder } from './step.js';

/** Rows written column by column at once: few enough that their part of the matrix stays in the cache. */
const BLOCK_ROWS = 256;

/** Writes the columns of one step. */
export interface Encoder {
  readonly width: number;
  readonly write: BlockEncoder;
}

/** Encodes the given rows, equal to what the exported ONNX graph computes. @param encoders of all steps, in order */
export function encodeRows(encoders: readonly Encoder[], rows: Int32Array): FeatureMatrix {
  const columns = encoders.reduce((sum, { width }) => sum + width, 0);
  const values = new Float32Array(rows.length * columns);
  for (let start = 0; start < rows.length; start += BLOCK_ROWS) {
    const end = Math.min(start + BLOCK_ROWS, rows.length);
    let at = start * columns;
    for (const { width, write } of encoders) {
      write(rows, start, end, values, at, columns);
      at += width;
    }
  }
  return { values, rows: rows.length, columns };
}

/**
 * A value that would be infinite in float32, or null: the first that is too large as it stands, as such a one moves the shift of its
 * column so far that others become too large beside it.
 */
export function firstBeyondFloat32(
  { steps }: Pick<Preprocessing, 'steps'>,
  columns: readonly Column[],
): { column: string; row: number } | null {
  for (const [index, step] of steps.entries()) {
    const column = columns[index];
    if (step.kind !== 'number' || column?.kind !== 'number') continue;
    let first: number | null = null;
    for (const [row, value] of column.values.entries()) {
      if (!isBeyond(value - step.shift)) continue;
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
