/** Rows of numbers, row-major. */
export type Rows = Float32Array | Float64Array;

/**
 * The squared distance of two rows that begin at `i` and `j`, in double: four sums at a time, as each addition waits for the one before. Every
 * distance of the kernel is this one, so that equal rows have equal bits.
 */
export function squaredDistance(a: Rows, i: number, b: Rows, j: number, columns: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let at = 0;
  for (const end = columns - 3; at < end; at += 4) {
    const d0 = (a[i + at] ?? NaN) - (b[j + at] ?? NaN);
    const d1 = (a[i + at + 1] ?? NaN) - (b[j + at + 1] ?? NaN);
    const d2 = (a[i + at + 2] ?? NaN) - (b[j + at + 2] ?? NaN);
    const d3 = (a[i + at + 3] ?? NaN) - (b[j + at + 3] ?? NaN);
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; at < columns; at += 1) {
    const d = (a[i + at] ?? NaN) - (b[j + at] ?? NaN);
    s0 += d * d;
  }
  return s0 + s1 + (s2 + s3);
}

/** The nearest centre of a row, ties to the lower number, and the squared distances of it and of the next. */
export interface Nearest {
  cluster: number;
  distance: number;
  /** Infinity where there is one centre only. */
  next: number;
}

/** Writes into `out`, which is used again for the next row. @param count of centres, row-major */
export function nearest(values: Rows, at: number, centres: Float64Array, count: number, columns: number, out: Nearest): void {
  let cluster = 0;
  let distance = Infinity;
  let next = Infinity;
  for (let c = 0; c < count; c += 1) {
    const found = squaredDistance(values, at, centres, c * columns, columns);
    if (found < distance) {
      next = distance;
      distance = found;
      cluster = c;
    } else if (found < next) next = found;
  }
  out.cluster = cluster;
  out.distance = distance;
  out.next = next;
}
