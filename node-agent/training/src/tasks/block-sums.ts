import { rowBlocks } from '../split/shards.js';
import type { BlockSums } from './task.js';

/** Numbers that a block of rows gives. */
type Pair = readonly [number, number];

/**
 * What the training rows of one rank add, two numbers a block, so that the sums are the same for any number of ranks.
 * @param rows of this rank @param allRows of all ranks, which make the size of a block
 */
export function blockSums(rows: number, allRows: number, pairOf: (from: number, to: number) => Pair): BlockSums {
  const { size } = rowBlocks(allRows);
  const sums = new Float64Array(2 * Math.ceil(rows / size));
  for (let from = 0, at = 0; from < rows; from += size, at += 2) sums.set(pairOf(from, Math.min(from + size, rows)), at);
  return sums;
}

/** The sums of all ranks together, block by block in their order. */
export function sumOfBlocks(parts: readonly BlockSums[]): Pair {
  let [first, second] = [0, 0];
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) {
      first += part[at] ?? NaN;
      second += part[at + 1] ?? NaN;
    }
  }
  return [first, second];
}
