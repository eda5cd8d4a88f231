import { sortScores } from './sorted-scores.js';

/** Probabilities are clipped to [1e-7, 1 - 1e-7] in the loss (models.md). */
const CLIP = 1e-7;
/** One logarithm for so many rows: their product is at least 1e-7^32 = 1e-224, which double still holds, and the loss is 20 times as fast. */
const LOGS_AT_ONCE = 32;

/**
 * Mean log-loss, unweighted; `probabilities` is row-major `rows x classCount`, `truth` has class indices.
 * @returns null without rows, or where a probability is no number.
 */
export function logLoss(truth: ArrayLike<number>, probabilities: Float64Array, classCount: number): number | null {
  return finite(logLossSum(truth, probabilities, classCount, 0, truth.length) / truth.length);
}

/** The log-losses of the rows from `from` up to, not including, `to`, summed. */
export function logLossSum(truth: ArrayLike<number>, probabilities: Float64Array, classCount: number, from: number, to: number): number {
  let sum = 0;
  let product = 1;
  let factors = 0;
  for (let row = from; row < to; row += 1) {
    const p = probabilities[row * classCount + (truth[row] ?? 0)] ?? NaN;
    product *= p < CLIP ? CLIP : p > 1 - CLIP ? 1 - CLIP : p;
    factors += 1;
    if (factors < LOGS_AT_ONCE) continue;
    sum -= Math.log(product);
    product = 1;
    factors = 0;
  }
  return sum - Math.log(product);
}

/** The likeliest class of each row; ties go to the lower index, as numpy's argmax. */
export function likeliestClasses(probabilities: Float64Array, classCount: number): Int32Array {
  const classes = new Int32Array(probabilities.length / classCount);
  for (let row = 0, at = 0; row < classes.length; row += 1, at += classCount) {
    let best = 0;
    for (let k = 1; k < classCount; k += 1) if ((probabilities[at + k] ?? 0) > (probabilities[at + best] ?? 0)) best = k;
    classes[row] = best;
  }
  return classes;
}

/** How many of the rows from `from` up to, not including, `to` have the true class as their likeliest. */
export function hits(truth: ArrayLike<number>, probabilities: Float64Array, classCount: number, from: number, to: number): number {
  if (classCount === 2) return hitsOfTwo(truth, probabilities, from, to);
  let correct = 0;
  for (let row = from, at = from * classCount; row < to; row += 1, at += classCount) {
    const actual = truth[row] ?? 0;
    const score = probabilities[at + actual] ?? 0;
    let isLikeliest = true;
    for (let k = 0; k < classCount; k += 1) {
      const other = probabilities[at + k] ?? 0;
      // Of equal ones the first is the likeliest.
      if (other > score || (other === score && k < actual)) isLikeliest = false;
    }
    if (isLikeliest) correct += 1;
  }
  return correct;
}

/** Asked for all training rows of every epoch: no inner loop, and nothing that a processor guesses wrong where the model is. */
function hitsOfTwo(truth: ArrayLike<number>, probabilities: Float64Array, from: number, to: number): number {
  let correct = 0;
  for (let row = from; row < to; row += 1) {
    const likeliest = Number((probabilities[2 * row + 1] ?? 0) > (probabilities[2 * row] ?? 0));
    correct += Number(likeliest === truth[row]);
  }
  return correct;
}

/**
 * Area under the ROC curve: of the second class for two, else the mean of one-versus-rest over all classes (scikit-learn's
 * `roc_auc_score`, `multi_class="ovr", average="macro"`).
 * @returns null where a class has no row, or all rows, so that it has no curve.
 */
export function rocAuc(truth: ArrayLike<number>, probabilities: Float64Array, classCount: number): number | null {
  if (truth.length === 0) return null;
  const first = classCount === 2 ? 1 : 0;
  let sum = 0;
  for (let k = first; k < classCount; k += 1) {
    const area = areaOf(truth, probabilities, classCount, k);
    if (area === null) return null;
    sum += area;
  }
  return finite(sum / (classCount - first));
}

/** The Mann-Whitney statistic: the share of pairs in the right order, ties count half. Scores are sorted as numbers in an array. */
function areaOf(truth: ArrayLike<number>, probabilities: Float64Array, classCount: number, k: number): number | null {
  const positives = new Float64Array(truth.length);
  const negatives = new Float64Array(truth.length);
  let [p, n] = [0, 0];
  for (let row = 0; row < truth.length; row += 1) {
    const score = probabilities[row * classCount + k] ?? NaN;
    if (Number.isNaN(score)) return null;
    if (truth[row] === k) positives[p++] = score;
    else negatives[n++] = score;
  }
  if (p === 0 || n === 0) return null;
  return rightPairs(sortScores(positives.subarray(0, p)), sortScores(negatives.subarray(0, n))) / (p * n);
}

/** Pairs in which the positive stands above the negative, ties as half; both ascending. */
function rightPairs(positives: Float64Array, negatives: Float64Array): number {
  let pairs = 0;
  let below = 0;
  let belowOrEqual = 0;
  for (const score of positives) {
    while (below < negatives.length && (negatives[below] ?? 0) < score) below += 1;
    belowOrEqual = Math.max(belowOrEqual, below);
    while (belowOrEqual < negatives.length && (negatives[belowOrEqual] ?? 0) <= score) belowOrEqual += 1;
    pairs += below + (belowOrEqual - below) / 2;
  }
  return pairs;
}

/** @returns the number, or null where it is not finite: a metric is never NaN. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
