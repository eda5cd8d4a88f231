import type { FeatureMatrix, NativeDescription, Predictions, TrainedModel } from '../learning/learner.js';
import { axis, TO_DOUBLE, type GraphBuilder } from '../onnx/graph-builder.js';
import type { ModelOutputs } from '../onnx/model-outputs.js';
import { linked, type Link } from './affine-model.js';
import type { DenseAlgebra } from './dense-algebra.js';
import { ACTIVATIONS, DenseNetwork, layersOf, parameterCount, type Activation, type NetworkShape } from './dense-network.js';
import { layOutTensors, readTensors, type TensorForm } from './safetensors.js';

/** A network that no training changes any more. */
export interface NetworkModel {
  readonly shape: NetworkShape;
  readonly parameters: Float32Array;
  readonly link: Link;
}

/** Rows that are predicted at once. */
const BLOCK_ROWS = 1_024;

/** @returns in an array of its own: numbers, or probabilities of each class. Columns beyond the network's inputs are read by nobody. */
export function predictNetwork(algebra: DenseAlgebra, { shape, parameters, link }: NetworkModel, features: FeatureMatrix): Predictions {
  const { values, rows, columns } = features;
  const [inputs, outputs] = [shape.sizes[0] ?? 0, shape.sizes.at(-1) ?? 0];
  const network = new DenseNetwork(algebra, { ...shape, dropout: 0 }, parameters, Math.min(rows, BLOCK_ROWS));
  const predicted = link === 'sigmoid' ? 2 : outputs;
  const out = new Float64Array(rows * predicted);
  for (let from = 0; from < rows; from += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - from);
    for (let row = 0; row < count; row += 1) {
      network.input.set(values.subarray((from + row) * columns, (from + row) * columns + inputs), row * inputs);
    }
    linked(Float64Array.from(network.forward(count, null)), outputs, link, out.subarray(from * predicted, (from + count) * predicted));
  }
  return out;
}

export function trainedNetwork(algebra: DenseAlgebra, model: NetworkModel): TrainedModel {
  return {
    native: {
      ending: '.safetensors',
      bytes: fileOf(model, null),
      described: (description) => fileOf(model, description),
      predict: (file, rows) => predictedBy(algebra, file, rows),
    },
    importance: null,
    addTo: (graph, features) => addNetwork(graph, model, features),
  };
}

const FORMAT = 'trainer-network';

/** docs/native-files.md has it for people. */
function fileOf({ shape, parameters, link }: NetworkModel, description: NativeDescription | null): Uint8Array {
  const layers = layersOf(parameters, shape);
  const forms = layers.flatMap(({ inputs, units }, at): [string, TensorForm & { dtype: 'F32' }][] => [
    [weightsOf(at), { dtype: 'F32', shape: [inputs, units] }],
    [biasesOf(at), { dtype: 'F32', shape: [units] }],
  ]);
  const { columns, preprocessing, target } = description ?? { columns: [], preprocessing: '', target: null };
  const texts = {
    format: FORMAT,
    version: '1',
    activation: shape.activation,
    link,
    columns: JSON.stringify(columns),
    preprocessing,
    target: JSON.stringify(target),
  };
  const { bytes, tensors } = layOutTensors(texts, Object.fromEntries(forms));
  for (const [at, { weights, biases }] of layers.entries()) {
    tensors[weightsOf(at)]?.set(weights);
    tensors[biasesOf(at)]?.set(biases);
  }
  return bytes;
}

const weightsOf = (layer: number): string => `layers.${layer}.weights`;
const biasesOf = (layer: number): string => `layers.${layer}.biases`;

function predictedBy(algebra: DenseAlgebra, file: Uint8Array, rows: FeatureMatrix): Predictions {
  const { texts, shapes, tensors } = readTensors<Record<string, { dtype: 'F32'; shape: number[] }>>(file);
  const layers = Object.keys(shapes).length / 2;
  const sizes = [shapes[weightsOf(0)]?.[0] ?? 0, ...Array.from({ length: layers }, (_, at) => shapes[biasesOf(at)]?.[0] ?? 0)];
  const activation: Activation = ACTIVATIONS.find((known) => known === texts['activation']) ?? 'identity';
  const shape: NetworkShape = { sizes, activation, dropout: 0 };
  const parameters = new Float32Array(parameterCount(shape));
  for (const [at, { weights, biases }] of layersOf(parameters, shape).entries()) {
    weights.set(tensors[weightsOf(at)] ?? []);
    biases.set(tensors[biasesOf(at)] ?? []);
  }
  const link = texts['link'] === 'sigmoid' || texts['link'] === 'softmax' ? texts['link'] : 'identity';
  const predicted = predictNetwork(algebra, { shape, parameters, link }, rows);
  const target = JSON.parse(texts['target'] ?? 'null') as NativeDescription['target'];
  return target === null ? predicted : predicted.map((value) => target.offset + target.factor * value);
}

const OPERATORS: Readonly<Record<Activation, string | null>> = { relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid', identity: null };

function addNetwork(graph: GraphBuilder, { shape, parameters, link }: NetworkModel, features: string): ModelOutputs {
  const layers = layersOf(parameters, shape);
  const scores = layers.reduce((input, layer, at) => {
    const isLast = at === layers.length - 1;
    const inputs = [input, ...bothSides(graph, layer, isLast && link === 'sigmoid')];
    const sums = graph.add({ operator: 'Gemm', inputs, output: 'sums' });
    const operator = OPERATORS[shape.activation];
    return isLast || operator === null ? sums : graph.add({ operator, inputs: [sums], output: 'units' });
  }, features);
  if (link === 'identity') {
    return { kind: 'value', value: graph.add({ operator: 'Cast', inputs: [scores], output: 'exact_scores', attributes: [TO_DOUBLE] }) };
  }
  const shares =
    link === 'sigmoid'
      ? graph.add({ operator: 'Sigmoid', inputs: [scores], output: 'shares' })
      : graph.add({ operator: 'Softmax', inputs: [scores], output: 'shares', attributes: [axis(1)] });
  return { kind: 'probabilities', probabilities: shares };
}

/** Weights and biases; `isDoubled`: of the first class too, which has the opposite score of the second. */
function bothSides(
  graph: GraphBuilder,
  { inputs, units, weights, biases }: ReturnType<typeof layersOf>[number],
  isDoubled: boolean,
): string[] {
  const width = isDoubled ? 2 : units;
  const both = (values: Float32Array): Float32Array =>
    isDoubled ? Float32Array.from({ length: values.length * 2 }, (_, at) => (at % 2 === 0 ? -1 : 1) * (values[at >> 1] ?? NaN)) : values;
  return [
    graph.constant('weights', { shape: [inputs, width], type: 'float', values: both(weights) }),
    graph.constant('biases', { shape: [1, width], type: 'float', values: both(biases) }),
  ];
}
