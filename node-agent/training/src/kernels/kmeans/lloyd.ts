import { Assignment } from './assignment.js';
import { centreDistance, squaredDistance } from './distances.js';
import { ExactSums } from './exact-sums.js';
import type { Products } from './inexact-distances.js';
import { added, type RowSpace } from './row-space.js';

/** @param tol of the mean variance of the columns, as scikit-learn has it. All ranks call it together. */
export async function problemOf(space: RowSpace, products: Products, count: number, tol: number): Promise<Problem> {
  const exact = await ExactSums.of(space);
  const { values, rows, columns } = space.own;
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row += 1) exact.add(values, row * columns, sums, 0, 1);
  const means = new Float64Array(columns);
  exact.mean(await space.team.allReduce(sums, 'sum'), 0, space.rows, means, 0);
  const scatter = await space.blockSums((from, to) => {
    let sum = 0;
    for (let row = from; row < to; row += 1) sum += squaredDistance(values, row * columns, means, 0, columns);
    return sum;
  });
  return { space, products, exact, count, tolerance: (tol * added(scatter)) / space.rows / columns };
}

/** What stays the same in all restarts. */
export interface Problem {
  readonly space: RowSpace;
  readonly products: Products;
  readonly exact: ExactSums;
  /** Of centres. */
  readonly count: number;
  /** Squared distances that the centres have moved, added up, at most, where they count as still. */
  readonly tolerance: number;
}

/**
 * Lloyd's algorithm from given centres, in the form of scikit-learn: each iteration puts every centre at the mean of the rows that are nearest
 * to it, and ends where they hardly move. The centres have the same bits for any number of ranks.
 */
export class Lloyd {
  readonly #assignment: Assignment;

  private constructor(
    private readonly problem: Problem,
    /** Row-major `count x columns`; replaced and never changed. */
    public centres: Float64Array,
  ) {
    this.#assignment = new Assignment(problem.space, problem.exact, problem.count, problem.products);
  }

  static start(problem: Problem, centres: Float64Array, tick: (share: number) => void): Lloyd {
    const lloyd = new Lloyd(problem, centres);
    lloyd.#assignment.assign(centres, null, tick);
    return lloyd;
  }

  /** Of each own row. */
  get clusters(): Int32Array {
    return this.#assignment.clusters;
  }

  /** All ranks call it together. @returns true where the centres are still */
  async iterate(tick: (share: number) => void): Promise<boolean> {
    const { count, tolerance, space } = this.problem;
    const { columns } = space;
    const before = this.centres;
    this.centres = await this.#means();
    const moved = new Float64Array(count);
    let squares = 0;
    for (let c = 0; c < count; c += 1) {
      const square = centreDistance(this.centres, c * columns, before, c * columns, columns);
      squares += square;
      moved[c] = Math.sqrt(square);
    }
    // No row would change its cluster.
    if (squares > 0) this.#assignment.assign(this.centres, moved, tick);
    return squares <= tolerance;
  }

