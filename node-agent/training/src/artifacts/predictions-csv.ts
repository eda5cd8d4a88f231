import type { Predictions, TargetVector } from '../learning/learner.js';
import { NUMBERS_A_ROW } from '../tasks/cluster-predictions.js';
import type { TargetEncoding } from '../preprocessing/preprocessing.js';

/** Rows that are written at once: large enough that the disk is not asked often, small beside the model. */
const ROWS_A_PIECE = 5_000;

/**
 * The validation rows as CSV (RFC 4180, but with line feeds), in pieces: `y_true,y_pred` and for classes `proba_{class}`. Numbers
 * have all their digits, probabilities nine, which is all that a float32 holds. Of clusters all rows: `row,cluster`, the row's number in the table from 0.
 */
export function* predictionsCsv(target: TargetEncoding, truth: TargetVector, predictions: Predictions): Generator<string> {
  if (target.kind === 'clusters') {
    yield* clustersCsv(predictions);
    return;
  }
  const labels = target.kind === 'classes' ? target.classes.map(field) : [];
  const names = target.kind === 'classes' ? target.classes.map((label) => field(`proba_${label}`)) : [];
  let piece = `${['y_true', 'y_pred', ...names].join(',')}\n`;
  for (let row = 0; row < truth.length; row += 1) {
    piece += target.kind === 'classes' ? classLine(labels, truth, predictions, row) : `${truth[row]},${predictions[row]}\n`;
    if (row % ROWS_A_PIECE === ROWS_A_PIECE - 1) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

function* clustersCsv(predictions: Predictions): Generator<string> {
  let piece = 'row,cluster\n';
  const rows = predictions.length / NUMBERS_A_ROW;
  for (let row = 0; row < rows; row += 1) {
    piece += `${row},${predictions[row * NUMBERS_A_ROW]}\n`;
    if (row % ROWS_A_PIECE < ROWS_A_PIECE - 1) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

function classLine(labels: readonly string[], truth: TargetVector, predictions: Predictions, row: number): string {
  const width = labels.length;
  let best = row * width;
  let scores = '';
  for (let at = row * width; at < (row + 1) * width; at += 1) {
    if ((predictions[at] ?? 0) > (predictions[best] ?? 0)) best = at;
    scores += `,${short(predictions[at])}`;
  }
  return `${labels[truth[row] ?? 0]},${labels[best - row * width]}${scores}\n`;
}

function short(value: number | undefined): string {
  return String(Number((value ?? Number.NaN).toPrecision(9)));
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
