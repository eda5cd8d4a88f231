import type { FeatureMatrix } from '../learning/learner.js';
import { axis, TO_DOUBLE, TO_FLOAT, type GraphBuilder } from '../onnx/graph-builder.js';

/** What a learner wants of the whole encoded table, after the steps of its columns. */
export interface TableWants {
  /** It takes gaps; else they are filled. */
  readonly gaps: boolean;
  /** Columns of mean 0 and deviation 1. */
  readonly scaled: boolean;
}

/** A gap becomes the column's value; behind all columns comes one of 0 and 1 for each that has many gaps. */
export interface FillStep {
  readonly kind: 'fill';
  /** The median of the training rows, one an encoded column; 0 where they have none. */
  readonly values: readonly number[];
  /** Columns of which more than `INDICATED_SHARE` of the training rows is missing. */
  readonly indicated: readonly number[];
}

/** (value - mean) / deviation of the training rows, in double; a constant column is divided by 1, as scikit-learn's StandardScaler does. */
export interface ScaleStep {
  readonly kind: 'scale';
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

export type TableStep = FillStep | ScaleStep;

const INDICATED_SHARE = 0.01;

/** Fits on the encoded training rows. Deterministic. */
export function fitTableSteps(train: FeatureMatrix, { gaps, scaled }: TableWants): TableStep[] {
  const fill = gaps ? [] : [fitFill(train)];
  return scaled ? [...fill, fitScale(applyTableSteps(fill, train))] : fill;
}

/** Equal to what the exported graph computes. The matrix may be the one given, changed. */
export function applyTableSteps(steps: readonly TableStep[], matrix: FeatureMatrix): FeatureMatrix {
  return steps.reduce((current, step) => (step.kind === 'fill' ? filled(step, current) : scaledBy(step, current)), matrix);
}

/** The names of the columns after the steps. */
export function tableColumns(steps: readonly TableStep[], names: readonly string[]): string[] {
  const indicated = steps.flatMap((step) => (step.kind === 'fill' ? step.indicated : []));
  return [...names, ...indicated.map((column) => `${names[column] ?? ''}.missing`)];
}

/** @param features float32 [rows, columns]. @returns the same after the steps */
export function tableStepsInOnnx(graph: GraphBuilder, features: string, steps: readonly TableStep[]): string {
  return steps.reduce((value, step) => (step.kind === 'fill' ? fillInOnnx(graph, value, step) : scaleInOnnx(graph, value, step)), features);
}

function fitFill({ values, rows, columns }: FeatureMatrix): FillStep {
  const medians: number[] = [];
  const indicated: number[] = [];
  for (let column = 0; column < columns; column += 1) {
    const present = Float32Array.from({ length: rows }, (_, row) => values[row * columns + column] ?? NaN).filter(
      (value) => !Number.isNaN(value),
    );
    present.sort();
    const middle = present.length >> 1;
    const upper = present[middle] ?? 0;
    medians.push(Math.fround(present.length % 2 === 1 ? upper : ((present[middle - 1] ?? 0) + upper) / 2));
    if (rows - present.length > rows * INDICATED_SHARE) indicated.push(column);
  }
  return { kind: 'fill', values: medians, indicated };
}

function filled({ values: fills, indicated }: FillStep, { values, rows, columns }: FeatureMatrix): FeatureMatrix {
  const width = columns + indicated.length;
  const out = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const value = values[row * columns + column] ?? NaN;
      out[row * width + column] = Number.isNaN(value) ? (fills[column] ?? 0) : value;
    }
    indicated.forEach((column, at) => (out[row * width + columns + at] = Number(Number.isNaN(values[row * columns + column] ?? NaN))));
  }
  return { values: out, rows, columns: width };
}

function fitScale({ values, rows, columns }: FeatureMatrix): ScaleStep {
  const [means, squares] = [new Float64Array(columns), new Float64Array(columns)];
  const each = (visit: (column: number, value: number) => void): void => {
    for (let at = 0; at < values.length; at += 1) visit(at % columns, values[at] ?? NaN);
  };
  each((column, value) => (means[column] = (means[column] ?? 0) + value / rows));
  each((column, value) => (squares[column] = (squares[column] ?? 0) + (value - (means[column] ?? 0)) ** 2 / rows));
  // A constant's sum of rounded parts is not exactly it.
  const deviations = Array.from(squares, (square, column) => {
    const deviation = Math.sqrt(square);
    return deviation > Math.abs(means[column] ?? 0) * 1e-12 ? deviation : 1;
  });
  return { kind: 'scale', means: [...means], deviations };
}

function scaledBy({ means, deviations }: ScaleStep, { values, rows, columns }: FeatureMatrix): FeatureMatrix {
  for (let at = 0; at < values.length; at += 1) {
    values[at] = ((values[at] ?? NaN) - (means[at % columns] ?? 0)) / (deviations[at % columns] ?? 1);
  }
  return { values, rows, columns };
}

function fillInOnnx(graph: GraphBuilder, features: string, { values, indicated }: FillStep): string {
  const fills = graph.constant('fills', { shape: [1, values.length], type: 'float', values: Float32Array.from(values) });
  const isMissing = graph.add({ operator: 'IsNaN', inputs: [features], output: 'is_missing' });
  const whole = graph.add({ operator: 'Where', inputs: [isMissing, fills, features], output: 'filled' });
  if (indicated.length === 0) return whole;
  const places = graph.constant('indicated', { shape: [indicated.length], type: 'int64', values: BigInt64Array.from(indicated, BigInt) });
  const marks = graph.add({ operator: 'Cast', inputs: [isMissing], output: 'marks', attributes: [TO_FLOAT] });
  const picked = graph.add({ operator: 'Gather', inputs: [marks, places], output: 'picked_marks', attributes: [axis(1)] });
  return graph.add({ operator: 'Concat', inputs: [whole, picked], output: 'filled_and_marked', attributes: [axis(1)] });
}

function scaleInOnnx(graph: GraphBuilder, features: string, { means, deviations }: ScaleStep): string {
  const row = (wanted: string, values: readonly number[]): string =>
    graph.constant(wanted, { shape: [1, values.length], type: 'double', values: Float64Array.from(values) });
  const exact = graph.add({ operator: 'Cast', inputs: [features], output: 'exact', attributes: [TO_DOUBLE] });
  const moved = graph.add({ operator: 'Sub', inputs: [exact, row('means', means)], output: 'moved' });
  const scaled = graph.add({ operator: 'Div', inputs: [moved, row('deviations', deviations)], output: 'scaled' });
  return graph.add({ operator: 'Cast', inputs: [scaled], output: 'rounded', attributes: [TO_FLOAT] });
}
