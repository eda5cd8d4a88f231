import type { SignatureColumn } from '@trainer/model';
import type { Preprocessing } from '../preprocessing/preprocessing.js';

/** The names of the outputs, as skl2onnx gives them. */
export const OUTPUTS = { label: 'output_label', probability: 'output_probability', value: 'variable', cluster: 'cluster' } as const;

/**
 * How the ONNX file takes a row: all columns in one float32 matrix `X`, or, where some column is text or needs double, one input a column
 * in the order of `preprocessing.inputs`.
 */
export type InputLayout = { readonly kind: 'matrix'; readonly name: 'X' } | { readonly kind: 'columns'; readonly names: readonly string[] };

export function inputLayout({ inputs }: Preprocessing): InputLayout {
  if (inputs.every(({ type }) => type === 'float')) return { kind: 'matrix', name: 'X' };
  const taken = new Set<string>(Object.values(OUTPUTS));
  const names = inputs.map(({ name }, at) => {
    // ONNX knows no empty name, and none twice, be it an output's.
    let free = name === '' ? `column_${at}` : name;
    while (taken.has(free)) free = `${free}_`;
    taken.add(free);
    return free;
  });
  return { kind: 'columns', names };
}

const COLUMN_TYPES = { float: 'float32', double: 'float64', string: 'string' } as const;

export interface Signature {
  readonly inputs: readonly SignatureColumn[];
  readonly outputs: readonly SignatureColumn[];
}

/** The inputs and outputs of the ONNX file; null in a shape is the number of rows. */
export function signatureOf(preprocessing: Preprocessing): Signature {
  const { inputs, target } = preprocessing;
  const layout = inputLayout(preprocessing);
  const columns: SignatureColumn[] =
    layout.kind === 'matrix'
      ? [{ name: layout.name, type: 'float32', shape: [null, inputs.length] }]
      : inputs.map(({ type }, at) => ({ name: layout.names[at] ?? '', type: COLUMN_TYPES[type], shape: [null, 1] }));
  if (target.kind === 'number') return { inputs: columns, outputs: [{ name: OUTPUTS.value, type: 'float64', shape: [null, 1] }] };
  if (target.kind === 'clusters') return { inputs: columns, outputs: [{ name: OUTPUTS.cluster, type: 'int64', shape: [null] }] };
  return {
    inputs: columns,
    outputs: [
      { name: OUTPUTS.label, type: target.type === 'int64' ? 'int64' : 'string', shape: [null] },
      { name: OUTPUTS.probability, type: 'float32', shape: [null, target.classes.length] },
    ],
  };
}
