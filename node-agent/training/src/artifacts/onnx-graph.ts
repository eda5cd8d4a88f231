import type { TreeEnsemble } from '../learning/learner.js';
import type { Preprocessing, TargetEncoding } from '../preprocessing/preprocessing.js';
import {
  encodeModel,
  type ElementType,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx-protobuf.js';
import { inputLayout, OUTPUTS, signatureOf, type InputLayout, type Signature } from './signature.js';
import { treeNode } from './tree-node.js';

/**
 * The oldest onnxruntime that loads our files: the first whose CPU provider has TreeEnsemble of ai.onnx.ml 5 (tried release by
 * release; docs/pickle.md names it too).
 */
export const OLDEST_ONNXRUNTIME = '1.21.0';

/**
 * @returns the ONNX file of preprocessing and model: raw columns in; label and probabilities, or the value, out. Equal
 * arguments give equal bytes.
 */
export function buildOnnx(preprocessing: Preprocessing, trees: TreeEnsemble): Uint8Array {
  const graph = new GraphBuilder(preprocessing);
  const features = graph.features();
  const sums = graph.add(treeNode(trees, features, graph.fresh('sums')));
  const base = graph.constant({ name: graph.fresh('base'), shape: [1, trees.outputs], type: 'float', values: trees.base });
  const { target } = preprocessing;
  if (target.kind === 'number') graph.add(standard('Add', [sums, base], OUTPUTS.value));
  else {
    const margins = graph.add(standard('Add', [sums, base], graph.fresh('margins')));
    addProbabilities(graph, margins, trees.link);
    addLabels(graph, target);
  }
  const metadata = [['feature_names', JSON.stringify(preprocessing.inputs.map(({ name }) => name))]] as const;
  const classes = target.kind === 'classes' ? ([['classes', JSON.stringify(target.classes)]] as const) : [];
  return encodeModel(graph.build(), [...metadata, ...classes]);
}

function addProbabilities(graph: GraphBuilder, margins: string, link: TreeEnsemble['link']): void {
  if (link === 'softmax') {
    graph.add(standard('Softmax', [margins], OUTPUTS.probability, [axis(1)]));
    return;
  }
  const positive = graph.add(standard('Sigmoid', [margins], graph.fresh('positive')));
  const one = graph.constant({ name: graph.fresh('one'), shape: [1, 1], type: 'float', values: Float32Array.of(1) });
  const negative = graph.add(standard('Sub', [one, positive], graph.fresh('negative')));
  graph.add(standard('Concat', [negative, positive], OUTPUTS.probability, [axis(1)]));
}

function addLabels(graph: GraphBuilder, target: Extract<TargetEncoding, { kind: 'classes' }>): void {
  const keepDimensions: OnnxAttribute = { name: 'keepdims', kind: 'int', value: 0 };
  const best = graph.add(standard('ArgMax', [OUTPUTS.probability], graph.fresh('best'), [axis(1), keepDimensions]));
  const place = { name: graph.fresh('classes'), shape: [target.classes.length] };
  const classes = graph.constant(
    target.labels === 'int64'
      ? { ...place, type: 'int64', values: BigInt64Array.from(target.classes, BigInt) }
      : { ...place, type: 'string', values: target.classes },
  );
  graph.add(standard('Gather', [classes, best], OUTPUTS.label, [axis(0)]));
}

function standard(operator: string, inputs: readonly string[], output: string, attributes: readonly OnnxAttribute[] = []): OnnxNode {
  return { operator, domain: '', inputs, outputs: [output], attributes };
}

function axis(value: number): OnnxAttribute {
  return { name: 'axis', kind: 'int', value };
}

const ELEMENTS: Readonly<Record<string, ElementType>> = { float32: 'float', float64: 'double', int64: 'int64', string: 'string' };

class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants: OnnxTensor[] = [];
  readonly #taken: Set<string>;
  readonly #signature: Signature;
  readonly #layout: InputLayout;

  constructor(private readonly preprocessing: Preprocessing) {
    this.#signature = signatureOf(preprocessing);
    this.#layout = inputLayout(preprocessing);
    this.#taken = new Set([...this.#signature.inputs, ...this.#signature.outputs].map(({ name }) => name));
  }

  /** A name like `wanted` that nothing in the graph has: columns may be called anything. */
  fresh(wanted: string): string {
    let name = wanted;
    for (let n = 1; this.#taken.has(name); n += 1) name = `${wanted}_${n}`;
    this.#taken.add(name);
    return name;
  }

  /** @returns the node's output. */
  add(node: OnnxNode): string {
    this.#nodes.push(node);
    return node.outputs[0] ?? '';
  }

  constant(tensor: OnnxTensor): string {
    this.#constants.push(tensor);
    return tensor.name;
  }

  /** @returns the value that holds the encoded columns, float32. */
  features(): string {
    if (this.#layout.kind === 'matrix') return this.#layout.name;
    const { names } = this.#layout;
    const columns = this.preprocessing.steps.map((step, at) => {
      const input = names[at] ?? '';
      return step.kind === 'number' ? input : this.#centred(input, step.centre);
    });
    return this.add(standard('Concat', columns, this.fresh('features'), [axis(1)]));
  }

  #centred(input: string, centre: number): string {
    const constant = this.constant({ name: this.fresh('centre'), shape: [1, 1], type: 'double', values: Float64Array.of(centre) });
    const moved = this.add(standard('Sub', [input, constant], this.fresh('moved')));
    const toFloat: OnnxAttribute = { name: 'to', kind: 'int', value: 1 };
    return this.add(standard('Cast', [moved], this.fresh('rounded'), [toFloat]));
  }

  build(): OnnxGraph {
    const value = ({ name, type, shape }: Signature['inputs'][number]): OnnxValue => ({ name, type: ELEMENTS[type] ?? 'float', shape });
    return {
      name: 'trainer',
      inputs: this.#signature.inputs.map(value),
      outputs: this.#signature.outputs.map(value),
      constants: this.#constants,
      nodes: this.#nodes,
    };
  }
}
