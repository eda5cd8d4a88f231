import type { FeatureMatrix } from '../learning/learner.js';

/** Some 2 MB of doubles: a block and its products stay in the cache, and its work is far below the time between two ticks. */
const BLOCK_VALUES = 2 ** 18;
const [FEWEST_ROWS, MOST_ROWS] = [16, 8_192];

/** Rows that are worked on at once where each has `width` doubles; the width alone decides, so that equal tables are cut equally. */
export function blockRows(width: number): number {
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, Math.floor(BLOCK_VALUES / Math.max(1, width))));
}

/** Rows of a matrix as doubles, with room for one more value behind each. */
export interface RowBlock {
  /** Row-major, rows x (columns + 1); written anew for the next block. */
  readonly values: Float64Array;
  readonly rows: number;
  /** The first of them in the matrix. */
  readonly from: number;
}

/**
 * Visits a matrix block by block.
 * @param columns the first ones of each row that are taken
 * @param offsets subtracted from each of them, in double
 * @param last the value behind the columns of a row
 * @param visit @returns nothing; `done` is the share of the rows with this block
 */
export function eachBlock(
  { values: source, rows, columns: stride }: FeatureMatrix,
  { columns, offsets, last }: { readonly columns: number; readonly offsets: Float64Array; readonly last: (row: number) => number },
  visit: (block: RowBlock, done: number) => void,
): void {
  const width = columns + 1;
  const size = blockRows(width);
  const values = new Float64Array(Math.min(size, rows) * width);
  for (let from = 0; from < rows; from += size) {
    const count = Math.min(size, rows - from);
    for (let row = 0; row < count; row += 1) {
      const [to, at] = [row * width, (from + row) * stride];
      for (let column = 0; column < columns; column += 1) values[to + column] = (source[at + column] ?? NaN) - (offsets[column] ?? 0);
      values[to + columns] = last(from + row);
    }
    visit({ values, rows: count, from }, (from + count) / rows);
  }
}
