import { PLACE_BITS, PLACE_MASK, type ColumnCut, type RowTarget } from './row-target.js';

type Codes = Uint8Array | Uint16Array;

/**
 * Rows with classes. Counts are whole numbers, so nothing depends on the order of the rows; a class's weight is applied to its counts.
 *
 * A cut is as good as the impurity times the weight falls from the node to both sides (Breiman et al., 1984; scikit-learn 1.9's `Gini` and
 * `Entropy`). Of classes with weights n_c of n together: gini n (1 - sum (n_c / n)^2) = n - sum n_c^2 / n; entropy
 * n log n - sum n_c log n_c, by the natural logarithm.
 */
export class ClassTarget implements RowTarget {
  isPure = true;
  #start = 0;
  #end = 0;
  /** Of the node: how often its rows were drawn, and what they weigh. */
  #drawnInAll = 0;
  #total = 0;
  readonly #totals: Float64Array;
  /** What lies left of the cut, by class, and the sums of squares (or of x log x) on both sides. */
  readonly #left: Float64Array;
  #leftTotal = 0;
  #leftSum = 0;
  #rightSum = 0;
  /** slots x classes. */
  #counts = new Int32Array(0);
  /** Rows by slot, where leaves must have several. */
  #slotRows = new Int32Array(0);
  readonly #isGini: boolean;
  readonly #movedRows: Int32Array;
  readonly #movedTags: Uint16Array;
  readonly #movedDrawn: Int32Array;

  /** @param drawn how often each row counts; @param weights of the classes */
  constructor(
    readonly rows: Int32Array,
    private readonly tags: Uint16Array,
    private readonly drawn: Int32Array,
    private readonly weights: Float64Array,
    criterion: 'gini' | 'entropy',
    private readonly minLeaf: number,
  ) {
    this.#isGini = criterion === 'gini';
    this.#totals = new Float64Array(weights.length);
    this.#left = new Float64Array(weights.length);
    this.#movedRows = new Int32Array(rows.length);
    this.#movedTags = new Uint16Array(rows.length);
    this.#movedDrawn = new Int32Array(rows.length);
  }

  enter(start: number, end: number): void {
    const { tags, drawn, weights } = this;
    const totals = this.#totals;
    this.#start = start;
    this.#end = end;
    totals.fill(0);
    for (let at = start; at < end; at += 1) {
      const tag = tags[at] ?? 0;
      totals[tag] = (totals[tag] ?? 0) + (drawn[at] ?? 0);
    }
    let inAll = 0;
    let total = 0;
    let present = 0;
    for (let cls = 0; cls < totals.length; cls += 1) {
      const count = totals[cls] ?? 0;
      if (count === 0) continue;
      present += 1;
      inAll += count;
      totals[cls] = count * (weights[cls] ?? 0);
      total += totals[cls] ?? 0;
    }
    this.#drawnInAll = inAll;
    this.#total = total;
    this.isPure = present < 2;
  }

  cutOfCodes(codes: Codes, column: number, least: number, slots: number, cut: ColumnCut): boolean {
    this.#count(codes, column, least, slots);
    const base = this.#begin();
    const { minLeaf } = this;
    const counts = this.#counts;
    const slotRows = this.#slotRows;
    const classes = this.weights.length;
    const inAll = this.#drawnInAll;
    const most = this.#end - this.#start - minLeaf;
    let best = -Infinity;
    let drawn = 0;
    let rows = 0;
    let used = 0;
    let isOpen = false;
    for (let slot = 0; slot < slots && drawn < inAll; slot += 1) {
      const before = drawn;
      for (let cls = 0, cell = slot * classes; cls < classes; cls += 1, cell += 1) {
        const count = counts[cell] ?? 0;
        if (count === 0) continue;
        drawn += count;
        this.#move(cls, count);
      }
      if (drawn === before) continue;
      used += 1;
      if (isOpen) {
        cut.above = slot + least;
        isOpen = false;
      }
      if (drawn === inAll) break;
      if (minLeaf > 1) {
        rows += slotRows[slot] ?? 0;
        if (rows < minLeaf || rows > most) continue;
      }
      const score = this.#score();
      if (score <= best) continue;
      best = score;
      cut.below = slot + least;
      isOpen = true;
    }
    cut.gain = best - base;
    return used > 1;
  }

