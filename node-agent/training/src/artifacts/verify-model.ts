import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { numbersOf, type Column } from '../data/table.js';
import type { Predictions, TargetVector } from '../learning/learner.js';
import type { Preprocessing, TargetEncoding } from '../preprocessing/preprocessing.js';
import type { InputType } from '../preprocessing/step.js';
import { clusterNumbers, NUMBERS_A_ROW } from '../tasks/cluster-predictions.js';
import { VerificationError } from './errors.js';
import { inputLayout, OUTPUTS } from './signature.js';
import { SESSION_OPTIONS, VERIFIED_ROWS, type Verifier } from './verifier.js';

/** Tolerances of models.md: absolute in parts of the scale, and relative. */
const ABSOLUTE = 1e-4;
const RELATIVE = 1e-6;
/** Of the scale: what is relative to a value far from zero must not let a constant pass. */
const MOST_OF_SCALE = 1e-2;
/** Doubles that are added up in another order differ by so much of their value. */
const ROUNDING = 1e-12;
/** Below this distance of the two best probabilities either label is right. */
const TIE = 1e-5;

export interface VerifiedRows {
  readonly raw: readonly Column[];
  readonly target: TargetVector;
  readonly predictions: Predictions;
  /** Of each verified row, where the predictions do not tell (`TrainedModel.leads`). */
  readonly leads: Float64Array | null;
}

/**
 * Runs the ONNX file on the first `VERIFIED_ROWS` rows and compares with the trainer's own predictions.
 * @returns rows compared, and those whose best two classes or clusters tie.
 * @throws VerificationError
 */
export async function verifyModel(
  verifier: Verifier,
  file: string,
  preprocessing: Preprocessing,
  rows: VerifiedRows,
): Promise<{ rows: number; tiedRows: number }> {
  const count = Math.min(VERIFIED_ROWS, rows.target.length);
  const { InferenceSession: Sessions, Tensor: Tensors } = await verifier.runtime;
  const session = await Sessions.create(file, SESSION_OPTIONS);
  try {
    const results = await session.run(feedsOf(Tensors, preprocessing, rows.raw, count));
    const { target } = preprocessing;
    if (target.kind === 'number') return compareValues(numbersOut(results), OUTPUTS.value, rows, count);
    if (target.kind === 'clusters') return compareClusters(clustersIn(results), OUTPUTS.cluster, rows, count);
    return compareClasses(results, target, rows.predictions, count);
  } finally {
    await session.release();
  }
}

/**
 * Compares what the native file predicts of the encoded first `VERIFIED_ROWS` rows with the trainer's own predictions. A library's own file
 * gives what float32 holds of a target, however far from zero that is.
 * @throws VerificationError
 */
export function verifyNative(found: Predictions, target: TargetEncoding, rows: Omit<VerifiedRows, 'raw'>): void {
  const count = Math.min(VERIFIED_ROWS, rows.target.length);
  const file = 'the native file';
  if (target.kind === 'number') compareValues(found, file, rows, count, isFar);
  else if (target.kind === 'clusters') compareClusters(clusterNumbers(found), file, rows, count);
  else compareScores(found, file, target.classes.length, rows.predictions, count);
}

/** The first `count` rows as the graph takes them; a missing text is the empty one. */
function feedsOf(Tensors: typeof Tensor, preprocessing: Preprocessing, raw: readonly Column[], count: number): InferenceSession.FeedsType {
  const layout = inputLayout(preprocessing);
  if (layout.kind === 'matrix') {
    const width = raw.length;
    const values = new Float32Array(count * width);
    raw.forEach((column, at) => {
      const numbers = numbersIn(column);
      for (let row = 0; row < count; row += 1) values[row * width + at] = numbers[row] ?? Number.NaN;
    });
    return { [layout.name]: new Tensors('float32', values, [count, width]) };
  }
  const feeds = raw.map((column, at) => [layout.names[at] ?? '', feedOf(Tensors, column, preprocessing.inputs[at]?.type, count)] as const);
  return Object.fromEntries(feeds);
}

function feedOf(Tensors: typeof Tensor, column: Column, type: InputType | undefined, count: number): Tensor {
  if (column.kind === 'text') {
    const texts = Array.from({ length: count }, (_, row) => column.labels[column.codes[row] ?? -1] ?? '');
    return new Tensors('string', texts, [count, 1]);
  }
  const values = numbersIn(column).slice(0, count);
  return type === 'double' ? new Tensors('float64', values, [count, 1]) : new Tensors('float32', Float32Array.from(values), [count, 1]);
}

function numbersIn(column: Column): Float64Array {
  return (column.kind === 'date' ? column.values : numbersOf(column)) ?? new Float64Array(0);
}

function numbersOut(results: InferenceSession.OnnxValueMapType): Float64Array {
  const data = (results[OUTPUTS.value] as Tensor | undefined)?.data;
  if (!(data instanceof Float64Array)) throw new TypeError(`The exported model's ${OUTPUTS.value} is no float64 tensor`);
  return data;
}

