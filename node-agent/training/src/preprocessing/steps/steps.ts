import type { Column } from '../../data/table.js';
import type { GraphBuilder } from '../../onnx/graph-builder.js';
import type { BlockEncoder, InputType } from '../step.js';
import { dateStep, type DateStep } from './date.js';
import { numberStep, type NumberStep } from './number.js';
import { oneHotStep, type OneHotStep } from './one-hot.js';
import { targetMeanStep, type TargetMeanStep } from './target-mean.js';

/** Any step, fitted. */
export type FittedStep = NumberStep | DateStep | OneHotStep | TargetMeanStep;

/** @throws TypeError where the column is not of the kind that the step was fitted on */
export function encoderOf(step: FittedStep, column: Column): BlockEncoder {
  if (step.kind === 'number' && (column.kind === 'number' || column.kind === 'boolean')) return numberStep.encoder(step, column);
  if (step.kind === 'date' && column.kind === 'date') return dateStep.encoder(step, column);
  if (step.kind === 'one-hot' && column.kind === 'text') return oneHotStep.encoder(step, column);
  if (step.kind === 'target-mean' && column.kind === 'text') return targetMeanStep.encoder(step, column);
  throw new TypeError(`A column of ${column.kind} has no ${step.kind}`);
}

export function inputTypeOf(step: FittedStep): InputType {
  switch (step.kind) {
    case 'number':
      return numberStep.inputType(step);
    case 'date':
      return dateStep.inputType(step);
    case 'one-hot':
      return oneHotStep.inputType(step);
    case 'target-mean':
      return targetMeanStep.inputType(step);
  }
}

/** @returns the encoded columns, float32 [rows, columns] */
export function stepInOnnx(step: FittedStep, graph: GraphBuilder, input: string): string {
  switch (step.kind) {
    case 'number':
      return numberStep.toOnnx(step, graph, input);
    case 'date':
      return dateStep.toOnnx(step, graph, input);
    case 'one-hot':
      return oneHotStep.toOnnx(step, graph, input);
    case 'target-mean':
      return targetMeanStep.toOnnx(step, graph, input);
  }
}
