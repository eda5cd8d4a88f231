/** A rank's place among those that train one model. */
export interface Part {
  readonly rank: number;
  readonly worldSize: number;
}

/** Rows from `from` up to, not including, `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Blocks of a training part at most: so many sums of each score travel after every epoch. */
const MOST_BLOCKS = 1024;

/**
 * Training rows in blocks of equal size, which depends on their number alone. Scores are summed within blocks and then over them, so
 * that they are the same to the last bit however many ranks the blocks are dealt to (docs/adr/0008).
 */
export function rowBlocks(rows: number): { readonly size: number; readonly count: number } {
  const size = Math.max(1, Math.ceil(rows / MOST_BLOCKS));
  return { size, count: Math.ceil(rows / size) };
}

/** The training rows of a rank: whole blocks, as many as any other rank has or one less. */
export function trainingRange(rows: number, part: Part): RowRange {
  const { size, count } = rowBlocks(rows);
  const { from, to } = share(count, part);
  return { from: Math.min(rows, from * size), to: Math.min(rows, to * size) };
}

/** The validation rows of a rank; their predictions are put together again, so any dealing does. */
export function validationRange(rows: number, part: Part): RowRange {
  return share(rows, part);
}

function share(count: number, { rank, worldSize }: Part): RowRange {
  return { from: Math.floor((count * rank) / worldSize), to: Math.floor((count * (rank + 1)) / worldSize) };
}
