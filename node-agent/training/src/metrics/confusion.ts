/** Counts of true (rows) and predicted (columns) classes, and the scores that follow from them. */
export interface ClassScores {
  readonly accuracy: number;
  readonly f1Macro: number;
  readonly precisionMacro: number;
  readonly recallMacro: number;
}

/**
 * Scores of predicted classes, as scikit-learn 1.9 defines them (`accuracy_score`; `f1_score`, `precision_score` and
 * `recall_score` with `average="macro", zero_division=0`): macro means are over the classes that occur in truth or prediction.
 * @returns null without rows.
 */
export function classScores(truth: ArrayLike<number>, predicted: ArrayLike<number>, classCount: number): ClassScores | null {
  if (truth.length === 0) return null;
  const truePositives = new Float64Array(classCount);
  const inTruth = new Float64Array(classCount);
  const inPrediction = new Float64Array(classCount);
  let correct = 0;
  for (let row = 0; row < truth.length; row += 1) {
    const actual = truth[row] ?? 0;
    const guess = predicted[row] ?? 0;
    inTruth[actual] = (inTruth[actual] ?? 0) + 1;
    inPrediction[guess] = (inPrediction[guess] ?? 0) + 1;
    if (actual !== guess) continue;
    correct += 1;
    truePositives[actual] = (truePositives[actual] ?? 0) + 1;
  }
  let [present, f1, precision, recall] = [0, 0, 0, 0];
  for (let k = 0; k < classCount; k += 1) {
    const [hits, actual, guessed] = [truePositives[k] ?? 0, inTruth[k] ?? 0, inPrediction[k] ?? 0];
    if (actual + guessed === 0) continue;
    present += 1;
    f1 += (2 * hits) / (actual + guessed);
    precision += guessed > 0 ? hits / guessed : 0;
    recall += actual > 0 ? hits / actual : 0;
  }
  return { accuracy: correct / truth.length, f1Macro: f1 / present, precisionMacro: precision / present, recallMacro: recall / present };
}
