import type { BinnedColumns } from './binned-columns.js';
import type { Tree } from './tree.js';

/** Splits and leaves of one tree or of several, numbered through. */
export type Nodes = Pick<Tree, 'feature' | 'threshold' | 'left' | 'right' | 'leafStart' | 'entryClass' | 'entryValue'>;

/** The first split of a tree, or its only leaf. */
export function rootOf({ splits }: Pick<Tree, 'splits'>): number {
  return splits === 0 ? -1 : 0;
}

/** Adds what a tree predicts of the training rows `from..to-1` to theirs in `sums`. */
export function addOfCodes(
  tree: Tree,
  { codes, rows }: Pick<BinnedColumns, 'codes' | 'rows'>,
  from: number,
  to: number,
  sums: Float64Array,
  width: number,
): void {
  const { feature, code, left, right } = tree;
  const root = rootOf(tree);
  for (let row = from; row < to; row += 1) {
    let node = root;
    while (node >= 0) {
      const goesLeft = (codes[(feature[node] ?? 0) * rows + row] ?? 0) <= (code[node] ?? 0);
      node = (goesLeft ? left[node] : right[node]) ?? -1;
    }
    addLeaf(tree, -1 - node, sums, row * width);
  }
}

/** The same of rows that a tree was not grown from. @param values row-major, rows x columns */
export function addOfValues(
  tree: Nodes,
  root: number,
  values: Float32Array,
  columns: number,
  from: number,
  to: number,
  sums: Float64Array,
  width: number,
): void {
  const { feature, threshold, left, right } = tree;
  for (let row = from; row < to; row += 1) {
    const start = row * columns;
    let node = root;
    while (node >= 0) {
      const goesLeft = (values[start + (feature[node] ?? 0)] ?? 0) <= (threshold[node] ?? 0);
      node = (goesLeft ? left[node] : right[node]) ?? -1;
    }
    addLeaf(tree, -1 - node, sums, row * width);
  }
}

function addLeaf({ leafStart, entryClass, entryValue }: Nodes, leaf: number, sums: Float64Array, at: number): void {
  const end = leafStart[leaf + 1] ?? 0;
  for (let entry = leafStart[leaf] ?? 0; entry < end; entry += 1) {
    const cell = at + (entryClass[entry] ?? 0);
    sums[cell] = (sums[cell] ?? 0) + (entryValue[entry] ?? 0);
  }
}
