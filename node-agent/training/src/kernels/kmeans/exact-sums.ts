import type { RowSpace } from './row-space.js';

/** Bits that a sum of all rows takes at most, of the 53 that a double holds. */
const SUM_BITS = 50;
/** Adding and taking away this rounds a double below 2^51 to a whole number, ties to even. */
const ROUNDER = 1.5 * 2 ** 52;

/**
 * Sums of columns as whole numbers of a unit, so small that no sum of all rows has rounded ones: they are exact, in whatever order rows
 * are added and taken away, so that neither ranks nor threads nor the way there change a bit. A value is rounded to its column's unit, which is
 * 2^-50 of its range times the number of rows: below a float32's own rounding up to 2^26 rows.
 */
export class ExactSums {
  private constructor(
    /** The middle of each column's range: sums are of distances from it. */
    private readonly origin: Float64Array,
    /** Units in 1, by column; 0 of a constant one. */
    private readonly scale: Float64Array,
  ) {}

  /** All ranks call it together. */
  static async of(space: RowSpace): Promise<ExactSums> {
    const { values, columns } = space.own;
    const least = new Float64Array(columns).fill(Infinity);
    const most = new Float64Array(columns).fill(-Infinity);
    for (let at = 0, column = 0; at < values.length; at += 1) {
      const value = values[at] ?? NaN;
      if (value < (least[column] ?? NaN)) least[column] = value;
      if (value > (most[column] ?? NaN)) most[column] = value;
      column = column + 1 === columns ? 0 : column + 1;
    }
    const [low, high] = [await space.team.allReduce(least, 'min'), await space.team.allReduce(most, 'max')];
    const origin = low.map((value, column) => value / 2 + (high[column] ?? NaN) / 2);
    const scale = high.map((value, column) => {
      const reach = value - (origin[column] ?? NaN);
      return reach > 0 ? 2 ** (SUM_BITS - Math.ceil(Math.log2(space.rows)) - Math.ceil(Math.log2(reach)) - 1) : 0;
    });
    return new ExactSums(origin, scale);
  }

  /** Adds `times` (1 or -1) a row of values from `at` on to sums from `to` on. */
  add(values: Float32Array, at: number, sums: Float64Array, to: number, times: number): void {
    const { origin, scale } = this;
    for (let column = 0; column < origin.length; column += 1) {
      const units = ((values[at + column] ?? NaN) - (origin[column] ?? NaN)) * (scale[column] ?? NaN);
      sums[to + column] = (sums[to + column] ?? NaN) + times * (units + ROUNDER - ROUNDER);
    }
  }

  /** Writes the mean of `count` rows, whose sums stand from `at` on, to `out` from `to` on. */
  mean(sums: Float64Array, at: number, count: number, out: Float64Array, to: number): void {
    const { origin, scale } = this;
    for (let column = 0; column < origin.length; column += 1) {
      const unit = scale[column] ?? 0;
      out[to + column] = (origin[column] ?? NaN) + (unit === 0 ? 0 : (sums[at + column] ?? NaN) / count / unit);
    }
  }
}
