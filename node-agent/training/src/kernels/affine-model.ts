import type { FeatureMatrix, NativeDescription, Predictions, TrainedModel } from '../learning/learner.js';
import { axis, TO_DOUBLE, TO_FLOAT, type GraphBuilder } from '../onnx/graph-builder.js';
import type { ModelOutputs } from '../onnx/model-outputs.js';
import type { DenseAlgebra } from './dense-algebra.js';
import { eachBlock } from './row-blocks.js';

/** Scores of a row: its columns times coefficients, plus an intercept each. */
export interface AffineModel {
  readonly columns: number;
  /** Row-major, outputs x columns. */
  readonly coefficients: Float64Array;
  /** One an output. */
  readonly intercepts: Float64Array;
  readonly link: Link;
}

/** What a prediction is: the one score; two classes, the second with the sigmoid of the one score; a class a score. */
export type Link = 'identity' | 'sigmoid' | 'softmax';

/** @returns in an array of its own: numbers, or probabilities of each class */
export function predictAffine(algebra: DenseAlgebra, model: AffineModel, features: FeatureMatrix): Predictions {
  const { columns, coefficients, intercepts, link } = model;
  const outputs = intercepts.length;
  const width = columns + 1;
  const weights = new Float64Array(outputs * width);
  for (let output = 0; output < outputs; output += 1) {
    weights.set(coefficients.subarray(output * columns, (output + 1) * columns), output * width);
    weights[output * width + columns] = intercepts[output] ?? 0;
  }
  const predicted = link === 'sigmoid' ? 2 : outputs;
  const out = new Float64Array(features.rows * predicted);
  eachBlock(features, { columns, offsets: new Float64Array(columns), last: () => 1 }, ({ values, rows, from }) => {
    const scores = new Float64Array(rows * outputs);
    algebra.multiplyDouble({ m: rows, n: outputs, k: width, a: values, b: weights, isBTransposed: true, c: scores });
    linked(scores, outputs, link, out.subarray(from * predicted, (from + rows) * predicted));
  });
  return out;
}

/** Writes the predictions of rows with so many scores each. */
export function linked(scores: Float64Array, outputs: number, link: Link, out: Float64Array): void {
  if (link === 'identity') out.set(scores);
  else if (link === 'softmax') softmaxRows(scores, outputs, out);
  else
    for (const [row, score] of scores.entries()) {
      out[2 * row] = 1 / (1 + Math.exp(score));
      out[2 * row + 1] = 1 / (1 + Math.exp(-score));
    }
}

/** The softmax of each row, which may be written over the scores. */
export function softmaxRows(scores: Float64Array, width: number, out: Float64Array): void {
  for (let from = 0; from < scores.length; from += width) {
    let most = -Infinity;
    for (let at = from; at < from + width; at += 1) most = Math.max(most, scores[at] ?? NaN);
    let sum = 0;
    for (let at = from; at < from + width; at += 1) {
      const weight = Math.exp((scores[at] ?? NaN) - most);
      out[at] = weight;
      sum += weight;
    }
    for (let at = from; at < from + width; at += 1) out[at] = (out[at] ?? NaN) / sum;
  }
}

/** What the native file holds, as JSON; docs/native-files.md has it for people. */
interface AffineFile extends Partial<NativeDescription> {
  readonly format: typeof FORMAT;
  readonly version: 1;
  readonly link: AffineModel['link'];
  /** One list an output. */
  readonly coefficients: readonly (readonly number[])[];
  readonly intercepts: readonly number[];
}
const FORMAT = 'trainer-affine';

/** @param deviations of the columns in the training rows: a column matters as much as its coefficients move the scores of usual rows. */
export function trainedAffine(algebra: DenseAlgebra, model: AffineModel, deviations: Float64Array): TrainedModel {
  return {
    native: {
      ending: '.json',
      bytes: fileOf(model, null),
      described: (description) => fileOf(model, description),
      predict: (file, rows) => predictAffine(algebra, readFile(file), rows),
    },
    importance: importanceOf(model, deviations),
    addTo: (graph, features) => addAffine(graph, model, features),
  };
}

function fileOf({ columns, coefficients, intercepts, link }: AffineModel, description: NativeDescription | null): Uint8Array {
  const lists = Array.from(intercepts, (_, output) => [...coefficients.subarray(output * columns, (output + 1) * columns)]);
  const file: AffineFile = { format: FORMAT, version: 1, link, coefficients: lists, intercepts: [...intercepts], ...description };
  return Buffer.from(`${JSON.stringify(file)}\n`);
}

function readFile(bytes: Uint8Array): AffineModel {
  const { link, coefficients, intercepts } = JSON.parse(Buffer.from(bytes).toString()) as AffineFile;
  return {
    columns: coefficients[0]?.length ?? 0,
    coefficients: Float64Array.from(coefficients.flat()),
    intercepts: Float64Array.from(intercepts),
    link,
  };
}

function importanceOf({ columns, coefficients }: AffineModel, deviations: Float64Array): Float64Array {
  const sizes = new Float64Array(columns);
  for (const [at, value] of coefficients.entries()) {
    const column = at % columns;
    sizes[column] = (sizes[column] ?? 0) + Math.abs(value) * (deviations[column] ?? 0);
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return total > 0 ? sizes.map((size) => size / total) : sizes;
}

/** In double, as the scores of many columns cancel. Of two classes the first has the sigmoid of the opposite score. */
function addAffine(graph: GraphBuilder, { columns, coefficients, intercepts, link }: AffineModel, features: string): ModelOutputs {
  const signs = link === 'sigmoid' ? [-1, 1] : Array.from(intercepts, () => 1);
  const from = (at: number): number => (link === 'sigmoid' ? 0 : at);
  const weights = Float64Array.from({ length: columns * signs.length }, (_, at) => {
    const [column, target] = [Math.floor(at / signs.length), at % signs.length];
    return (signs[target] ?? 1) * (coefficients[from(target) * columns + column] ?? 0);
  });
  const biases = Float64Array.from(signs, (sign, target) => sign * (intercepts[from(target)] ?? 0));
  const exact = graph.add({ operator: 'Cast', inputs: [features], output: 'exact_features', attributes: [TO_DOUBLE] });
  const matrix = graph.constant('coefficients', { shape: [columns, signs.length], type: 'double', values: weights });
  const products = graph.add({ operator: 'MatMul', inputs: [exact, matrix], output: 'products' });
  const row = graph.constant('intercepts', { shape: [1, signs.length], type: 'double', values: biases });
  const scores = graph.add({ operator: 'Add', inputs: [products, row], output: 'scores' });
  if (link === 'identity') return { kind: 'value', value: scores };
  const shares =
    link === 'sigmoid'
      ? graph.add({ operator: 'Sigmoid', inputs: [scores], output: 'shares' })
      : graph.add({ operator: 'Softmax', inputs: [scores], output: 'shares', attributes: [axis(1)] });
  return {
    kind: 'probabilities',
    probabilities: graph.add({ operator: 'Cast', inputs: [shares], output: 'answer', attributes: [TO_FLOAT] }),
  };
}
