import { PLACE_BITS, PLACE_MASK, type ColumnCut, type RowTarget } from './row-target.js';

type Codes = Uint8Array | Uint16Array;

/** A row counts so much beside how often it is drawn: one number holds both sums, exactly up to as many rows. */
const ROW = 2 ** 26;
/** Rows that a forest takes at most: the sums of `ROW` are exact. */
export const MOST_ROWS = ROW - 1;
/** A side whose values sum to less than this share of the node's sums to 0, but for rounding. */
const NOTHING = 1e-13;

/**
 * Rows with numbers. Sums are over what a value differs from the node's mean, so nothing is lost where the values are far from zero
 * (counts, by Poisson, are not).
 *
 * With w rows of sum s: the squared error falls by s_l^2 / w_l + s_r^2 / w_r - s^2 / w = d^2 w / (w_l w_r), d = s_l - s w_l / w (Breiman et
 * al., 1984); half the Poisson deviance by s_l log(s_l / w_l) + s_r log(s_r / w_r) - s log(s / w), and no side may sum to 0
 * (scikit-learn 1.9, `Poisson`).
 */
export class ValueTarget implements RowTarget {
  isPure = true;
  #start = 0;
  #end = 0;
  #weight = 0;
  #mean = 0;
  /** What is taken from the values before they are added up. */
  #centre = 0;
  /** What the values differ from the mean on the mean: what rounding leaves of 0. */
  #restPerWeight = 0;
  readonly #isPoisson: boolean;
  /** slots x 2: rows and how often they are drawn, the sum. */
  #sums = new Float64Array(0);
  readonly #movedRows: Int32Array;
  readonly #movedValues: Float64Array;
  readonly #movedDrawn: Int32Array;

  /** @param drawn how often each row counts */
  constructor(
    readonly rows: Int32Array,
    private readonly values: Float64Array,
    private readonly drawn: Int32Array,
    criterion: 'squared_error' | 'poisson',
    private readonly minLeaf: number,
  ) {
    this.#isPoisson = criterion === 'poisson';
    this.#movedRows = new Int32Array(rows.length);
    this.#movedValues = new Float64Array(rows.length);
    this.#movedDrawn = new Int32Array(rows.length);
  }

  enter(start: number, end: number): void {
    const { values, drawn } = this;
    this.#start = start;
    this.#end = end;
    const first = values[start] ?? 0;
    let weight = 0;
    let sum = 0;
    let isPure = true;
    for (let at = start; at < end; at += 1) {
      const value = values[at] ?? 0;
      const count = drawn[at] ?? 0;
      weight += count;
      sum += count * (value - first);
      if (value !== first) isPure = false;
    }
    const mean = first + sum / weight;
    let rest = 0;
    if (!isPure) for (let at = start; at < end; at += 1) rest += (drawn[at] ?? 0) * ((values[at] ?? 0) - mean);
    this.#weight = weight;
    this.#mean = mean;
    this.#centre = this.#isPoisson ? 0 : mean;
    this.#restPerWeight = rest / weight;
    this.isPure = isPure;
  }

  cutOfCodes(codes: Codes, column: number, least: number, slots: number, cut: ColumnCut): boolean {
    this.#addUp(codes, column, least, slots);
    const { minLeaf } = this;
    const sums = this.#sums;
    const rowsInAll = this.#end - this.#start;
    const most = rowsInAll - minLeaf;
    let best = -Infinity;
    let isOpen = false;
    let used = 0;
    let packed = 0;
    let sum = 0;
    for (let slot = 0; slot < slots; slot += 1) {
      const here = sums[slot * 2] ?? 0;
      if (here === 0) continue;
      used += 1;
      if (isOpen) {
        cut.above = slot + least;
        isOpen = false;
      }
      packed += here;
      sum += sums[slot * 2 + 1] ?? 0;
      const rows = Math.floor(packed / ROW);
      if (rows === rowsInAll) break;
      if (rows < minLeaf || rows > most) continue;
      const gain = this.#gain(sum, packed - rows * ROW);
      if (gain <= best) continue;
      best = gain;
      cut.below = slot + least;
      isOpen = true;
    }
    cut.gain = best;
    return used > 1;
  }

