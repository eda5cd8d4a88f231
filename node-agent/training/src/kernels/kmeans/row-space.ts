import type { Collective } from '@trainer/actor';
import type { FeatureMatrix } from '../../learning/learner.js';
import { rowBlocks, type RowRange } from '../../split/shards.js';

/**
 * The rows of all ranks, each of which has a run of whole blocks (split/shards.ts). What is added up here has the same bits for any
 * number of ranks: sums are of blocks, and then over them in their order. All methods but `own` are called by all ranks together.
 */
export class RowSpace {
  /** Of each own row: the root of the sum of its squares; and the greatest of these. */
  readonly lengths: Float64Array;
  readonly longest: number;

  private constructor(
    readonly own: FeatureMatrix,
    /** Rows of all ranks, and the number of this rank's first one among them. */
    readonly rows: number,
    readonly first: number,
    readonly team: Collective,
  ) {
    this.lengths = lengthsOf(own);
    this.longest = this.lengths.reduce((most, length) => Math.max(most, length), 0);
  }

  static async open(own: FeatureMatrix, team: Collective): Promise<RowSpace> {
    const counts = await team.allReduce(
      Int32Array.from({ length: team.worldSize }, (_, rank) => (rank === team.rank ? own.rows : 0)),
      'sum',
    );
    const before = counts.subarray(0, team.rank).reduce((sum, count) => sum + count, 0);
    return new RowSpace(own, before + counts.subarray(team.rank).reduce((sum, count) => sum + count, 0), before, team);
  }

  get columns(): number {
    return this.own.columns;
  }

  /** Rows of a block at most. */
  get blockRows(): number {
    return rowBlocks(this.rows).size;
  }

  /** @returns the numbers of all blocks, in their order. @param sumOf one number a block of own rows, from..to */
  async blockSums(sumOf: (from: number, to: number) => number): Promise<Float64Array> {
    const [sums] = await this.manyBlockSums(1, (from, to, out) => {
      out[0] = sumOf(from, to);
    });
    return sums ?? new Float64Array(0);
  }

  /** The same of several sums at once. @param sumsOf writes one of each to `out`. @returns of each the numbers of all blocks */
  async manyBlockSums(many: number, sumsOf: (from: number, to: number, out: Float64Array) => void): Promise<readonly Float64Array[]> {
    const { size, count } = rowBlocks(this.rows);
    const sums = new Float64Array(many * count);
    const out = new Float64Array(many);
    for (let from = 0; from < this.own.rows; from += size) {
      sumsOf(from, Math.min(from + size, this.own.rows), out);
      const block = (this.first + from) / size;
      for (let of = 0; of < many; of += 1) sums[of * count + block] = out[of] ?? NaN;
    }
    // Each block is of one rank, and to add zeros changes no bit.
    const all = await this.team.allReduce(sums, 'sum');
    return Array.from({ length: many }, (_, of) => all.subarray(of * count, (of + 1) * count));
  }

  /** @param block by its number. @returns its rows, as own ones, or null where another rank has them */
  ownBlock(block: number): RowRange | null {
    const { size } = rowBlocks(this.rows);
    const from = block * size - this.first;
    return from < 0 || from >= this.own.rows ? null : { from, to: Math.min(from + size, this.own.rows) };
  }

  /** Rows by their numbers among all, row-major `numbers.length x columns`. */
  async rowsAt(numbers: ArrayLike<number>): Promise<Float64Array> {
    const { own, first, columns } = this;
    const found = new Float64Array(numbers.length * columns);
    for (let at = 0; at < numbers.length; at += 1) {
      const row = (numbers[at] ?? -1) - first;
      if (row >= 0 && row < own.rows) found.set(own.values.subarray(row * columns, (row + 1) * columns), at * columns);
    }
    return this.team.allReduce(found, 'sum');
  }
}

function lengthsOf({ values, rows, columns }: FeatureMatrix): Float64Array {
  const lengths = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let at = row * columns; at < (row + 1) * columns; at += 1) sum += (values[at] ?? NaN) * (values[at] ?? NaN);
    lengths[row] = Math.sqrt(sum);
  }
  return lengths;
}

/** @returns the numbers added up in their order */
export function added(numbers: Float64Array): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
