/**
 * A tree in one piece of shared memory, so that it goes between threads, ranks and checkpoints as it is. Splits and leaves are numbered from 0
 * in the order in which they are met, left before right. A child below 0 is the leaf `-1 - child`, else a split; without splits the root is
 * leaf 0. A row goes left when `value <= threshold`.
 */
export interface Tree {
  readonly bytes: Uint8Array;
  readonly splits: number;
  readonly leaves: number;
  /** By split. */
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Its share of what the tree's splits lower the impurity by. */
  readonly gain: Float32Array;
  /** The last code of its column that goes left. */
  readonly code: Uint16Array;
  /** Where the entries of a leaf begin; one number more than leaves. */
  readonly leafStart: Int32Array;
  /** By entry: a class and its probability, none for those that are 0; or the number 0 and the value. */
  readonly entryClass: Int32Array;
  readonly entryValue: Float64Array;
}

const HEAD_NUMBERS = 4;
const BYTES = { split: 5 * 4 + 2, leaf: 4, entry: 4 + 8 };

/** @returns how many bytes a tree takes, a multiple of 8 */
export function treeBytes(splits: number, leaves: number, entries: number): number {
  const bytes = HEAD_NUMBERS * 4 + splits * BYTES.split + (leaves + 1) * BYTES.leaf + entries * BYTES.entry;
  return Math.ceil(bytes / 8) * 8;
}

/** A tree whose numbers are still to be written. */
export function emptyTree(splits: number, leaves: number, entries: number): Tree {
  const bytes = new Uint8Array(new SharedArrayBuffer(treeBytes(splits, leaves, entries)));
  new Int32Array(bytes.buffer, 0, HEAD_NUMBERS).set([bytes.length / 8, splits, leaves, entries]);
  return viewTree(bytes);
}

/** The tree that lies in these bytes, which begin at a multiple of 8. */
export function viewTree(bytes: Uint8Array): Tree {
  const { buffer } = bytes;
  const [, splits = 0, leaves = 0, entries = 0] = new Int32Array(buffer, bytes.byteOffset, HEAD_NUMBERS);
  let at = bytes.byteOffset + HEAD_NUMBERS * 4;
  const next = (length: number, width: number): number => {
    at += length * width;
    return at - length * width;
  };
  return {
    ...{ bytes, splits, leaves },
    entryValue: new Float64Array(buffer, next(entries, 8), entries),
    feature: new Int32Array(buffer, next(splits, 4), splits),
    threshold: new Float32Array(buffer, next(splits, 4), splits),
    left: new Int32Array(buffer, next(splits, 4), splits),
    right: new Int32Array(buffer, next(splits, 4), splits),
    gain: new Float32Array(buffer, next(splits, 4), splits),
    leafStart: new Int32Array(buffer, next(leaves + 1, 4), leaves + 1),
    entryClass: new Int32Array(buffer, next(entries, 4), entries),
    code: new Uint16Array(buffer, next(splits, 2), splits),
  };
}

/** The trees end to end. */
export function joinTrees(trees: readonly Tree[]): Uint8Array {
  const joined = new Uint8Array(trees.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of trees) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  return joined;
}

/** The trees that lie end to end in `bytes`, copied into shared memory of their own. */
export function separateTrees(bytes: Uint8Array): Tree[] {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
  memory.set(bytes);
  const trees: Tree[] = [];
  for (let at = 0; at < memory.length;) {
    const [eighths = 0] = new Int32Array(memory.buffer, at, 1);
    trees.push(viewTree(memory.subarray(at, at + eighths * 8)));
    at += eighths * 8;
  }
  return trees;
}
