import type { FeatureMatrix } from '../../learning/learner.js';
import type { DenseAlgebra } from '../dense-algebra.js';

/** Products of rows and centres. */
export type Products = Pick<DenseAlgebra, 'multiply'>;

/** A rounding of a float32 around 1, and the least float32; a rounding of a double, with room for several. */
const [ROUNDING, LEAST, DOUBLE_ROUNDING] = [2 ** -24, 2 ** -149, 2 ** -50];
/** Products above it may not fit into a float32. */
const MOST_PRODUCT = 1e37;

/**
 * Squared distances of rows and centres as |x|² - 2 x·c + |c|², with the products x·c in float32, and by how much they can be wrong: whatever the order of
 * a sum of k products, it is off by at most k roundings of |x| |c| (N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
 */
export class InexactDistances {
  /** -2 x·c, row-major `rows that were multiplied x centres`; written anew by each `multiply`. */
  readonly products: Float32Array;
  /** |c|² of each centre. */
  readonly centreSquares: Float64Array;
  /**
   * A squared distance of a row, and what a sum of doubles makes of it, is wrong by at most `perLength |x| + perSquare |x|² + constant`; Infinity or NaN
   * where nothing is known.
   */
  perLength = Infinity;
  perSquare = 0;
  constant = 0;
  /** The greatest length of a centre. */
  longest = 0;
  readonly #centres: Float32Array;
  #count = 0;

  /** @param most how many rows are multiplied at once, and by how many centres, at most */
  constructor(
    private readonly algebra: Products,
    private readonly matrix: FeatureMatrix,
    private readonly longestRow: number,
    most: { readonly rows: number; readonly centres: number },
  ) {
    this.products = new Float32Array(most.rows * most.centres);
    this.centreSquares = new Float64Array(most.centres);
    this.#centres = new Float32Array(most.centres * matrix.columns);
  }

  /** From now on these are the centres, row-major. */
  aim(centres: Float64Array): void {
    const { columns } = this.matrix;
    this.#count = centres.length / columns;
    this.#centres.set(centres);
    this.longest = 0;
    for (let c = 0; c < this.#count; c += 1) {
      let sum = 0;
      for (let at = c * columns; at < (c + 1) * columns; at += 1) sum += (centres[at] ?? NaN) * (centres[at] ?? NaN);
      this.centreSquares[c] = sum;
      this.longest = Math.max(this.longest, Math.sqrt(sum));
    }
    const ofDoubles = 2 * columns * DOUBLE_ROUNDING;
    this.perLength = this.longest * this.longestRow < MOST_PRODUCT ? 2 * (columns + 2) * ROUNDING * this.longest : Infinity;
    this.perSquare = ofDoubles;
    this.constant = ofDoubles * this.longest * this.longest + 4 * (columns + 2) * LEAST;
  }

  /** @param rows row-major; so many of them. Those of the matrix from `from` on, where it is a number. */
  multiply(rows: Float32Array | number, m: number): void {
    const { values, columns } = this.matrix;
    const a = typeof rows === 'number' ? values.subarray(rows * columns, (rows + m) * columns) : rows;
    const b = this.#centres;
    this.algebra.multiply({ m, n: this.#count, k: columns, a, b, isBTransposed: true, c: this.products, scale: -2 });
  }
}
