import { numbersOf, type BooleanColumn, type NumberColumn } from '../../data/table.js';
import { TO_FLOAT, type GraphBuilder } from '../../onnx/graph-builder.js';
import type { BlockEncoder, FitContext, FittedBase, Step, StepFit } from '../step.js';
import { bestShift } from './shift.js';

/** The number rounded to float32, false as 0 and true as 1; a gap stays NaN. */
export interface NumberStep extends FittedBase {
  readonly kind: 'number';
  /** Subtracted in double before the number is rounded; 0: the number as it is. */
  readonly shift: number;
}

/** Fewer rows than this count up by chance. */
const RUNNING_ROWS = 10;

export const numberStep: Step<NumberColumn | BooleanColumn, NumberStep> = {
  fit(column, context) {
    const { shift, warnings } = column.kind === 'number' ? fitShift(column, context) : { shift: 0, warnings: [] };
    return {
      fitted: { kind: 'number', input: column.name, encoded: [column.name], shift },
      warnings: [...warnings, ...warningsOf(column)],
      training: null,
    };
  },
  encoder: ({ shift }, column) => shiftedEncoder(numbersOf(column) ?? new Float64Array(0), shift),
  inputType: ({ shift }) => (shift === 0 ? 'float' : 'double'),
  toOnnx: ({ shift }, graph, input) => (shift === 0 ? input : shiftInOnnx(graph, input, shift)),
};

/** Only rounds to float32: for tables that are numbers already. */
export function plainNumber(column: NumberColumn | BooleanColumn): StepFit<NumberStep> {
  return { fitted: { kind: 'number', input: column.name, encoded: [column.name], shift: 0 }, warnings: [], training: null };
}

function fitShift({ name, values, isInteger, exact }: NumberColumn, { rows }: FitContext): { shift: number; warnings: string[] } {
  const { shift, distinct, kept } = bestShift(values, rows, isInteger);
  const all = exact === null ? distinct : new Set(Array.from(rows, (row) => exact[row])).size;
  // Of fractions float32 always loses some; it matters where it is many.
  const isLost = isInteger ? kept < all : kept < all * 0.99;
  const message = `Column ${JSON.stringify(name)} has ${all} distinct values in the training rows; ${all - kept} of them can't be told apart as float32 numbers.`;
  return { shift, warnings: isLost ? [message] : [] };
}

export function shiftedEncoder(values: Float64Array, shift: number): BlockEncoder {
  return (rows, start, end, out, at, stride) => {
    for (let place = start, to = at; place < end; place += 1, to += stride) out[to] = (values[rows[place] ?? 0] ?? NaN) - shift;
  };
}

export function shiftInOnnx(graph: GraphBuilder, input: string, shift: number): string {
  const constant = graph.constant('shift', { shape: [1, 1], type: 'double', values: Float64Array.of(shift) });
  const moved = graph.add({ operator: 'Sub', inputs: [input, constant], output: 'moved' });
  return graph.add({ operator: 'Cast', inputs: [moved], output: 'rounded', attributes: [TO_FLOAT] });
}

function warningsOf(column: NumberColumn | BooleanColumn): string[] {
  const name = JSON.stringify(column.name);
  const values = numbersOf(column) ?? new Float64Array(0);
  if (values.every(Number.isNaN)) return [`Column ${name} is empty in every row; it is kept and can't help.`];
  const first = values[0] ?? NaN;
  const isRunning = values.length >= RUNNING_ROWS && Number.isInteger(first) && values.every((value, row) => value === first + row);
  return isRunning ? [`Column ${name} only counts the rows; it is kept. If it is a row number, leave it out with exclude_columns.`] : [];
}
