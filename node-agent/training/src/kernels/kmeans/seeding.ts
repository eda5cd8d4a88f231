import type { RandomSource } from '../../split/random-source.js';
import { centreDistance, squaredDistance } from './distances.js';
import { InexactDistances, type Products } from './inexact-distances.js';
import type { Problem } from './lloyd.js';
import { added, type RowSpace } from './row-space.js';

/** Rows are compared with a candidate unless it is certainly farther than the nearest centre; room for rounding. */
const SLACK = 1 + 1e-9;
const NONE = new Float64Array(0);
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
export async function spreadRows(
  { space, products, count }: Pick<Problem, 'space' | 'products' | 'count'>,
  random: RandomSource,
  tick: Tick,
): Promise<Float64Array> {
  const { columns } = space;
  const trials = 2 + Math.floor(Math.log(count));
  const centres = new Float64Array(count * columns);
  centres.set(await space.rowsAt([random.below(space.rows)]));
  const spread = new Spread(space, products, centres, trials);
  let sums = await spread.add(0);
  for (let chosen = 1; chosen < count; chosen += 1) {
    const total = added(sums);
    const numbers = await spread.rowsFrom(
      sums,
      Array.from({ length: trials }, () => uniform(random) * total),
    );
    const candidates = await space.rowsAt(numbers);
    let best = { trial: 0, sum: Infinity };
    (await spread.sumsWith(candidates, chosen)).forEach((blocks, trial) => {
      const sum = added(blocks);
      if (sum < best.sum) best = { trial, sum };
    });
    tick(chosen / count);
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

  readonly #inexact: InexactDistances;

  /** @param trials rows that are tried at once */
  constructor(
    private readonly space: RowSpace,
    products: Products,
    private readonly centres: Float64Array,
    trials: number,
  ) {
    this.#inexact = new InexactDistances(products, space.own, space.longest, { rows: space.blockRows, centres: trials });
    this.#distances = new Float64Array(space.own.rows).fill(Infinity);
    this.#nearest = new Int32Array(space.own.rows);
  }

  /** @returns the sums of the squared distances by block, with the centre of this number. */
  add(number: number): Promise<Float64Array> {
    const { columns } = this.space;
    const [distances, nearest] = [this.#distances, this.#nearest];
    const centre = this.centres.subarray(number * columns, (number + 1) * columns);
    const far = this.#far(centre, number);
    this.#inexact.aim(centre);
    return this.space.blockSums((from, to) => {
      this.#inexact.multiply(from, to - from);
      let sum = 0;
      for (let row = from; row < to; row += 1) {
        const before = distances[row] ?? NaN;
        const least = (far[nearest[row] ?? 0] ?? NaN) >= before ? before : this.#least(row, before, centre, row - from, 0);
        if (least < before) {
          distances[row] = least;
          nearest[row] = number;
        }
        sum += least;
      }
      return sum;
    });
  }

  /** @returns the same of each of some candidates, which are not added. @param chosen how many centres there are */
  sumsWith(candidates: Float64Array, chosen: number): Promise<readonly Float64Array[]> {
    const { columns } = this.space;
    const [distances, nearest] = [this.#distances, this.#nearest];
    const trials = candidates.length / columns;
    const rows = Array.from({ length: trials }, (_, trial) => candidates.subarray(trial * columns, (trial + 1) * columns));
    const fars = rows.map((candidate) => this.#far(candidate, chosen));
    this.#inexact.aim(candidates);
    return this.space.manyBlockSums(trials, (from, to, out) => {
      this.#inexact.multiply(from, to - from);
      rows.forEach((candidate, trial) => {
        const far = fars[trial] ?? NONE;
        let sum = 0;
        for (let row = from; row < to; row += 1) {
          const least = distances[row] ?? NaN;
          const isFar = (far[nearest[row] ?? 0] ?? NaN) >= least;
          sum += isFar ? least : this.#least(row, least, candidate, (row - from) * trials + trial, trial);
        }
        out[trial] = sum;
      });
    });
  }

  /**
   * The least of a distance and that to another row, which is taken where the products can't tell that it is not less.
   * @param at where the product is. @param of the other row's number among those that are aimed at
   */
  #least(row: number, before: number, other: Float64Array, at: number, of: number): number {
    const inexact = this.#inexact;
    const length = this.space.lengths[row] ?? NaN;
    const about = length * length + ((inexact.products[at] ?? NaN) + (inexact.centreSquares[of] ?? NaN));
    if (about - (inexact.perLength * length + inexact.perSquare * length * length + inexact.constant) >= before) return before;
    const { values, columns } = this.space.own;
    return Math.min(before, squaredDistance(values, row * columns, other, 0, columns));
  }

  /**
   * A quarter of the squared distance to each centre so far: a row that is not farther from one of them is not nearer to the new row (the
   * inequality of the triangle). Without a centre nothing is.
   */
  #far(row: Float64Array, chosen: number): Float64Array {
    const { columns } = this.space;
    return Float64Array.from(
      { length: Math.max(1, chosen) },
      (_, c) => (chosen === 0 ? -1 : centreDistance(row, 0, this.centres, c * columns, columns)) / (4 * SLACK),
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
