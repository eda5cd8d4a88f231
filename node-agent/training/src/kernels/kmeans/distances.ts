/**
 * The squared distance of a row that begins at `i` and a centre that begins at `j`, in double: four sums at a time, as each addition waits for the one
 * before. For arrays of these kinds alone, as the compiler's code for several is slower.
 */
export function squaredDistance(a: Float32Array, i: number, b: Float64Array, j: number, columns: number): number {
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

/** The squared distance of two centres that begin at `i` and `j`. */
export function centreDistance(a: Float64Array, i: number, b: Float64Array, j: number, columns: number): number {
  let sum = 0;
  for (let at = 0; at < columns; at += 1) {
    const d = (a[i + at] ?? NaN) - (b[j + at] ?? NaN);
    sum += d * d;
  }
  return sum;
}

/** Centres that are compared with a row at once: one sum waits while the others go on. */
const AT_ONCE = 4;

/** Centres column by column, which rows are compared with four at a time. */
export interface TurnedCentres {
  /** `columns x width`; beyond the last centre there are some that nothing is near to. */
  readonly values: Float64Array;
  /** The number of centres, up to the next multiple of four. */
  readonly width: number;
  readonly columns: number;
}

/** @param centres row-major `count x columns` */
export function turned(centres: Float64Array, columns: number): TurnedCentres {
  const count = centres.length / columns;
  const width = Math.ceil(count / AT_ONCE) * AT_ONCE;
  const values = new Float64Array(columns * width).fill(Infinity);
  for (let c = 0; c < count; c += 1) for (let j = 0; j < columns; j += 1) values[j * width + c] = centres[c * columns + j] ?? NaN;
  return { values, width, columns };
}

/** The nearest centre of a row, ties to the lower number, and the squared distances of it and of the next. */
export interface Nearest {
  cluster: number;
  distance: number;
  /** Infinity where there is one centre only. */
  next: number;
}

/**
 * Writes into `out`, which is used again for the next row. Distances are added up column after column: which centre is nearest is decided here alone.
 * @param at where the row begins
 */
export function nearest(rows: Float32Array, at: number, { values, width, columns }: TurnedCentres, out: Nearest): void {
  out.cluster = 0;
  out.distance = Infinity;
  out.next = Infinity;
  for (let c = 0; c < width; c += AT_ONCE) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0, to = c; j < columns; j += 1, to += width) {
      const value = rows[at + j] ?? NaN;
      const d0 = value - (values[to] ?? NaN);
      const d1 = value - (values[to + 1] ?? NaN);
      const d2 = value - (values[to + 2] ?? NaN);
      const d3 = value - (values[to + 3] ?? NaN);
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    compare(out, c, s0);
    compare(out, c + 1, s1);
    compare(out, c + 2, s2);
    compare(out, c + 3, s3);
  }
}

function compare(out: Nearest, cluster: number, distance: number): void {
  if (distance < out.distance) {
    out.next = out.distance;
    out.distance = distance;
    out.cluster = cluster;
  } else if (distance < out.next) out.next = distance;
}
