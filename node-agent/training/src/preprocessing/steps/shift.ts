/** Integers up to here are exact in float32. */
const EXACT_FLOAT32 = 2 ** 24;
/** Fractions whose largest number is below this many of their range lose at most three of float32's 24 bits, which no shift gives back. */
const NARROW = 8;

/** What is subtracted from a column before it is rounded to float32, and how many of its distinct values that keeps. */
export interface Shift {
  /** 0: nothing. */
  readonly shift: number;
  /** Values that double tells apart, and values that are still apart after it; both 0 where nothing had to be counted. */
  readonly distinct: number;
  readonly kept: number;
}

/**
 * A column is shifted only where more of its distinct values stay apart so than as plain float32 numbers: by the middle of its range, or
 * by its median where far outliers make the middle useless.
 */
export function bestShift(values: Float64Array, rows: Int32Array, areIntegers: boolean): Shift {
  const { least, greatest } = rangeOf(values, rows);
  const largest = Math.max(Math.abs(least), Math.abs(greatest));
  const isExact = areIntegers ? largest <= EXACT_FLOAT32 : largest <= NARROW * (greatest - least);
  if (isExact || least >= greatest) return lonely(least, largest, areIntegers);
  const sorted = sortedDistinct(values, rows);
  const whole = areIntegers ? Math.floor : (value: number): number => value;
  const candidates = [0, whole(least + (greatest - least) / 2), sorted[sorted.length >> 1] ?? 0];
  const [best = { shift: 0, kept: 0 }] = candidates
    .map((shift) => ({ shift, kept: keptBy(sorted, shift) }))
    .filter(({ shift }) => Number.isFinite(Math.fround(greatest - shift)) && Number.isFinite(Math.fround(least - shift)))
    .sort((a, b) => b.kept - a.kept);
  return { shift: best.shift, distinct: sorted.length, kept: best.kept };
}

/** One value alone has nothing to fall together with in training, but may have in a prediction: an id of the future is not this one. */
function lonely(least: number, largest: number, areIntegers: boolean): Shift {
  const isLargeId = areIntegers && largest > EXACT_FLOAT32 && Number.isFinite(largest);
  return { shift: isLargeId ? least : 0, distinct: 0, kept: 0 };
}

function rangeOf(values: Float64Array, rows: Int32Array): { least: number; greatest: number } {
  let [least, greatest] = [Infinity, -Infinity];
  for (const row of rows) {
    const value = values[row] ?? NaN;
    // Written so that a gap changes nothing.
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return { least, greatest };
}

function sortedDistinct(values: Float64Array, rows: Int32Array): Float64Array {
  const sorted = Float64Array.from(rows, (row) => values[row] ?? NaN).sort();
  let kept = 0;
  for (const value of sorted) {
    if (Number.isNaN(value) || (kept > 0 && sorted[kept - 1] === value)) continue;
    sorted[kept] = value;
    kept += 1;
  }
  return sorted.subarray(0, kept);
}

/** Shifting and rounding keep the order, so values that fall together are neighbours. */
function keptBy(sorted: Float64Array, shift: number): number {
  let kept = 0;
  let last = NaN;
  for (const value of sorted) {
    const rounded = Math.fround(value - shift);
    if (rounded !== last) kept += 1;
    last = rounded;
  }
  return kept;
}
