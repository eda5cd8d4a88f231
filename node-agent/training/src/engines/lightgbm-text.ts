import type { TreeEnsemble } from '../onnx/trees.js';
import { ModelFormatError } from './errors.js';

/*
 * LightGBM's own file (v4, src/boosting/gbdt_model_text.cpp): lines `key=value`, first of the model, then of each tree in a block that
 * begins with `Tree=N`, then `end of trees`, importances, and `[name: value]` parameters, of which the library keeps those it does not know.
 */

/** What the exporters need of a model's text. */
export interface LightgbmTrees {
  readonly trees: TreeEnsemble;
  /** Loss reduction of all splits on each column, not scaled. */
  readonly gain: Float64Array;
}

/** Of `decision_type` (include/LightGBM/tree.h): the split is on categories; gaps go left; how missing values are told. */
const CATEGORICAL = 1;
const GAPS_GO_LEFT = 2;
const missingKind = (decision: number): number => (decision >> 2) & 3;
const MISSING_NONE = 0;
const MISSING_NAN = 2;

/** @throws ModelFormatError when the text is not as LightGBM 4.7 writes it. */
export function readLightgbmTrees(text: string): LightgbmTrees {
  const { head, trees: blocks } = partsOf(text);
  const model = linesOf(head);
  const outputs = Number(valueOf(model, 'num_tree_per_iteration'));
  const columns = Number(valueOf(model, 'max_feature_idx')) + 1;
  const trees = blocks.map((block) => sourceOf(linesOf(block)));
  const { nodes, gain } = flatten(trees, outputs, columns);
  // What trees start from is in the leaves of the first round.
  const base = new Float32Array(outputs);
  return { trees: { ...nodes, outputs, base, link: linkOf(valueOf(model, 'objective')) }, gain };
}

/** How a file of ours differs from the library's text. */
export interface FileChanges {
  /** All columns that the file is to declare, at least as many as the model has; no white space, quotes, commas, colons, brackets or braces. */
  readonly columns: readonly string[];
  /** Added to what the trees predict. */
  readonly offset: number;
  /** Lines of the parameters' section: names and values of one line each. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The text (without its parameters) as a file. @throws ModelFormatError */
export function changedText(text: string, { columns, offset, attributes }: FileChanges): string {
  const { head, trees, rest } = partsOf(text);
  const model = linesOf(head);
  const outputs = Number(valueOf(model, 'num_tree_per_iteration'));
  const moved = trees.map((tree, at) => (at < outputs && offset !== 0 ? movedTree(tree, offset) : tree));
  const infos = valueOf(model, 'feature_infos').split(' ').filter(Boolean);
  const unused = Array.from({ length: columns.length - infos.length }, () => 'none');
  const values = {
    max_feature_idx: String(columns.length - 1),
    feature_names: columns.join(' '),
    feature_infos: [...infos, ...unused].join(' '),
  };
  const section = Object.entries(attributes).map(([name, value]) => `[${name}: ${value}]\n`);
  const end = `\nparameters:\n${section.join('')}\nend of parameters\n\npandas_categorical:null\n`;
  return `${joined({ head: withValues(head, values), trees: moved, rest })}${end}`;
}

/** The text as the library writes it after it has read it: the weight of a lone leaf is lost on the way. @throws ModelFormatError */
export function settledText(text: string): string {
  if (!/^num_leaves=1$/m.test(text)) return text;
  const { head, trees, rest } = partsOf(text);
  const settled = trees.map((tree) => (/^num_leaves=1$/m.test(tree) ? tree.replace(/^leaf_weight=.*$/m, 'leaf_weight=') : tree));
  return joined({ head, trees: settled, rest });
}

interface TextParts {
  readonly head: string;
  readonly trees: readonly string[];
  /** From the line `end of trees` on. */
  readonly rest: string;
}

function partsOf(text: string): TextParts {
  const end = text.indexOf('end of trees\n');
  if (end < 0) throw malformed('its trees have no end');
  const [head = '', ...trees] = text.slice(0, end).split(/^(?=Tree=\d+$)/m);
  return { head, trees, rest: text.slice(end) };
}

function joined({ head, trees, rest }: TextParts): string {
  // The library cuts the text by them.
  const sizes = trees.map((tree) => Buffer.byteLength(tree)).join(' ');
  return `${withValues(head, { tree_sizes: sizes })}${trees.join('')}${rest}`;
}

function withValues(head: string, values: Readonly<Record<string, string>>): string {
  const lines = head.split('\n').map((line) => {
    const key = line.slice(0, line.indexOf('='));
    return Object.hasOwn(values, key) ? `${key}=${values[key] ?? ''}` : line;
  });
  return lines.join('\n');
}

function movedTree(block: string, offset: number): string {
  return block.replace(/^(leaf_value|internal_value)=(.*)$/gm, (_, key: string, values: string) => {
    const moved = values
      .split(' ')
      .filter(Boolean)
      .map((value) => Number(value) + offset);
    return `${key}=${moved.join(' ')}`;
  });
}

type Lines = ReadonlyMap<string, string>;

function linesOf(block: string): Lines {
  const lines = block.split('\n').flatMap((line): [string, string][] => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });
  return new Map(lines);
}