  cutOfKeys(keys: Int32Array, cut: ColumnCut): void {
    const base = this.#begin();
    const { tags, drawn, minLeaf } = this;
    const start = this.#start;
    const count = this.#end - start;
    let best = -Infinity;
    let next = keys[0] ?? 0;
    for (let at = 0; at + minLeaf < count; at += 1) {
      const key = next;
      next = keys[at + 1] ?? 0;
      const place = start + (key & PLACE_MASK);
      this.#move(tags[place] ?? 0, drawn[place] ?? 0);
      if (key >> PLACE_BITS === next >> PLACE_BITS || at + 1 < minLeaf) continue;
      const score = this.#score();
      if (score <= best) continue;
      best = score;
      cut.below = key >> PLACE_BITS;
      cut.above = next >> PLACE_BITS;
    }
    cut.gain = best - base;
  }

  part(codes: Codes, column: number, last: number): number {
    const { rows, tags, drawn } = this;
    const movedRows = this.#movedRows;
    const movedTags = this.#movedTags;
    const movedDrawn = this.#movedDrawn;
    const end = this.#end;
    let left = this.#start;
    let moved = 0;
    // Without a branch: what is written to the wrong side is written over.
    for (let at = left; at < end; at += 1) {
      const row = rows[at] ?? 0;
      const tag = tags[at] ?? 0;
      const count = drawn[at] ?? 0;
      rows[left] = row;
      tags[left] = tag;
      drawn[left] = count;
      movedRows[moved] = row;
      movedTags[moved] = tag;
      movedDrawn[moved] = count;
      const isLeft = (codes[column + row] ?? 0) <= last ? 1 : 0;
      left += isLeft;
      moved += 1 - isLeft;
    }
    for (let at = 0; at < moved; at += 1) {
      rows[left + at] = movedRows[at] ?? 0;
      tags[left + at] = movedTags[at] ?? 0;
      drawn[left + at] = movedDrawn[at] ?? 0;
    }
    return left;
  }

  writeLeaf(write: (cls: number, value: number) => void): void {
    const total = this.#total;
    for (let cls = 0; cls < this.#totals.length; cls += 1) {
      const weight = this.#totals[cls] ?? 0;
      if (weight > 0) write(cls, weight / total);
    }
  }

  #count(codes: Codes, column: number, least: number, slots: number): void {
    const { rows, tags, drawn } = this;
    const classes = this.weights.length;
    const start = this.#start;
    const end = this.#end;
    this.#counts = emptied(this.#counts, slots * classes);
    const counts = this.#counts;
    for (let at = start; at < end; at += 1) {
      const cell = ((codes[column + (rows[at] ?? 0)] ?? 0) - least) * classes + (tags[at] ?? 0);
      counts[cell] = (counts[cell] ?? 0) + (drawn[at] ?? 0);
    }
    if (this.minLeaf === 1) return;
    this.#slotRows = emptied(this.#slotRows, slots);
    const slotRows = this.#slotRows;
    for (let at = start; at < end; at += 1) {
      const slot = (codes[column + (rows[at] ?? 0)] ?? 0) - least;
      slotRows[slot] = (slotRows[slot] ?? 0) + 1;
    }
  }

  /** All rows lie on the right. @returns the score of the node */
  #begin(): number {
    const totals = this.#totals;
    this.#left.fill(0);
    this.#leftTotal = 0;
    this.#leftSum = 0;
    let sum = 0;
    for (let cls = 0; cls < totals.length; cls += 1) sum += this.#isGini ? (totals[cls] ?? 0) ** 2 : timesLog(totals[cls] ?? 0);
    this.#rightSum = sum;
    return this.#isGini ? sum / this.#total : sum - timesLog(this.#total);
  }

  /** Moves rows of a class to the left. */
  #move(cls: number, count: number): void {
    const weight = count * (this.weights[cls] ?? 0);
    const before = this.#left[cls] ?? 0;
    const right = (this.#totals[cls] ?? 0) - before;
    if (this.#isGini) {
      this.#leftSum += weight * (2 * before + weight);
      this.#rightSum -= weight * (2 * right - weight);
    } else {
      this.#leftSum += timesLog(before + weight) - timesLog(before);
      this.#rightSum += timesLog(right - weight) - timesLog(right);
    }
    this.#left[cls] = before + weight;
    this.#leftTotal += weight;
  }

  /** The greater, the less impure are both sides. */
  #score(): number {
    const left = this.#leftTotal;
    const right = this.#total - left;
    return this.#isGini ? this.#leftSum / left + this.#rightSum / right : this.#leftSum - timesLog(left) + this.#rightSum - timesLog(right);
  }
}

/** Zeros, at least so many. */
function emptied(counts: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (counts.length < length) return new Int32Array(length * 2);
  counts.fill(0, 0, length);
  return counts;
}

/** x log x, and 0 for 0; what rounding has left below 0 is 0. */
function timesLog(x: number): number {
  return x > 0 ? x * Math.log(x) : 0;
}