function scoresIn(results: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = (results[name] as Tensor | undefined)?.data;
  if (!(data instanceof Float32Array)) throw new TypeError(`The exported model's ${name} is no float32 tensor`);
  return data;
}

function compareValues(
  found: ArrayLike<number>,
  output: string,
  { target, predictions }: Omit<VerifiedRows, 'raw'>,
  count: number,
  isWrong = isFarInDouble,
): { rows: number; tiedRows: number } {
  const scale = deviation(target);
  const failures = failuresOf(count, (row) => isWrong(predictions[row] ?? Number.NaN, found[row] ?? Number.NaN, scale));
  report(failures, count, output, (row) => [String(predictions[row]), String(found[row])]);
  return { rows: count, tiedRows: 0 };
}

function clustersIn(results: InferenceSession.OnnxValueMapType): Float64Array {
  const data = (results[OUTPUTS.cluster] as Tensor | undefined)?.data;
  if (!(data instanceof BigInt64Array)) throw new TypeError(`The exported model's ${OUTPUTS.cluster} is no int64 tensor`);
  return Float64Array.from(data, Number);
}

function compareClusters(
  found: Float64Array,
  output: string,
  { predictions, leads }: Omit<VerifiedRows, 'raw'>,
  count: number,
): { rows: number; tiedRows: number } {
  const ours = clusterNumbers(predictions.subarray(0, count * NUMBERS_A_ROW));
  const isTied = (row: number): boolean => (leads?.[row] ?? 1) < TIE;
  const wrong = failuresOf(count, (row) => found[row] !== ours[row] && !isTied(row));
  report(wrong, count, output, (row) => [String(ours[row]), String(found[row])]);
  return { rows: count, tiedRows: ours.filter((_, row) => isTied(row)).length };
}

function compareClasses(
  results: InferenceSession.OnnxValueMapType,
  { classes }: Extract<TargetEncoding, { kind: 'classes' }>,
  predictions: Predictions,
  count: number,
): { rows: number; tiedRows: number } {
  const width = classes.length;
  const labels = (results[OUTPUTS.label] as Tensor | undefined)?.data ?? [];
  compareScores(scoresIn(results, OUTPUTS.probability), OUTPUTS.probability, width, predictions, count);
  const bests = Array.from({ length: count }, (_, row) => bestOf(scoresOf(predictions, row, width)));
  const wrongLabels = failuresOf(count, (row) => {
    const best = bests[row];
    return best !== undefined && best.lead >= TIE && String(labels[row]) !== String(classes[best.index]);
  });
  report(wrongLabels, count, OUTPUTS.label, (row) => [String(classes[bests[row]?.index ?? 0]), String(labels[row])]);
  return { rows: count, tiedRows: bests.filter(({ lead }) => lead < TIE).length };
}

function compareScores(found: ArrayLike<number>, output: string, width: number, predictions: Predictions, count: number): void {
  const scale = predictions.subarray(0, count * width).reduce((most, value) => Math.max(most, value), 0);
  const wrong = failuresOf(count, (row) => {
    const ours = scoresOf(predictions, row, width);
    return scoresOf(found, row, width).some((score, k) => isFar(ours[k] ?? Number.NaN, score, scale));
  });
  report(wrong, count, output, (row) => [scoresOf(predictions, row, width).join(' '), scoresOf(found, row, width).join(' ')]);
}

function scoresOf(scores: ArrayLike<number>, row: number, width: number): number[] {
  return Array.from({ length: width }, (_, k) => scores[row * width + k] ?? Number.NaN);
}

/** The first of the greatest scores, and its distance to the next. */
function bestOf(scores: readonly number[]): { index: number; lead: number } {
  const most = Math.max(...scores);
  const index = scores.indexOf(most);
  const next = scores.reduce((second, score, k) => (k === index ? second : Math.max(second, score)), Number.NEGATIVE_INFINITY);
  return { index, lead: most - next };
}

function isFar(expected: number, found: number, scale: number): boolean {
  // Written so that NaN is far.
  return !(Math.abs(found - expected) <= ABSOLUTE * scale + RELATIVE * Math.abs(expected));
}

/** As `isFar`, but that a target's own spread bounds what is relative to its place. */
function isFarInDouble(expected: number, found: number, scale: number): boolean {
  const size = Math.abs(expected);
  const relative = scale > 0 ? Math.min(RELATIVE * size, MOST_OF_SCALE * scale) : RELATIVE * size;
  return !(Math.abs(found - expected) <= ABSOLUTE * scale + relative + ROUNDING * size);
}

function failuresOf(count: number, isWrong: (row: number) => boolean): number[] {
  return Array.from({ length: count }, (_, row) => row).filter(isWrong);
}

function report(failures: readonly number[], rows: number, output: string, show: (row: number) => readonly [string, string]): void {
  const row = failures[0];
  if (row === undefined) return;
  const [expected, found] = show(row);
  throw new VerificationError({ output, row, expected, found, failedRows: failures.length, rows });
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
