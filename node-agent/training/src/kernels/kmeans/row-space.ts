import type { Collective } from '@trainer/actor';
import type { FeatureMatrix } from '../../learning/learner.js';
import { rowBlocks, type RowRange } from '../../split/shards.js';

/**
 * The rows of all ranks, each of which has a run of whole blocks (split/shards.ts). What is added up here has the same bits for any
 * number of ranks: sums are of blocks, and then over them in their order. All methods but `own` are called by all ranks together.
 */
export class RowSpace {
  private constructor(
    readonly own: FeatureMatrix,
    /** Rows of all ranks, and the number of this rank's first one among them. */
    readonly rows: number,
    readonly first: number,
    readonly team: Collective,
  ) {}

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

  /** @returns the numbers of all blocks, in their order. @param sumOf one number a block of own rows, from..to */
  async blockSums(sumOf: (from: number, to: number) => number): Promise<Float64Array> {
    const { size, count } = rowBlocks(this.rows);
    const sums = new Float64Array(count);
    for (let from = 0; from < this.own.rows; from += size) {
      sums[(this.first + from) / size] = sumOf(from, Math.min(from + size, this.own.rows));
    }
    // Each block is of one rank, and to add zeros changes no bit.
    return this.team.allReduce(sums, 'sum');
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

/** @returns the numbers added up in their order */
export function added(numbers: Float64Array): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
