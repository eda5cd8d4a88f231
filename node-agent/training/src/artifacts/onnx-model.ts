import type { TrainedModel } from '../learning/learner.js';
import { axis, GraphBuilder } from '../onnx/graph-builder.js';
import { encodeModel, type ElementType, type OnnxValue } from '../onnx/protobuf.js';
import type { Preprocessing, TargetEncoding } from '../preprocessing/preprocessing.js';
import { stepInOnnx } from '../preprocessing/steps/steps.js';
import { tableStepsInOnnx } from '../preprocessing/table-steps.js';
import { inputLayout, OUTPUTS, signatureOf, type Signature } from './signature.js';

/**
 * The oldest onnxruntime that loads our files: the first whose CPU provider has TreeEnsemble of ai.onnx.ml 5 (tried release by
 * release; docs/pickle.md names it too).
 */
export const OLDEST_ONNXRUNTIME = '1.21.0';

/**
 * @returns the ONNX file of preprocessing and model: raw columns in; label and probabilities, the value, or the cluster out. Equal
 * arguments give equal bytes.
 */
export function buildOnnx(preprocessing: Preprocessing, model: Pick<TrainedModel, 'addTo'>): Uint8Array {
  const { inputs, outputs } = signatureOf(preprocessing);
  const graph = new GraphBuilder(inputs.map(valueOf), outputs.map(valueOf));
  const features = tableStepsInOnnx(graph, addFeatures(graph, preprocessing), preprocessing.tableSteps);
  const found = model.addTo(graph, features);
  const { target } = preprocessing;
  const metadata = [['feature_names', JSON.stringify(preprocessing.inputs.map(({ name }) => name))]] as const;
  if (target.kind === 'number' && found.kind === 'value') {
    return encodeModel(graph.build('trainer', { [OUTPUTS.value]: found.value }), metadata);
  }
  if (target.kind === 'clusters' && found.kind === 'clusters') {
    return encodeModel(graph.build('trainer', { [OUTPUTS.cluster]: found.cluster }), metadata);
  }
  if (target.kind !== 'classes' || found.kind !== 'probabilities') throw new TypeError(`A model of a ${target.kind} gives ${found.kind}.`);
  const label = addLabels(graph, target, found.probabilities);
  const results = { [OUTPUTS.label]: label, [OUTPUTS.probability]: found.probabilities };
  return encodeModel(graph.build('trainer', results), [...metadata, ['classes', JSON.stringify(target.classes)]]);
}

function addLabels(graph: GraphBuilder, target: Extract<TargetEncoding, { kind: 'classes' }>, probabilities: string): string {
  const best = graph.add({
    operator: 'ArgMax',
    inputs: [probabilities],
    output: 'best',
    attributes: [axis(1), { name: 'keepdims', kind: 'int', value: 0 }],
  });
  const shape = [target.classes.length];
  const classes = graph.constant(
    'classes',
    target.type === 'int64'
      ? { shape, type: 'int64', values: BigInt64Array.from(target.classes, BigInt) }
      : { shape, type: 'string', values: target.classes },
  );
  return graph.add({ operator: 'Gather', inputs: [classes, best], output: 'label', attributes: [axis(0)] });
}

const ELEMENTS: Readonly<Record<string, ElementType>> = { float32: 'float', float64: 'double', int64: 'int64', string: 'string' };

function valueOf({ name, type, shape }: Signature['inputs'][number]): OnnxValue {
  return { name, type: ELEMENTS[type] ?? 'float', shape };
}

/** @returns the value that holds the columns as their steps encode them, float32. */
function addFeatures(graph: GraphBuilder, preprocessing: Preprocessing): string {
  const layout = inputLayout(preprocessing);
  if (layout.kind === 'matrix') return layout.name;
  const columns = preprocessing.steps.map((step, at) => stepInOnnx(step, graph, layout.names[at] ?? ''));
  return graph.add({ operator: 'Concat', inputs: columns, output: 'features', attributes: [axis(1)] });
}
