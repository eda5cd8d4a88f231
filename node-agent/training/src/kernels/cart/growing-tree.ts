import type { Split } from './best-split.js';
import { emptyTree, type Tree } from './tree.js';

/** Where a node hangs: below a split, or nowhere (-1). */
export interface Place {
  readonly parent: number;
  readonly isLeft: boolean;
}

/** The nodes of a tree while it grows, in arrays that are used again for the next one. */
export class GrowingTree {
  #splits = 0;
  #leaves = 0;
  #entries = 0;
  #feature = new Int32Array(1024);
  #threshold = new Float32Array(1024);
  #left = new Int32Array(1024);
  #right = new Int32Array(1024);
  #gain = new Float64Array(1024);
  #code = new Uint16Array(1024);
  #leafStart = new Int32Array(1024);
  #entryClass = new Int32Array(1024);
  #entryValue = new Float64Array(1024);

  clear(): void {
    [this.#splits, this.#leaves, this.#entries] = [0, 0, 0];
  }

  /** @returns the split's number */
  addSplit(place: Place, { feature, threshold, code, gain }: Split): number {
    const at = this.#splits;
    if (at === this.#feature.length) this.#growSplits();
    this.#splits += 1;
    this.#hang(place, at);
    this.#feature[at] = feature;
    this.#threshold[at] = threshold;
    this.#code[at] = code;
    this.#gain[at] = Math.max(0, gain);
    return at;
  }

  /** Its entries follow. */
  addLeaf(place: Place): void {
    if (this.#leaves === this.#leafStart.length) this.#leafStart = longer(this.#leafStart, Int32Array);
    this.#hang(place, -1 - this.#leaves);
    this.#leafStart[this.#leaves] = this.#entries;
    this.#leaves += 1;
  }

  /** Of the leaf that was added last. */
  readonly addEntry = (cls: number, value: number): void => {
    if (this.#entries === this.#entryClass.length) {
      this.#entryClass = longer(this.#entryClass, Int32Array);
      this.#entryValue = longer(this.#entryValue, Float64Array);
    }
    this.#entryClass[this.#entries] = cls;
    this.#entryValue[this.#entries] = value;
    this.#entries += 1;
  };

  finish(): Tree {
    const tree = emptyTree(this.#splits, this.#leaves, this.#entries);
    tree.feature.set(this.#feature.subarray(0, this.#splits));
    tree.threshold.set(this.#threshold.subarray(0, this.#splits));
    tree.left.set(this.#left.subarray(0, this.#splits));
    tree.right.set(this.#right.subarray(0, this.#splits));
    tree.code.set(this.#code.subarray(0, this.#splits));
    tree.leafStart.set(this.#leafStart.subarray(0, this.#leaves));
    tree.leafStart[this.#leaves] = this.#entries;
    tree.entryClass.set(this.#entryClass.subarray(0, this.#entries));
    tree.entryValue.set(this.#entryValue.subarray(0, this.#entries));
    const gains = this.#gain.subarray(0, this.#splits);
    // By the greatest first: their sum may be beyond the greatest double.
    const most = gains.reduce((one, other) => Math.max(one, other), 0);
    const total = most > 0 ? gains.reduce((sum, gain) => sum + gain / most, 0) : 1;
    for (let at = 0; at < this.#splits; at += 1) tree.gain[at] = most > 0 ? (gains[at] ?? 0) / most / total : 0;
    return tree;
  }

  #hang({ parent, isLeft }: Place, child: number): void {
    if (parent >= 0) (isLeft ? this.#left : this.#right)[parent] = child;
  }

  #growSplits(): void {
    this.#feature = longer(this.#feature, Int32Array);
    this.#threshold = longer(this.#threshold, Float32Array);
    this.#left = longer(this.#left, Int32Array);
    this.#right = longer(this.#right, Int32Array);
    this.#gain = longer(this.#gain, Float64Array);
    this.#code = longer(this.#code, Uint16Array);
  }
}

/** Twice as long. */
function longer<A extends { readonly length: number; set(values: A): void }>(values: A, Kind: new (length: number) => A): A {
  const twice = new Kind(values.length * 2);
  twice.set(values);
  return twice;
}
