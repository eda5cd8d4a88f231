import type { ColumnStep, InputColumn, Preprocessing, TargetEncoding } from './preprocessing.js';

/** A feature with all its rows, missing as NaN. */
export interface FeatureColumn {
  readonly name: string;
  readonly values: Float64Array;
}

export interface FittedPreprocessing {
  readonly preprocessing: Preprocessing;
  readonly warnings: readonly string[];
}

/** Integers up to here are exact in float32. */
const EXACT_FLOAT32 = 2 ** 24;
/**
 * How much larger than its range a column's numbers may be: above it float32 leaves the range fewer than 2^12 steps of its 2^24,
 * and neighbouring values fall together.
 */
const MAX_OFFSET = 2 ** 12;
/** Fewer rows than this count up by chance. */
const RUNNING_ROWS = 10;

/** Fits the steps on the training rows; gaps stay gaps. Deterministic. */
export function fitPreprocessing(features: readonly FeatureColumn[], target: TargetEncoding, trainRows: Int32Array): FittedPreprocessing {
  const steps = features.map((feature) => fitStep(feature, trainRows));
  const inputs = steps.map((step): InputColumn => ({ name: step.input, type: step.kind === 'centred-number' ? 'double' : 'float' }));
  return { preprocessing: { version: 1, inputs, steps, target }, warnings: features.flatMap(warningsOf) };
}

function fitStep(feature: FeatureColumn, trainRows: Int32Array): ColumnStep {
  let least = Infinity;
  let greatest = -Infinity;
  let areIntegers = true;
  for (const row of trainRows) {
    const value = feature.values[row] ?? NaN;
    if (Number.isNaN(value)) continue;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
    areIntegers &&= Number.isInteger(value);
  }
  const names = { input: feature.name, encoded: feature.name };
  if (least > greatest) return { kind: 'number', ...names };
  if (greatest === least) return centredWhere(areIntegers && Math.abs(least) > EXACT_FLOAT32, names, least);
  const largest = Math.max(Math.abs(least), Math.abs(greatest));
  const middle = least + (greatest - least) / 2;
  if (areIntegers) return centredWhere(largest > EXACT_FLOAT32, names, Math.floor(middle));
  return centredWhere(largest > (greatest - least) * MAX_OFFSET, names, middle);
}

function centredWhere(isCentred: boolean, names: { input: string; encoded: string }, centre: number): ColumnStep {
  return isCentred ? { kind: 'centred-number', ...names, centre } : { kind: 'number', ...names };
}

function warningsOf({ name, values }: FeatureColumn): string[] {
  if (values.every(Number.isNaN)) return [`Column ${JSON.stringify(name)} is empty in every row; it is kept and can't help.`];
  const first = values[0] ?? NaN;
  const isRunning = values.length >= RUNNING_ROWS && Number.isInteger(first) && values.every((value, row) => value === first + row);
  if (!isRunning) return [];
  return [`Column ${JSON.stringify(name)} only counts the rows; it is kept. If it is a row number, leave it out with exclude_columns.`];
}
