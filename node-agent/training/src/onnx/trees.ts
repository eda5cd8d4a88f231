import { axis, TO_DOUBLE, type GraphBuilder } from './graph-builder.js';
import type { ModelOutputs } from './model-outputs.js';
import type { OnnxAttribute } from './protobuf.js';

/** `value <= split`, `value < split` goes to the true branch (ai.onnx.ml 5, nodes_modes). */
const BRANCHES = { 'at-most': 0, below: 1 } as const;
/** aggregate_function of ai.onnx.ml 5. */
const SUM = 1;

/**
 * A sum of trees in flat arrays: nodes (splits) and leaves are numbered through all trees. A child below 0 is the leaf
 * `-1 - child`, else a node; so is a root. A row goes to the true child when its value is below the threshold (or `at-most` it, where
 * `branch` says so), and where the value is missing to the child that `missingIsTrue` names (1: the true one).
 */
export interface TreeSums {
  readonly branch?: keyof typeof BRANCHES;
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly missingIsTrue: Uint8Array;
  readonly trueChild: Int32Array;
  readonly falseChild: Int32Array;
  readonly leafWeight: Float32Array;
  /** The output that a leaf adds to, 0..outputs-1. */
  readonly leafTarget: Int32Array;
  readonly outputs: number;
}

/** A sum of trees, and what makes predictions of it. */
export interface TreeEnsemble extends TreeSums {
  /** Added to the sums, one an output, on the scale of the sums (a logit, not a probability). */
  readonly base: Float32Array;
  /** What turns the sums into predictions: two classes from one output, one class an output, or the sum itself. */
  readonly link: 'sigmoid' | 'softmax' | 'identity';
}

/** Adds a sum of trees and what turns it into predictions. `features`: float32 [rows, columns], NaN where a value is missing. */
export function addTrees(graph: GraphBuilder, trees: TreeEnsemble, features: string): ModelOutputs {
  const sums = addTreeSums(graph, trees, features);
  if (trees.link === 'identity') {
    const exact = graph.add({ operator: 'Cast', inputs: [sums], output: 'exact_sums', attributes: [TO_DOUBLE] });
    const base = graph.constant('base', { shape: [1, trees.outputs], type: 'double', values: Float64Array.from(trees.base) });
    return { kind: 'value', value: graph.add({ operator: 'Add', inputs: [exact, base], output: 'moved_sums' }) };
  }
  const base = graph.constant('base', { shape: [1, trees.outputs], type: 'float', values: trees.base });
  const margins = graph.add({ operator: 'Add', inputs: [sums, base], output: 'margins' });
  switch (trees.link) {
    case 'softmax':
      return {
        kind: 'probabilities',
        probabilities: graph.add({ operator: 'Softmax', inputs: [margins], output: 'probabilities', attributes: [axis(1)] }),
      };
    case 'sigmoid':
      return { kind: 'probabilities', probabilities: bothSides(graph, margins) };
  }
}

/** Adds a sum of trees. @returns the name of float32 [rows, outputs] */
export function addTreeSums(graph: GraphBuilder, trees: TreeSums, features: string): string {
  return graph.add({
    operator: 'TreeEnsemble',
    domain: 'ai.onnx.ml',
    inputs: [features],
    output: 'sums',
    attributes: treeAttributes(trees),
  });
}

/** The probabilities of two classes from the margin of the second. */
function bothSides(graph: GraphBuilder, margins: string): string {
  return addOtherClass(graph, graph.add({ operator: 'Sigmoid', inputs: [margins], output: 'positive' }));
}

/** The probabilities of two classes from that of the second. */
export function addOtherClass(graph: GraphBuilder, positive: string): string {
  const one = graph.constant('one', { shape: [1, 1], type: 'float', values: Float32Array.of(1) });
  const negative = graph.add({ operator: 'Sub', inputs: [one, positive], output: 'negative' });
  return graph.add({ operator: 'Concat', inputs: [negative, positive], output: 'probabilities', attributes: [axis(1)] });
}

/** Of the ai.onnx.ml 5 operator. */
function treeAttributes(trees: TreeSums): OnnxAttribute[] {
  const { nodes, roots } = withSplitRoots(trees);
  const count = nodes.feature.length;
  const ints = (name: string, values: Int32Array | Uint8Array): OnnxAttribute => ({ name, kind: 'ints', values });
  const floats = (name: string, values: Float32Array): OnnxAttribute => ({
    name,
    kind: 'tensor',
    tensor: { name, shape: [values.length], type: 'float', values },
  });
  return [
    { name: 'aggregate_function', kind: 'int', value: SUM },
    { name: 'post_transform', kind: 'int', value: 0 },
    { name: 'n_targets', kind: 'int', value: trees.outputs },
    ints('tree_roots', roots),
    ints('nodes_featureids', nodes.feature),
    floats('nodes_splits', nodes.threshold),
    {
      name: 'nodes_modes',
      kind: 'tensor',
      tensor: { name: 'nodes_modes', shape: [count], type: 'uint8', values: new Uint8Array(count).fill(BRANCHES[trees.branch ?? 'below']) },
    },
    ints('nodes_missing_value_tracks_true', nodes.missingIsTrue),
    ...branch('true', nodes.trueChild),
    ...branch('false', nodes.falseChild),
    ints('leaf_targetids', trees.leafTarget),
    floats('leaf_weights', trees.leafWeight),
  ];
}

function branch(side: 'true' | 'false', children: Int32Array): OnnxAttribute[] {
  return [
    { name: `nodes_${side}leafs`, kind: 'ints', values: Uint8Array.from(children, (child) => (child < 0 ? 1 : 0)) },
    { name: `nodes_${side}nodeids`, kind: 'ints', values: children.map((child) => (child < 0 ? -1 - child : child)) },
  ];
}

type Nodes = Pick<TreeSums, 'feature' | 'threshold' | 'missingIsTrue' | 'trueChild' | 'falseChild'>;

/** A tree that is one leaf has no node to be its root: the operator wants one whose branches are both that leaf. */
function withSplitRoots(trees: TreeSums): { nodes: Nodes; roots: Int32Array } {
  const lone = trees.roots.filter((root) => root < 0);
  const splits = trees.feature.length;
  let next = splits;
  const roots = trees.roots.map((root) => (root < 0 ? next++ : root));
  if (lone.length === 0) return { nodes: trees, roots };
  const total = splits + lone.length;
  const nodes: Nodes = {
    feature: new Int32Array(total),
    threshold: new Float32Array(total),
    missingIsTrue: new Uint8Array(total),
    trueChild: new Int32Array(total),
    falseChild: new Int32Array(total),
  };
  nodes.feature.set(trees.feature);
  nodes.threshold.set(trees.threshold);
  nodes.missingIsTrue.set(trees.missingIsTrue);
  nodes.trueChild.set(trees.trueChild);
  nodes.trueChild.set(lone, splits);
  nodes.falseChild.set(trees.falseChild);
  nodes.falseChild.set(lone, splits);
  return { nodes, roots };
}
