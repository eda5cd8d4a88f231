import type { RowSpace } from './row-space.js';
import { nearest, turned, type Nearest, type TurnedCentres } from './distances.js';
import { InexactDistances, type Products } from './inexact-distances.js';

/** Rows that are looked at together: their products stay in the cache, and no share of the work between two looks is long. */
const [FEWEST_ROWS, MOST_ROWS, BLOCK_PRODUCTS] = [32, 4_096, 65_536];
/** Of the rows of a block, the share from which on they are multiplied where they lie. */
const MANY = 0.7;
/** What the greatest distance is as a whole number: twice it fits into an int32. */
const WHOLE = 2 ** 29;

/**
 * The nearest centres of rows by products, whose error is known: where two centres are nearer to each other than that, `nearest` decides. So the
 * answers are those of `nearest`, whatever computes the products.
 */
export class NearCentres {
  /** Rows of a block at most. */
  readonly blockRows: number;
  /** Of a row, after `find`: its nearest centre, at least the distance to it, at most that to any other. By place in `asked`. */
  readonly clusters: Int32Array;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  readonly #distances: InexactDistances;
  readonly #packed: Float32Array;
  /** Distances of one row, as whole numbers. */
  readonly #wholes: Int32Array;
  readonly #found: Nearest = { cluster: 0, distance: 0, next: 0 };
  #across: TurnedCentres = { values: new Float64Array(0), width: 0, columns: 0 };

  constructor(
    products: Products,
    private readonly space: RowSpace,
    private readonly count: number,
  ) {
    const { rows, columns } = space.own;
    this.blockRows = Math.min(rows, MOST_ROWS, Math.max(FEWEST_ROWS, Math.floor(BLOCK_PRODUCTS / count)));
    this.clusters = new Int32Array(this.blockRows);
    this.upper = new Float64Array(this.blockRows);
    this.lower = new Float64Array(this.blockRows);
    this.#distances = new InexactDistances(products, space.own, space.longest, { rows: this.blockRows, centres: count });
    this.#packed = new Float32Array(this.blockRows * columns);
    this.#wholes = new Int32Array(count);
  }

  /** From now on these are the centres, row-major `count x columns`. */
  aim(centres: Float64Array): void {
    this.#distances.aim(centres);
    this.#across = turned(centres, this.space.columns);
  }

  /**
   * Finds the centres of some rows of a block.
   * @param from the block's first row. @param size its rows, at most `blockRows`. @param asked which of them, by their places in the block, ascending
   * @param wanted how many these are
   */
  find(from: number, size: number, asked: Int32Array, wanted: number): void {
    const isWhole = wanted > MANY * size;
    if (isWhole) this.#distances.multiply(from, size);
    else this.#distances.multiply(this.#pack(from, asked, wanted), wanted);
    for (let place = 0; place < wanted; place += 1) {
      const block = asked[place] ?? 0;
      this.#choose(from + block, (isWhole ? block : place) * this.count, place);
    }
  }

  #pack(from: number, asked: Int32Array, wanted: number): Float32Array {
    const { values, columns } = this.space.own;
    const packed = this.#packed;
    for (let place = 0, to = 0; place < wanted; place += 1) {
      const at = (from + (asked[place] ?? 0)) * columns;
      for (let column = 0; column < columns; column += 1, to += 1) packed[to] = values[at + column] ?? NaN;
    }
    return packed;
  }

  /**
   * Distances become whole numbers, of which the two least are found without a branch: which is less is as good as random, and a processor that has
   * guessed wrong loses more time than all the rest takes.
   * @param at where the row's products begin
   */
  #choose(row: number, at: number, place: number): void {
    const { count } = this;
    const distances = this.#distances;
    const wholes = this.#wholes;
    const length = this.space.lengths[row] ?? NaN;
    const wrong = distances.perLength * length + distances.perSquare * length * length + distances.constant;
    const reach = length + distances.longest;
    const unit = (reach * reach + wrong) / WHOLE;
    if (!(wrong < Infinity) || !(unit > 0)) return this.#compare(row, place);
    const [start, scale] = [length * length + wrong, 1 / unit];
    let [least, next] = [2 * WHOLE, 2 * WHOLE];
    for (let c = 0; c < count; c += 1) {
      const whole = ((start + ((distances.products[at + c] ?? NaN) + (distances.centreSquares[c] ?? NaN))) * scale) | 0;
      wholes[c] = whole;
      const apart = (whole - least) | 0;
      const lower = apart & (apart >> 31);
      const more = (whole - lower - next) | 0;
      least = (least + lower) | 0;
      next = (next + (more & (more >> 31))) | 0;
    }
    if ((next - least - 2) * unit <= 2 * wrong) return this.#compare(row, place);
    this.clusters[place] = wholes.indexOf(least);
    this.upper[place] = Math.sqrt((least + 1) * unit);
    this.lower[place] = count === 1 ? Infinity : Math.sqrt(Math.max(0, next * unit - 2 * wrong));
  }

  /** A row that two centres are as near to as products can tell. */
  #compare(row: number, place: number): void {
    const { values, columns } = this.space.own;
    nearest(values, row * columns, this.#across, this.#found);
    this.clusters[place] = this.#found.cluster;
    this.upper[place] = Math.sqrt(this.#found.distance);
    this.lower[place] = Math.sqrt(this.#found.next);
  }
}
