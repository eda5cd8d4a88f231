import type { TreeEnsemble } from '../onnx/trees.js';
import { ModelFormatError } from './errors.js';
import { readUbjson, type UbjsonValue } from './ubjson.js';

/** What the exporters need of XGBoost's own file. */
export interface XgboostTrees {
  readonly trees: TreeEnsemble;
  /** Mean loss reduction of the splits on each column, not scaled. */
  readonly gain: Float64Array;
}

type Table = { readonly [name: string]: UbjsonValue };
type Numbers = ArrayLike<number>;

/**
 * Reads a model file of XGBoost 3 (UBJSON; gbtree, numeric splits). Its `base_score` is a vector in a string, in the unit of the
 * prediction for `binary:logistic` (a probability, turned into its logit here) and of the sum for the other objectives.
 * @throws ModelFormatError when the file is not as XGBoost 3.2 writes it.
 */
export function readXgboostTrees(file: Uint8Array): XgboostTrees {
  const learner = tableIn(asTable(readUbjson(file)), 'learner');
  const parameters = tableIn(learner, 'learner_model_param');
  const objective = textIn(tableIn(learner, 'objective'), 'name');
  const model = tableIn(tableIn(learner, 'gradient_booster'), 'model');
  const trees = listIn(model, 'trees').map(asTable);
  const targets = asNumbers(model['tree_info'], 'tree_info');
  const outputs = Math.max(1, Number(textIn(parameters, 'num_class')));
  const columns = Number(textIn(parameters, 'num_feature'));
  const flat = flatten(trees, targets, columns);
  const base = Float32Array.from(baseScores(textIn(parameters, 'base_score'), outputs, objective));
  return { trees: { ...flat.nodes, outputs, base, link: linkOf(objective) }, gain: flat.gain };
}

function linkOf(objective: string): TreeEnsemble['link'] {
  if (objective === 'binary:logistic') return 'sigmoid';
  return objective === 'multi:softprob' ? 'softmax' : 'identity';
}

function baseScores(text: string, outputs: number, objective: string): number[] {
  const scores = text
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map(Number);
  const all = scores.length === 1 ? Array.from({ length: outputs }, () => scores[0] ?? Number.NaN) : scores;
  if (all.length !== outputs || all.some((score) => !Number.isFinite(score))) {
    throw new ModelFormatError('XGBoost', `base_score ${text} does not fit ${outputs} outputs`);
  }
  return objective === 'binary:logistic' ? all.map((p) => -Math.log(1 / p - 1)) : all;
}

type Nodes = Pick<
  TreeEnsemble,
  'roots' | 'feature' | 'threshold' | 'missingIsTrue' | 'trueChild' | 'falseChild' | 'leafWeight' | 'leafTarget'
>;

function flatten(trees: readonly Table[], targets: Numbers, columns: number): { nodes: Nodes; gain: Float64Array } {
  const sources = trees.map(sourceOf);
  const total = sources.reduce((sum, { left }) => sum + left.length, 0);
  const leaves = sources.reduce((sum, { left }) => sum + countLeaves(left), 0);
  const splits = total - leaves;
  const nodes: Nodes = {
    roots: new Int32Array(trees.length),
    feature: new Int32Array(splits),
    threshold: new Float32Array(splits),
    missingIsTrue: new Uint8Array(splits),
    trueChild: new Int32Array(splits),
    falseChild: new Int32Array(splits),
    leafWeight: new Float32Array(leaves),
    leafTarget: new Int32Array(leaves),
  };
  const gains = new Float64Array(columns);
  const counts = new Float64Array(columns);
  const next = { split: 0, leaf: 0 };
  sources.forEach((source, tree) => {
    const numbers = numberNodes(source, next);
    nodes.roots[tree] = numbers[0] ?? 0;
    source.left.forEach((left, node) => {
      const at = numbers[node] ?? 0;
      if (left < 0) {
        nodes.leafWeight[-1 - at] = source.condition[node] ?? 0;
        nodes.leafTarget[-1 - at] = targets[tree] ?? 0;
        return;
      }
      const feature = source.feature[node] ?? 0;
      nodes.feature[at] = feature;
      nodes.threshold[at] = source.condition[node] ?? 0;
      nodes.missingIsTrue[at] = source.defaultLeft[node] ?? 0;
      nodes.trueChild[at] = numbers[left] ?? 0;
      nodes.falseChild[at] = numbers[source.right[node] ?? 0] ?? 0;
      gains[feature] = (gains[feature] ?? 0) + (source.gain[node] ?? 0);
      counts[feature] = (counts[feature] ?? 0) + 1;
    });
  });
  return { nodes, gain: gains.map((gain, column) => gain / Math.max(1, counts[column] ?? 0)) };
}

interface SourceTree {
  readonly left: Int32Array;
  readonly right: Numbers;
  readonly feature: Numbers;
  readonly condition: Numbers;
  readonly defaultLeft: Numbers;
  readonly gain: Numbers;
}

function sourceOf(tree: Table): SourceTree {
  if (Array.from(asNumbers(tree['split_type'], 'split_type')).some((type) => type !== 0)) {
    throw new ModelFormatError('XGBoost', 'it splits on categories');
  }
  return {
    left: Int32Array.from(asNumbers(tree['left_children'], 'left_children')),
    right: asNumbers(tree['right_children'], 'right_children'),
    feature: asNumbers(tree['split_indices'], 'split_indices'),
    condition: asNumbers(tree['split_conditions'], 'split_conditions'),
    defaultLeft: asNumbers(tree['default_left'], 'default_left'),
    gain: asNumbers(tree['loss_changes'], 'loss_changes'),
  };
}

function countLeaves(left: Int32Array): number {
  return left.reduce((count, child) => count + (child < 0 ? 1 : 0), 0);
}

/** The number of each node of a tree in the flat arrays: splits from 0 up, leaves from -1 down. */
function numberNodes({ left }: SourceTree, next: { split: number; leaf: number }): Int32Array {
  return left.map((child) => {
    if (child < 0) return -1 - next.leaf++;
    return next.split++;
  });
}

function asTable(value: UbjsonValue | undefined): Table {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new ModelFormatError('XGBoost', 'it has no table where one is expected');
  }
  return value;
}

function tableIn(table: Table, name: string): Table {
  return asTable(table[name]);
}

function listIn(table: Table, name: string): readonly UbjsonValue[] {
  const value = table[name];
  if (!Array.isArray(value)) throw new ModelFormatError('XGBoost', `it has no list ${name}`);
  return value;
}

function textIn(table: Table, name: string): string {
  const value = table[name];
  if (typeof value !== 'string') throw new ModelFormatError('XGBoost', `it has no text ${name}`);
  return value;
}

function asNumbers(value: UbjsonValue | undefined, name: string): Numbers {
  if (ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(Number);
  throw new ModelFormatError('XGBoost', `it has no numbers ${name}`);
}
