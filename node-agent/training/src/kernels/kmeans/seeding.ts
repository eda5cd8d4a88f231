import type { RandomSource } from '../../split/random-source.js';
import { centreDistance, squaredDistance } from './distances.js';
import { added, type RowSpace } from './row-space.js';

/** Rows are compared with a candidate unless it is certainly farther than the nearest centre; room for rounding. */
const SLACK = 1 + 1e-9;
type Tick = (share: number) => void;

/**
 * Distinct rows, each as likely; all ranks call it together.
 * @param count at most the rows. @returns them, row-major
 */
export async function randomRows(space: RowSpace, count: number, random: RandomSource): Promise<Float64Array> {
  // Floyd's sampling (Bentley and Floyd, 1987).
  const drawn = new Set<number>();
  for (let last = space.rows - count; last < space.rows; last += 1) {
    const row = random.below(last + 1);
    drawn.add(drawn.has(row) ? last : row);
  }
  return space.rowsAt([...drawn]);
}

/**
 * k-means++ (Arthur and Vassilvitskii, 2007) as scikit-learn has it: of 2 + ln(count) rows, drawn by their squared distance to the nearest
 * centre so far, the one becomes a centre that lowers the sum of these most. All ranks call it together, and get what one rank would.
 * @param count at most the rows. @returns the centres, row-major
 */
export async function spreadRows(space: RowSpace, count: number, random: RandomSource, tick: Tick): Promise<Float64Array> {
  const { columns } = space;
  const centres = new Float64Array(count * columns);
  centres.set(await space.rowsAt([random.below(space.rows)]));
  const spread = new Spread(space, centres);
  let sums = await spread.add(0);
  const trials = 2 + Math.floor(Math.log(count));
  for (let chosen = 1; chosen < count; chosen += 1) {
    const total = added(sums);
    const numbers = await spread.rowsFrom(
      sums,
      Array.from({ length: trials }, () => uniform(random) * total),
    );
    const candidates = await space.rowsAt(numbers);
    let best = { trial: 0, sum: Infinity };
    for (let trial = 0; trial < trials; trial += 1) {
      const sum = added(await spread.sumsWith(candidates, trial, chosen));
      if (sum < best.sum) best = { trial, sum };
      tick((chosen - 1 + (trial + 1) / trials) / count);
    }
    centres.set(candidates.subarray(best.trial * columns, (best.trial + 1) * columns), chosen * columns);
    sums = await spread.add(chosen);
  }
  return centres;
}

/** From 0 to below 1, with 53 bits. */
function uniform(random: RandomSource): number {
  return (random.below(2 ** 26) * 2 ** 27 + random.below(2 ** 27)) / 2 ** 53;
}

/** Each own row's nearest centre so far. */
class Spread {
  readonly #distances: Float64Array;
  readonly #nearest: Int32Array;

  constructor(
    private readonly space: RowSpace,
    private readonly centres: Float64Array,
  ) {
    this.#distances = new Float64Array(space.own.rows).fill(Infinity);
    this.#nearest = new Int32Array(space.own.rows);
  }

  /** @returns the sums of the squared distances by block, with the centre of this number. */
  add(number: number): Promise<Float64Array> {
    const { values, columns } = this.space.own;
    const [distances, nearest] = [this.#distances, this.#nearest];
    const far = this.#far(this.centres, number, number);
    return this.space.blockSums((from, to) => {
      let sum = 0;
      for (let row = from; row < to; row += 1) {
        let least = distances[row] ?? NaN;
        if (!((far[nearest[row] ?? 0] ?? NaN) >= least)) {
          const distance = squaredDistance(values, row * columns, this.centres, number * columns, columns);
          if (distance < least) {
            least = distance;
            distances[row] = distance;
            nearest[row] = number;
          }
        }
        sum += least;
      }
      return sum;
    });
  }

  /** @returns the same with a candidate, which is not added. @param chosen how many centres there are */
  sumsWith(candidates: Float64Array, trial: number, chosen: number): Promise<Float64Array> {
    const { values, columns } = this.space.own;
    const [distances, nearest] = [this.#distances, this.#nearest];
    const far = this.#far(candidates, trial, chosen);
    return this.space.blockSums((from, to) => {
      let sum = 0;
      for (let row = from; row < to; row += 1) {
        const least = distances[row] ?? NaN;
        const isFar = (far[nearest[row] ?? 0] ?? NaN) >= least;
        sum += isFar ? least : Math.min(least, squaredDistance(values, row * columns, candidates, trial * columns, columns));
      }
      return sum;
    });
  }

  /**
   * A quarter of the squared distance to each centre so far: a row that is not farther from one of them is not nearer to the new row (the
   * inequality of the triangle). Without a centre nothing is.
   */
  #far(rows: Float64Array, at: number, chosen: number): Float64Array {
    const { columns } = this.space;
    return Float64Array.from(
      { length: Math.max(1, chosen) },
      (_, c) => (chosen === 0 ? -1 : centreDistance(rows, at * columns, this.centres, c * columns, columns)) / (4 * SLACK),
    );
  }

  /**
   * Finds the rows where the distances, added up in their order, pass each of some numbers.
   * @param sums of the blocks. @returns their numbers among all rows; the first row where all distances are 0
   */
  async rowsFrom(sums: Float64Array, numbers: readonly number[]): Promise<Float64Array> {
    const own = Float64Array.from(numbers, (number) => {
      let before = 0;
      let block = 0;
      let last = -1;
      for (; block < sums.length; block += 1) {
        const sum = sums[block] ?? 0;
        if (sum > 0) last = block;
        if (before + sum > number) break;
        before += sum;
      }
      // A number that rounding has put beyond the end is in the last block that has any distance.
      const isBeyond = block === sums.length;
      return last < 0 ? 0 : this.#rowIn(isBeyond ? last : block, isBeyond ? Infinity : number - before);
    });
    return this.space.team.allReduce(own, 'sum');
  }

  /** @returns 0 where the block is another rank's */
  #rowIn(block: number, number: number): number {
    const range = this.space.ownBlock(block);
    if (range === null) return 0;
    let sum = 0;
    let last = range.from;
    for (let row = range.from; row < range.to; row += 1) {
      const distance = this.#distances[row] ?? 0;
      if (distance > 0) last = row;
      sum += distance;
      if (sum > number) break;
    }
    return this.space.first + last;
  }
}