  cutOfKeys(keys: Int32Array, cut: ColumnCut): void {
    const { values, drawn, minLeaf } = this;
    const start = this.#start;
    const mean = this.#centre;
    const count = this.#end - start;
    let best = -Infinity;
    let weight = 0;
    let sum = 0;
    let next = keys[0] ?? 0;
    for (let at = 0; at + minLeaf < count; at += 1) {
      const key = next;
      next = keys[at + 1] ?? 0;
      const place = start + (key & PLACE_MASK);
      const times = drawn[place] ?? 0;
      weight += times;
      sum += times * ((values[place] ?? 0) - mean);
      if (key >> PLACE_BITS === next >> PLACE_BITS || at + 1 < minLeaf) continue;
      const gain = this.#gain(sum, weight);
      if (gain <= best) continue;
      best = gain;
      cut.below = key >> PLACE_BITS;
      cut.above = next >> PLACE_BITS;
    }
    cut.gain = best;
  }

  /** @param sum of what is left of the cut: of values, or of what they differ from the node's mean */
  #gain(sum: number, leftWeight: number): number {
    const weight = this.#weight;
    if (this.#isPoisson) return poissonGain(sum, leftWeight, this.#mean, weight);
    const far = sum - this.#restPerWeight * leftWeight;
    return (far * far * weight) / (leftWeight * (weight - leftWeight));
  }

  #addUp(codes: Codes, column: number, least: number, slots: number): void {
    const { rows, values, drawn } = this;
    if (this.#sums.length < slots * 2) this.#sums = new Float64Array(slots * 4);
    else this.#sums.fill(0, 0, slots * 2);
    const sums = this.#sums;
    const mean = this.#centre;
    const end = this.#end;
    for (let at = this.#start; at < end; at += 1) {
      const cell = ((codes[column + (rows[at] ?? 0)] ?? 0) - least) * 2;
      const count = drawn[at] ?? 0;
      sums[cell] = (sums[cell] ?? 0) + (count + ROW);
      sums[cell + 1] = (sums[cell + 1] ?? 0) + count * ((values[at] ?? 0) - mean);
    }
  }

  part(codes: Codes, column: number, last: number): number {
    const { rows, values, drawn } = this;
    const movedRows = this.#movedRows;
    const movedValues = this.#movedValues;
    const movedDrawn = this.#movedDrawn;
    const end = this.#end;
    let left = this.#start;
    let moved = 0;
    // Without a branch: what is written to the wrong side is written over.
    for (let at = left; at < end; at += 1) {
      const row = rows[at] ?? 0;
      const value = values[at] ?? 0;
      const count = drawn[at] ?? 0;
      rows[left] = row;
      values[left] = value;
      drawn[left] = count;
      movedRows[moved] = row;
      movedValues[moved] = value;
      movedDrawn[moved] = count;
      const isLeft = (codes[column + row] ?? 0) <= last ? 1 : 0;
      left += isLeft;
      moved += 1 - isLeft;
    }
    for (let at = 0; at < moved; at += 1) {
      rows[left + at] = movedRows[at] ?? 0;
      values[left + at] = movedValues[at] ?? 0;
      drawn[left + at] = movedDrawn[at] ?? 0;
    }
    return left;
  }

  writeLeaf(write: (cls: number, value: number) => void): void {
    write(0, this.#mean);
  }
}

function poissonGain(leftSum: number, leftWeight: number, mean: number, weight: number): number {
  const sum = mean * weight;
  const rightSum = sum - leftSum;
  const rightWeight = weight - leftWeight;
  if (leftSum <= sum * NOTHING || rightSum <= sum * NOTHING) return -Infinity;
  return leftSum * Math.log(leftSum / leftWeight / mean) + rightSum * Math.log(rightSum / rightWeight / mean);
}