function valueOf(lines: Lines, key: string): string {
  const value = lines.get(key);
  if (value === undefined) throw malformed(`it has no ${key}`);
  return value;
}

function numbersIn(lines: Lines, key: string, length: number): Float64Array {
  const text = valueOf(lines, key);
  const values = Float64Array.from(text === '' ? [] : text.trim().split(' '), (word) => (word === 'inf' ? Infinity : Number(word)));
  if (values.length !== length || values.some(Number.isNaN)) throw malformed(`${key} has not ${length} numbers`);
  return values;
}

function malformed(found: string): ModelFormatError {
  return new ModelFormatError('LightGBM', found);
}

function linkOf(objective: string): TreeEnsemble['link'] {
  switch (objective.split(' ')[0]) {
    case 'regression':
      return 'identity';
    case 'binary':
      return 'sigmoid';
    case 'multiclass':
      return 'softmax';
    default:
      throw malformed(`its objective is ${objective}`);
  }
}

/** A tree as the text has it: a child below 0 is the leaf `-1 - child`. */
interface SourceTree {
  readonly feature: Float64Array;
  readonly threshold: Float64Array;
  readonly decision: Float64Array;
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly gain: Float64Array;
  readonly leaf: Float64Array;
}

function sourceOf(lines: Lines): SourceTree {
  const leaves = Number(valueOf(lines, 'num_leaves'));
  const splits = leaves - 1;
  const of = (key: string): Float64Array => (splits === 0 ? new Float64Array(0) : numbersIn(lines, key, splits));
  return {
    feature: of('split_feature'),
    threshold: of('threshold'),
    decision: of('decision_type'),
    left: of('left_child'),
    right: of('right_child'),
    gain: of('split_gain'),
    leaf: numbersIn(lines, 'leaf_value', leaves),
  };
}

type Nodes = Pick<
  TreeEnsemble,
  'roots' | 'feature' | 'threshold' | 'missingIsTrue' | 'trueChild' | 'falseChild' | 'leafWeight' | 'leafTarget'
>;

function flatten(trees: readonly SourceTree[], outputs: number, columns: number): { nodes: Nodes; gain: Float64Array } {
  const leaves = trees.reduce((sum, { leaf }) => sum + leaf.length, 0);
  const splits = leaves - trees.length;
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
  const gain = new Float64Array(columns);
  let [firstSplit, firstLeaf] = [0, 0];
  trees.forEach((tree, at) => {
    const numbered = (child: number): number => (child < 0 ? child - firstLeaf : child + firstSplit);
    nodes.roots[at] = numbered(tree.feature.length === 0 ? -1 : 0);
    tree.feature.forEach((feature, node) => {
      const to = firstSplit + node;
      const threshold = tree.threshold[node] ?? NaN;
      const left = numbered(tree.left[node] ?? -1);
      const right = numbered(tree.right[node] ?? -1);
      const isLeft = gapsGoLeft(tree.decision[node] ?? 0, threshold);
      // What parts gaps from all numbers has an infinite threshold: no number is below the negative one, an infinite one neither.
      const isOfGaps = threshold === Infinity;
      nodes.feature[to] = feature;
      nodes.threshold[to] = isOfGaps ? -Infinity : above(threshold);
      nodes.missingIsTrue[to] = Number(isLeft !== isOfGaps);
      nodes.trueChild[to] = isOfGaps ? right : left;
      nodes.falseChild[to] = isOfGaps ? left : right;
      gain[feature] = (gain[feature] ?? 0) + (tree.gain[node] ?? 0);
    });
    nodes.leafWeight.set(tree.leaf, firstLeaf);
    nodes.leafTarget.fill(at % outputs, firstLeaf, firstLeaf + tree.leaf.length);
    firstSplit += tree.feature.length;
    firstLeaf += tree.leaf.length;
  });
  return { nodes, gain };
}

/** Where the column had no gaps in training the library reads one as 0. @throws ModelFormatError for a split that we never ask for */
function gapsGoLeft(decision: number, threshold: number): boolean {
  if ((decision & CATEGORICAL) !== 0) throw malformed('it splits on categories');
  const kind = missingKind(decision);
  if (kind !== MISSING_NONE && kind !== MISSING_NAN) throw malformed('it takes zeros for gaps');
  return kind === MISSING_NAN ? (decision & GAPS_GO_LEFT) !== 0 : 0 <= threshold;
}

const asFloat = new Float32Array(1);
const asBits = new Int32Array(asFloat.buffer);

/** The least float32 above `threshold`: of float32 values, those at most `threshold` are those below it. */
export function above(threshold: number): number {
  asFloat[0] = threshold;
  const [rounded = 0] = asFloat;
  if (rounded > threshold) return rounded;
  if (rounded === 0) return 2 ** -149;
  if (rounded === Infinity) return Infinity;
  // Floats of one sign are in the order of their bits.
  asBits[0] = (asBits[0] ?? 0) + (rounded > 0 ? 1 : -1);
  return asFloat[0];
}
