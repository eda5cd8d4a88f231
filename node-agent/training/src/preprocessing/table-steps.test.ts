/** @jest-environment ./node-agent/training/native-environment.mjs */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FeatureMatrix } from '../learning/learner.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import { encodeModel } from '../onnx/protobuf.js';
import { applyTableSteps, fitTableSteps, tableColumns, tableStepsInOnnx, type TableStep } from './table-steps.js';

const matrixOf = (rows: readonly (readonly number[])[]): FeatureMatrix => ({
  values: Float32Array.from(rows.flat()),
  rows: rows.length,
  columns: rows[0]?.length ?? 0,
});
const copyOf = (matrix: FeatureMatrix): FeatureMatrix => ({ ...matrix, values: matrix.values.slice() });

async function runInOnnx(steps: readonly TableStep[], { values, rows, columns }: FeatureMatrix): Promise<Float32Array> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const width = tableColumns(steps, Array.from({ length: columns }, String)).length;
  const graph = new GraphBuilder(
    [{ name: 'X', type: 'float', shape: [null, columns] }],
    [{ name: 'Y', type: 'float', shape: [null, width] }],
  );
  const value = graph.add({ operator: 'Identity', inputs: [tableStepsInOnnx(graph, 'X', steps)], output: 'same' });
  const session = await InferenceSession.create(encodeModel(graph.build('table', { Y: value }), []), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    const { Y } = await session.run({ X: new Tensor('float32', values, [rows, columns]) });
    return Y?.data as Float32Array;
  } finally {
    await session.release();
  }
}

const number = fc.oneof(
  { weight: 5, arbitrary: fc.float({ noNaN: true, min: -1e6, max: 1e6 }) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);
const anyMatrix = fc
  .integer({ min: 1, max: 6 })
  .chain((columns) => fc.array(fc.array(number, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 40 }));

test.each([
  [{ gaps: false, scaled: false }],
  [{ gaps: false, scaled: true }],
  [{ gaps: true, scaled: true }],
  [{ gaps: true, scaled: false }],
])('onnxruntime gives what the trainer does, also of gaps that training did not meet: %j', async (wants) => {
  for (const rows of fc.sample(anyMatrix, 40)) {
    const matrix = matrixOf(rows);
    const half = matrixOf(rows.slice(0, Math.ceil(rows.length / 2)));
    const steps = fitTableSteps(copyOf(half), wants);
    // Zero has a sign in one of them and not in the other, which no model sees.
    const [ours, theirs] = [applyTableSteps(steps, copyOf(matrix)).values, await runInOnnx(steps, matrix)];
    expect(ours.map((value) => value + 0)).toEqual(theirs.map((value) => value + 0));
  }
});

test('a gap is the median, and many gaps are told in a column of their own', () => {
  const rows = Array.from({ length: 200 }, (_, row) => [row === 0 ? NaN : row, row % 10 === 0 ? NaN : 5]);
  const steps = fitTableSteps(matrixOf(rows), { gaps: false, scaled: false });
  expect(steps).toEqual([{ kind: 'fill', values: [100, 5], indicated: [1] }]);
  expect(tableColumns(steps, ['a', 'b'])).toEqual(['a', 'b', 'b.missing']);
  expect([...applyTableSteps(steps, matrixOf(rows.slice(0, 2))).values]).toEqual([100, 5, 1, 1, 5, 0]);
});

test('scaled columns have mean 0 and deviation 1, and a constant one is 0', () => {
  const matrix = matrixOf(Array.from({ length: 100 }, (_, row) => [row * 3 + 7, 0.1]));
  const { values } = applyTableSteps(fitTableSteps(copyOf(matrix), { gaps: false, scaled: true }), matrix);
  const first = values.filter((_, at) => at % 2 === 0);
  expect(first.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
  expect(first.reduce((sum, value) => sum + value * value, 0) / 100).toBeCloseTo(1, 5);
  expect(Math.max(...values.filter((_, at) => at % 2 === 1).map(Math.abs))).toBeLessThan(1e-6);
});
