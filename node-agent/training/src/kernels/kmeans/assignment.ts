import { centreDistance } from './distances.js';
import type { ExactSums } from './exact-sums.js';
import type { Products } from './inexact-distances.js';
import { NearCentres } from './near-centres.js';
import type { RowSpace } from './row-space.js';

/** Centres of which every pair is compared: of more it would cost as much as the rows do. */
const MOST_PAIRED = 256;
/** What rounding may have added to a bound: far more than it can, as a row that is looked at in vain costs little. */
const SLACK = 1 - 1e-9;

/**
 * Which centre each of a rank's rows is nearest to (ties: the lower number), and the sums of their values by centre. After the centres have
 * moved only rows are compared with them whose bounds no longer tell the nearest one (Hamerly, 2010, "Making k-means even faster"), by products; as
 * the bounds leave room for rounding and the sums are exact, all is as if every row had been compared and added anew.
 */
export class Assignment {
  /** Of each row; -1 before the first time. */
  readonly clusters: Int32Array;
  /** Of each centre: the sums of its rows' values (exact-sums.ts), and last its rows; row-major `count x (columns + 1)`. */
  readonly sums: Float64Array;
  /** At least the distance to its centre, and at most that to any other. */
  readonly #upper: Float64Array;
  readonly #lower: Float64Array;
  /** Rows of a block whose bounds do not tell, by their places in it. */
  readonly #asked: Int32Array;
  readonly #near: NearCentres;

  constructor(
    private readonly space: RowSpace,
    private readonly exact: ExactSums,
    private readonly count: number,
    products: Products,
  ) {
    this.#near = new NearCentres(products, space, count);
    this.#asked = new Int32Array(this.#near.blockRows);
    this.clusters = new Int32Array(space.own.rows).fill(-1);
    this.sums = new Float64Array(count * (space.columns + 1));
    this.#upper = new Float64Array(space.own.rows).fill(Infinity);
    this.#lower = new Float64Array(space.own.rows).fill(-Infinity);
  }

  /** @param moved how far each centre has moved since the last time; null: the first time */
  assign(centres: Float64Array, moved: Float64Array | null, tick: (share: number) => void): void {
    const { rows } = this.space.own;
    const halves = this.#halfDistances(centres);
    const most = twoGreatest(moved ?? new Float64Array(0));
    this.#near.aim(centres);
    for (let from = 0; from < rows; from += this.#near.blockRows) {
      const to = Math.min(from + this.#near.blockRows, rows);
      if (moved !== null) this.#loosen(moved, most, from, to);
      this.#assignRows(halves, from, to);
      tick(to / rows);
    }
  }

  #loosen(moved: Float64Array, { at, first, second }: Greatest, from: number, to: number): void {
    const { clusters } = this;
    const [upper, lower] = [this.#upper, this.#lower];
    for (let row = from; row < to; row += 1) {
      const cluster = clusters[row] ?? 0;
      upper[row] = (upper[row] ?? NaN) + (moved[cluster] ?? NaN);
      lower[row] = (lower[row] ?? NaN) - (cluster === at ? second : first);
    }
  }

  #assignRows(halves: Float64Array, from: number, to: number): void {
    const { clusters } = this;
    const near = this.#near;
    const [upper, lower, asked] = [this.#upper, this.#lower, this.#asked];
    let wanted = 0;
    for (let row = from; row < to; row += 1) {
      const cluster = clusters[row] ?? -1;
      if (cluster >= 0 && (upper[row] ?? NaN) < Math.max(lower[row] ?? NaN, halves[cluster] ?? NaN) * SLACK) continue;
      asked[wanted] = row - from;
      wanted += 1;
    }
    if (wanted === 0) return;
    near.find(from, to - from, asked, wanted);
    for (let place = 0; place < wanted; place += 1) {
      const row = from + (asked[place] ?? 0);
      upper[row] = near.upper[place] ?? NaN;
      lower[row] = near.lower[place] ?? NaN;
      const [before, after] = [clusters[row] ?? -1, near.clusters[place] ?? 0];
      if (before === after) continue;
      if (before >= 0) this.#count(row, before, -1);
      this.#count(row, after, 1);
      clusters[row] = after;
    }
  }

  /** @param times 1 or -1: the row comes to the cluster, or leaves it */
  #count(row: number, cluster: number, times: number): void {
    const { values, columns } = this.space.own;
    const at = cluster * (columns + 1);
    this.exact.add(values, row * columns, this.sums, at, times);
    this.sums[at + columns] = (this.sums[at + columns] ?? NaN) + times;
  }

  /** Half the distance of each centre to the next one: rows that are nearer to it are nearer to no other. */
  #halfDistances(centres: Float64Array): Float64Array {
    const { count } = this;
    const { columns } = this.space;
    if (count > MOST_PAIRED) return new Float64Array(count);
    const halves = new Float64Array(count).fill(Infinity);
    for (let a = 1; a < count; a += 1) {
      for (let b = 0; b < a; b += 1) {
        const half = Math.sqrt(centreDistance(centres, a * columns, centres, b * columns, columns)) / 2;
        halves[a] = Math.min(halves[a] ?? NaN, half);
        halves[b] = Math.min(halves[b] ?? NaN, half);
      }
    }
    return halves;
  }
}

interface Greatest {
  readonly at: number;
  readonly first: number;
  /** The greatest of the others. */
  readonly second: number;
}

function twoGreatest(values: Float64Array): Greatest {
  let [at, first, second] = [-1, 0, 0];
  values.forEach((value, place) => {
    if (value > first) [at, first, second] = [place, value, first];
    else if (value > second) second = value;
  });
  return { at, first, second };
}
