import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../onnx/graph-builder.js';
import { encodeModel } from '../onnx/protobuf.js';
import type { Column } from '../data/table.js';
import { encodeRows } from './apply.js';
import { encoderOf, inputTypeOf, stepInOnnx, type FittedStep } from './steps/steps.js';

/** A fitted step, and any column of its kind: also one with gaps, levels and values that training did not meet. */
export interface StepCase {
  readonly fitted: FittedStep;
  readonly column: Column;
}

/**
 * What holds for every step: the encoded columns are those that onnxruntime computes with the exported graph, bit for bit.
 * @param cases any number of columns, each with its fitted step
 */
export function stepContract(what: string, cases: () => readonly StepCase[]): void {
  let runtime: { InferenceSession: typeof InferenceSession; Tensor: typeof Tensor };
  const sessions: InferenceSession[] = [];
  beforeAll(async () => {
    runtime = await import('onnxruntime-node');
  });
  afterAll(() => Promise.all(sessions.map((session) => session.release())));

  test(`${what}: onnxruntime encodes as the trainer does`, async () => {
    for (const { fitted, column } of cases()) {
      const rows = column.kind === 'text' ? column.codes.length : column.values.length;
      const width = fitted.encoded.length;
      const ours = encodeRows(
        [{ width, write: encoderOf(fitted, column) }],
        Int32Array.from({ length: rows }, (_, row) => row),
      );
      const session = await runtime.InferenceSession.create(modelOf(fitted), { intraOpNumThreads: 1, logSeverityLevel: 3 });
      sessions.push(session);
      const { encoded } = await session.run({ column: tensorOf(runtime.Tensor, column, inputTypeOf(fitted)) });
      expect({ dims: encoded?.dims, values: encoded?.data }).toEqual({ dims: [rows, width], values: ours.values });
    }
  });
}

function modelOf(fitted: FittedStep): Uint8Array {
  const type = inputTypeOf(fitted);
  const graph = new GraphBuilder(
    [{ name: 'column', type, shape: [null, 1] }],
    [{ name: 'encoded', type: 'float', shape: [null, fitted.encoded.length] }],
  );
  const value = stepInOnnx(fitted, graph, 'column');
  // A column that is taken as it is has no node of its own.
  const encoded = graph.add({ operator: 'Identity', inputs: [value], output: 'same' });
  return encodeModel(graph.build('step', { encoded }), []);
}

function tensorOf(Tensors: typeof Tensor, column: Column, type: 'float' | 'double' | 'string'): Tensor {
  if (column.kind === 'text') {
    const texts = Array.from(column.codes, (code) => column.labels[code] ?? '');
    return new Tensors('string', texts, [texts.length, 1]);
  }
  const values = Float64Array.from(column.values, (value: number) => (column.kind === 'boolean' && value === 2 ? NaN : value));
  return type === 'double'
    ? new Tensors('float64', values, [values.length, 1])
    : new Tensors('float32', Float32Array.from(values), [values.length, 1]);
}
