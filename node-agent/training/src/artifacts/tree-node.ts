import type { TreeEnsemble } from '../learning/learner.js';
import type { OnnxAttribute, OnnxNode } from './onnx-protobuf.js';

/** `value < split` goes to the true branch (ai.onnx.ml 5, nodes_modes). */
const BRANCH_LT = 1;
/** aggregate_function of ai.onnx.ml 5. */
const SUM = 1;

/** The ai.onnx.ml 5 operator of an ensemble; its output is the sums, without `base`. */
export function treeNode(trees: TreeEnsemble, input: string, output: string): OnnxNode {
  const { nodes, roots } = withSplitRoots(trees);
  const count = nodes.feature.length;
  const ints = (name: string, values: Int32Array | Uint8Array): OnnxAttribute => ({ name, kind: 'ints', values });
  const floats = (name: string, values: Float32Array): OnnxAttribute => ({
    name,
    kind: 'tensor',
    tensor: { name, shape: [values.length], type: 'float', values },
  });
  const attributes: OnnxAttribute[] = [
    { name: 'aggregate_function', kind: 'int', value: SUM },
    { name: 'post_transform', kind: 'int', value: 0 },
    { name: 'n_targets', kind: 'int', value: trees.outputs },
    ints('tree_roots', roots),
    ints('nodes_featureids', nodes.feature),
    floats('nodes_splits', nodes.threshold),
    {
      name: 'nodes_modes',
      kind: 'tensor',
      tensor: { name: 'nodes_modes', shape: [count], type: 'uint8', values: new Uint8Array(count).fill(BRANCH_LT) },
    },
    ints('nodes_missing_value_tracks_true', nodes.missingIsTrue),
    ...branch('true', nodes.trueChild),
    ...branch('false', nodes.falseChild),
    ints('leaf_targetids', trees.leafTarget),
    floats('leaf_weights', trees.leafWeight),
  ];
  return { operator: 'TreeEnsemble', domain: 'ai.onnx.ml', inputs: [input], outputs: [output], attributes };
}

function branch(side: 'true' | 'false', children: Int32Array): OnnxAttribute[] {
  return [
    { name: `nodes_${side}leafs`, kind: 'ints', values: Uint8Array.from(children, (child) => (child < 0 ? 1 : 0)) },
    { name: `nodes_${side}nodeids`, kind: 'ints', values: children.map((child) => (child < 0 ? -1 - child : child)) },
  ];
}

type Nodes = Pick<TreeEnsemble, 'feature' | 'threshold' | 'missingIsTrue' | 'trueChild' | 'falseChild'>;

/** A tree that is one leaf has no node to be its root: the operator wants one whose branches are both that leaf. */
function withSplitRoots(trees: TreeEnsemble): { nodes: Nodes; roots: Int32Array } {
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
