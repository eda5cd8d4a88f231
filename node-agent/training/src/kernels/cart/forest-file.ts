import type { FeatureMatrix, NativeDescription, Predictions } from '../../learning/learner.js';
import { layOutTensors, readTensors, type TensorForm } from '../safetensors.js';
import { addOfValues, rootOf, type Nodes } from './predict-trees.js';
import type { Tree } from './tree.js';

/**
 * The native file of a forest: safetensors (an 8-byte length, JSON that says where each tensor lies, the tensors), as docs/forest-file.md has
 * it for people. All splits, leaves and entries are numbered through all trees.
 */

/** Trees that are averaged. */
export interface Forest {
  readonly trees: readonly Tree[];
  /** 0: a number is predicted. */
  readonly classes: number;
  readonly columns: number;
  /** Added to the mean of the trees' values; 0 for classes. */
  readonly offset: number;
}

const FORMAT = 'trainer-forest';
const VERSION = '1';
const BYTES = { root: 4, split: 16, leaf: 4, entry: 12 };

/** @returns what a tree takes in the file */
export function fileBytes({ splits, leaves, entryValue }: Tree): number {
  return BYTES.root + splits * BYTES.split + leaves * BYTES.leaf + entryValue.length * BYTES.entry;
}

/** By the size of their numbers, so that each begins at a multiple of it. */
function formsOf(splits: number, leaves: number, entries: number, trees: number) {
  const of = <Kind extends TensorForm['dtype']>(dtype: Kind, length: number) => ({ dtype, shape: [length] });
  return {
    leaf_value: of('F64', entries),
    threshold: of('F32', splits),
    roots: of('I32', trees),
    feature: of('I32', splits),
    left: of('I32', splits),
    right: of('I32', splits),
    leaf_start: of('I32', leaves + 1),
    leaf_class: of('I32', entries),
  };
}

/** Equal arguments give equal bytes. */
export function writeForest({ trees, classes, columns, offset }: Forest, description: NativeDescription | null): Uint8Array {
  const sum = (of: (tree: Tree) => number): number => trees.reduce((all, tree) => all + of(tree), 0);
  const [splits, leaves, entries] = [sum((tree) => tree.splits), sum((tree) => tree.leaves), sum((tree) => tree.entryValue.length)];
  const metadata = {
    ...{ format: FORMAT, version: VERSION, classes: String(classes), offset: String(offset) },
    columns: JSON.stringify(description?.columns ?? columns),
    preprocessing: description?.preprocessing ?? 'null',
  };
  const { bytes, tensors } = layOutTensors(metadata, formsOf(splits, leaves, entries, trees.length));
  let [split, leaf, entry] = [0, 0, 0];
  for (const [at, tree] of trees.entries()) {
    const child = (to: number): number => (to < 0 ? to - leaf : to + split);
    tensors.roots[at] = child(rootOf(tree));
    tensors.feature.set(tree.feature, split);
    tensors.threshold.set(tree.threshold, split);
    for (let own = 0; own < tree.splits; own += 1) {
      tensors.left[split + own] = child(tree.left[own] ?? 0);
      tensors.right[split + own] = child(tree.right[own] ?? 0);
    }
    for (let own = 0; own <= tree.leaves; own += 1) tensors.leaf_start[leaf + own] = (tree.leafStart[own] ?? 0) + entry;
    tensors.leaf_class.set(tree.entryClass, entry);
    tensors.leaf_value.set(tree.entryValue, entry);
    split += tree.splits;
    leaf += tree.leaves;
    entry += tree.entryValue.length;
  }
  return bytes;
}

/** What a file of `writeForest` predicts: the mean of the trees, in the order in which they were grown. */
export function predictForest(file: Uint8Array, { values, rows, columns }: FeatureMatrix): Predictions {
  const { texts, tensors: read } = readTensors<ReturnType<typeof formsOf>>(file);
  const { classes = '0', offset = '0' } = texts;
  const { roots, ...tensors } = read;
  const nodes: Nodes = {
    ...tensors,
    leafStart: tensors.leaf_start,
    entryClass: tensors.leaf_class,
    entryValue: tensors.leaf_value,
  };
  const width = Math.max(1, Number(classes));
  const sums = new Float64Array(rows * width);
  for (const root of roots) addOfValues(nodes, root, values, columns, 0, rows, sums, width);
  return meanOf(sums, roots.length, Number(offset));
}

/** Of the sums of so many trees, in their place. */
export function meanOf(sums: Float64Array, trees: number, offset: number): Float64Array {
  for (let at = 0; at < sums.length; at += 1) sums[at] = (sums[at] ?? 0) / trees + offset;
  return sums;
}