  /** How many centres have any row; all ranks call it together. */
  async occupied(): Promise<number> {
    const width = this.problem.space.columns + 1;
    const own = Float64Array.from({ length: this.problem.count }, (_, c) => this.#assignment.sums[(c + 1) * width - 1] ?? 0);
    return (await this.problem.space.team.allReduce(own, 'sum')).filter((rows) => rows > 0).length;
  }

  /** The sum of all rows' squared distances to their centre; all ranks call it together. */
  async inertia(): Promise<number> {
    const { values, columns } = this.problem.space.own;
    const { clusters, centres } = this;
    return added(
      await this.problem.space.blockSums((from, to) => {
        let sum = 0;
        for (let row = from; row < to; row += 1)
          sum += squaredDistance(values, row * columns, centres, (clusters[row] ?? 0) * columns, columns);
        return sum;
      }),
    );
  }

  async #means(): Promise<Float64Array> {
    const { space, exact, count } = this.problem;
    const { columns } = space;
    const width = columns + 1;
    const sums = await space.team.allReduce(this.#assignment.sums.slice(), 'sum');
    await this.#relocate(sums);
    const largest = largestOf(Array.from({ length: count }, (_, c) => sums[c * width + columns] ?? 0));
    const centres = new Float64Array(count * columns);
    for (let c = 0; c < count; c += 1) {
      const rows = sums[c * width + columns] ?? 0;
      const from = rows > 0 ? c : largest;
      exact.mean(sums, from * width, sums[from * width + columns] ?? 1, centres, c * columns);
    }
    return centres;
  }

  /**
   * A centre without rows takes the one that is farthest from its own centre, the next such centre the next farthest, and so on; where no row is
   * away from its centre there are no more distinct ones, and it goes to the centre of the most rows. As scikit-learn does.
   */
  async #relocate(sums: Float64Array): Promise<void> {
    const { space, exact, count } = this.problem;
    const { columns } = space;
    const width = columns + 1;
    const empty = Array.from({ length: count }, (_, c) => c).filter((c) => sums[c * width + columns] === 0);
    if (empty.length === 0) return;
    const farthest = await this.#farthest(empty.length);
    if ((farthest[0]?.distance ?? 0) === 0) return;
    const rows = Float32Array.from(await space.rowsAt(farthest.map(({ row }) => row)));
    empty.forEach((to, at) => {
      const { cluster = 0 } = farthest[at] ?? {};
      exact.add(rows, at * columns, sums, cluster * width, -1);
      sums[cluster * width + columns] = (sums[cluster * width + columns] ?? 0) - 1;
      sums.fill(0, to * width, (to + 1) * width);
      exact.add(rows, at * columns, sums, to * width, 1);
      sums[to * width + columns] = 1;
    });
  }

  /** The rows of all ranks that are farthest from their centre before it moved, the farthest first, ties by the row's number. */
  async #farthest(wanted: number): Promise<readonly FarRow[]> {
    const { space } = this.problem;
    const own = this.#ownFarthest(wanted);
    const { rank, worldSize } = space.team;
    const all = new Float64Array(worldSize * wanted * NUMBERS_A_FAR_ROW);
    own.forEach(({ distance, row, cluster }, at) => all.set([distance, row, cluster, 1], (rank * wanted + at) * NUMBERS_A_FAR_ROW));
    const told = await space.team.allReduce(all, 'sum');
    const found: FarRow[] = [];
    for (let at = 0; at < told.length; at += NUMBERS_A_FAR_ROW) {
      const [distance = 0, row = 0, cluster = 0, isThere] = told.subarray(at, at + NUMBERS_A_FAR_ROW);
      if (isThere === 1) found.push({ distance, row, cluster });
    }
    return found.sort(byDistance).slice(0, wanted);
  }

  #ownFarthest(wanted: number): readonly FarRow[] {
    const { space } = this.problem;
    const { values, rows, columns } = space.own;
    // Still those before the move.
    const { clusters, centres } = this;
    const far: FarRow[] = [];
    for (let row = 0; row < rows; row += 1) {
      const cluster = clusters[row] ?? 0;
      const distance = squaredDistance(values, row * columns, centres, cluster * columns, columns);
      if (far.length === wanted && distance <= (far.at(-1)?.distance ?? 0)) continue;
      far.push({ distance, row: space.first + row, cluster });
      far.sort(byDistance);
      if (far.length > wanted) far.pop();
    }
    return far;
  }
}

interface FarRow {
  readonly distance: number;
  readonly row: number;
  readonly cluster: number;
}
/** As they travel: those of the row, and 1. */
const NUMBERS_A_FAR_ROW = 4;

function byDistance(a: FarRow, b: FarRow): number {
  return b.distance - a.distance || a.row - b.row;
}

function largestOf(counts: readonly number[]): number {
  return counts.indexOf(Math.max(...counts));
}
