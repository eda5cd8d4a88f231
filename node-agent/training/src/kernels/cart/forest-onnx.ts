import { TO_DOUBLE, type GraphBuilder } from '../../onnx/graph-builder.js';
import type { ModelOutputs } from '../../onnx/model-outputs.js';
import { addOtherClass, addTreeSums, type TreeSums } from '../../onnx/trees.js';
import type { Forest } from './forest-file.js';
import { rootOf } from './predict-trees.js';
import type { Tree } from './tree.js';

/**
 * Adds the mean of trees to a graph. The operator adds one number a leaf, so of two classes there is the second's probability, and of several
 * a leaf's further classes are in copies of the tree that end where no leaf has so many classes. Sums are divided in the end: those of pure
 * leaves are whole numbers and so exact in float32, as are their ties.
 */
export function addForest(graph: GraphBuilder, forest: Forest, features: string): ModelOutputs {
  const { trees, classes, offset } = forest;
  const sums = addTreeSums(graph, treeSumsOf(forest), features);
  if (classes === 0) return { kind: 'value', value: addMeanInDouble(graph, sums, trees.length, offset) };
  const count = graph.constant('tree_count', { shape: [1, 1], type: 'float', values: Float32Array.of(trees.length) });
  const mean = graph.add({ operator: 'Div', inputs: [sums, count], output: 'mean_of_trees' });
  if (classes > 2) return { kind: 'probabilities', probabilities: mean };
  return { kind: 'probabilities', probabilities: addOtherClass(graph, mean) };
}

/** The values of leaves are apart from the offset, so that their sums keep their digits in float32 wherever the target lies. */
function addMeanInDouble(graph: GraphBuilder, sums: string, trees: number, offset: number): string {
  const constant = (name: string, value: number): string =>
    graph.constant(name, { shape: [1, 1], type: 'double', values: Float64Array.of(value) });
  const exact = graph.add({ operator: 'Cast', inputs: [sums], output: 'exact_sums', attributes: [TO_DOUBLE] });
  const mean = graph.add({ operator: 'Div', inputs: [exact, constant('tree_count', trees)], output: 'mean_of_trees' });
  return graph.add({ operator: 'Add', inputs: [mean, constant('offset', offset)], output: 'of_the_target' });
}

function treeSumsOf({ trees, classes }: Forest): TreeSums {
  const isPair = classes === 2;
  const parts = trees.flatMap((tree) => copiesOf(tree, classes > 2));
  const splits = parts.reduce((sum, part) => sum + part.splits, 0);
  const leaves = splits + parts.length;
  const sums = {
    branch: 'at-most' as const,
    roots: new Int32Array(parts.length),
    feature: new Int32Array(splits),
    threshold: new Float32Array(splits),
    missingIsTrue: new Uint8Array(splits),
    trueChild: new Int32Array(splits),
    falseChild: new Int32Array(splits),
    leafWeight: new Float32Array(leaves),
    leafTarget: new Int32Array(leaves),
    outputs: classes > 2 ? classes : 1,
  };
  const next = { split: 0, leaf: 0 };
  for (const [at, part] of parts.entries()) sums.roots[at] = writeCopy(part, isPair, sums, next);
  return sums;
}

/** A tree as far as a leaf has a class of number `entry`. */
interface TreeCopy {
  readonly tree: Tree;
  readonly entry: number;
  /** By split of the tree: the most entries of a leaf below it; null: all splits are in the copy. */
  readonly most: Int32Array | null;
  readonly splits: number;
}

function copiesOf(tree: Tree, hasSeveral: boolean): TreeCopy[] {
  if (!hasSeveral) return [{ tree, entry: 0, most: null, splits: tree.splits }];
  const most = new Int32Array(tree.splits);
  const entriesOf = (leaf: number): number => (tree.leafStart[leaf + 1] ?? 0) - (tree.leafStart[leaf] ?? 0);
  const below = (child: number): number => (child < 0 ? entriesOf(-1 - child) : (most[child] ?? 0));
  // Children have higher numbers than their parents.
  for (let split = tree.splits - 1; split >= 0; split -= 1)
    most[split] = Math.max(below(tree.left[split] ?? 0), below(tree.right[split] ?? 0));
  const copies: TreeCopy[] = [];
  for (let entry = 0; entry < below(rootOf(tree)); entry += 1) {
    let splits = 0;
    for (const entries of most) splits += Number(entries > entry);
    copies.push({ tree, entry, most, splits });
  }
  return copies;
}

type Written = Pick<TreeSums, 'feature' | 'threshold' | 'trueChild' | 'falseChild' | 'leafWeight' | 'leafTarget'>;

/** @param next the numbers of the next split and leaf, moved on. @returns the root */
function writeCopy({ tree, entry, most }: TreeCopy, isPair: boolean, into: Written, next: { split: number; leaf: number }): number {
  const isKept = (split: number): boolean => most === null || (most[split] ?? 0) > entry;
  const leafOf = (child: number): number => {
    const [cls, weight] = child < 0 ? leafEntry(tree, -1 - child, entry, isPair) : [0, 0];
    into.leafTarget[next.leaf] = cls;
    into.leafWeight[next.leaf] = weight;
    next.leaf += 1;
    return -next.leaf;
  };
  const root = rootOf(tree);
  if (root < 0) return leafOf(root);
  const first = next.split;
  const numbers = new Int32Array(tree.splits);
  for (let split = 0; split < tree.splits; split += 1) if (isKept(split)) numbers[split] = next.split++;
  const childOf = (child: number): number => (child >= 0 && isKept(child) ? (numbers[child] ?? 0) : leafOf(child));
  for (let split = 0; split < tree.splits; split += 1) {
    if (!isKept(split)) continue;
    const at = numbers[split] ?? 0;
    into.feature[at] = tree.feature[split] ?? 0;
    into.threshold[at] = tree.threshold[split] ?? 0;
    into.trueChild[at] = childOf(tree.left[split] ?? 0);
    into.falseChild[at] = childOf(tree.right[split] ?? 0);
  }
  return first;
}

/** The class and weight of an entry; of two classes the second's probability, whatever its entry is. */
function leafEntry(
  { leafStart, entryClass, entryValue }: Tree,
  leaf: number,
  entry: number,
  isPair: boolean,
): [cls: number, weight: number] {
  const [from, end] = [leafStart[leaf] ?? 0, leafStart[leaf + 1] ?? 0];
  if (isPair) return [0, entryClass[end - 1] === 1 ? (entryValue[end - 1] ?? 0) : 0];
  return from + entry < end ? [entryClass[from + entry] ?? 0, entryValue[from + entry] ?? 0] : [0, 0];
}
