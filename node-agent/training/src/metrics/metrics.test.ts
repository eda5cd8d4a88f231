import { describe, expect, test } from '@jest/globals';
import { classScores } from './confusion.js';
import { baselineMetrics, epochMetrics, flatMetrics } from './epoch-metrics.js';
import { hits, likeliestClasses, logLoss, rocAuc } from './probabilities.js';
import { regressionScores } from './regression.js';
import type { Scored } from './scored.js';
import { trainingScorer, trainingSums, type TrainingScores } from './training-scores.js';
import type { TaskType } from '@trainer/model';
import fc from 'fast-check';
import { trainingRange } from '../split/shards.js';

// Expected values are scikit-learn 1.9.1's for the same numbers.
const truth = Float64Array.from([0, 1, 2, 2, 1, 0, 1, 2, 0, 1]);
const probabilities = Float64Array.from(
  [
    [0.7, 0.2, 0.1],
    [0.1, 0.8, 0.1],
    [0.2, 0.3, 0.5],
    [0.4, 0.35, 0.25],
    [0.3, 0.3, 0.4],
    [0.6, 0.3, 0.1],
    [0.05, 0.9, 0.05],
    [0.1, 0.1, 0.8],
    [0.3, 0.4, 0.3],
    [0.2, 0.6, 0.2],
  ].flat(),
);
const binaryTruth = Float64Array.from([0, 0, 1, 1, 1, 0, 1, 0]);
const binary = Float64Array.from([0.1, 0.4, 0.4, 0.8, 0.35, 0.4, 0.9, 0].flatMap((p) => [1 - p, p]));

describe('classification', () => {
  test("three classes score as scikit-learn's", () => {
    const scores = classScores(truth, likeliestClasses(probabilities, 3), 3);
    expect(scores?.accuracy).toBeCloseTo(0.7, 12);
    expect(scores?.f1Macro).toBeCloseTo(0.6944444444444443, 12);
    expect(scores?.precisionMacro).toBeCloseTo(0.6944444444444443, 12);
    expect(scores?.recallMacro).toBeCloseTo(0.6944444444444443, 12);
    expect(logLoss(truth, probabilities, 3)).toBeCloseTo(0.6417360960088667, 12);
    expect(rocAuc(truth, probabilities, 3)).toBeCloseTo(0.9027777777777777, 12);
  });
  test('hits alone are those of the scores, ties too', () => {
    const tied = Float64Array.from([0.4, 0.4, 0.2, 0.2, 0.4, 0.4]);
    expect(hits(truth, probabilities, 3, 0, 10)).toBe(7);
    expect([hits([0, 1], tied, 3, 0, 2), hits([1, 2], tied, 3, 0, 2)]).toEqual([2, 0]);
  });
  test("two classes with ties score as scikit-learn's", () => {
    const scores = classScores(binaryTruth, likeliestClasses(binary, 2), 2);
    expect(scores?.f1Macro).toBeCloseTo(0.7333333333333334, 12);
    expect(scores?.precisionMacro).toBeCloseTo(0.8333333333333333, 12);
    expect(scores?.recallMacro).toBeCloseTo(0.75, 12);
    expect(logLoss(binaryTruth, binary, 2)).toBeCloseTo(0.42770359831683524, 12);
    expect(rocAuc(binaryTruth, binary, 2)).toBeCloseTo(0.8125, 12);
  });
  test("classes that are only predicted, or in neither, count as scikit-learn's macro means have them", () => {
    const scores = classScores([0, 0, 1, 1, 1], [0, 2, 1, 1, 0], 4);
    expect(scores?.f1Macro).toBeCloseTo(0.43333333333333335, 12);
    expect(scores?.precisionMacro).toBeCloseTo(0.5, 12);
    expect(scores?.recallMacro).toBeCloseTo(0.38888888888888884, 12);
  });
  test('a certain mistake costs the loss of the clip, not infinity', () => {
    expect(logLoss([1], Float64Array.from([1, 0]), 2)).toBeCloseTo(-Math.log(1e-7), 12);
  });
  test('many certain mistakes are summed without underflow', () => {
    expect(logLoss(new Float64Array(1000), new Float64Array(2000), 2)).toBeCloseTo(-Math.log(1e-7), 10);
  });
  test('a class without a row has no curve', () => {
    expect(rocAuc([0, 0], Float64Array.from([0.5, 0.5, 0.5, 0.5]), 2)).toBeNull();
    expect(rocAuc([0, 1], Float64Array.from([1, 0, 0, 0, 1, 0]), 3)).toBeNull();
  });
  test('the likeliest class of a tie is the first', () => {
    expect([...likeliestClasses(Float64Array.from([0.4, 0.4, 0.2]), 3)]).toEqual([0]);
  });
});

describe('regression', () => {
  test("scores as scikit-learn's", () => {
    const scores = regressionScores(Float64Array.from([3, -0.5, 2, 7, 4.25]), Float64Array.from([2.5, 0, 2, 8, 4]));
    expect(scores.mse).toBeCloseTo(0.3125, 12);
    expect(scores.rmse).toBeCloseTo(0.5590169943749475, 12);
    expect(scores.mae).toBeCloseTo(0.45, 12);
    expect(scores.r2).toBeCloseTo(0.9491042345276873, 12);
  });
  test('a constant truth has no r2', () => {
    expect(regressionScores(Float64Array.from([1, 1]), Float64Array.from([1, 2])).r2).toBeNull();
  });
});

const onRanks = (task: TaskType, classCount: number, { target, predictions }: Scored, worldSize: number): TrainingScores => {
  const width = predictions.length / target.length;
  const sums = Array.from({ length: worldSize }, (_, rank) => {
    const { from, to } = trainingRange(target.length, { rank, worldSize });
    const own = { target: target.subarray(from, to), predictions: predictions.subarray(from * width, to * width) };
    return trainingSums(task, classCount, own, target.length);
  });
  return trainingScorer(task, target)(sums);
};

describe('scores of the training rows', () => {
  const rows = fc.integer({ min: 9, max: 5_000 });
  const made = (count: number, width: number, seed: number): Float64Array =>
    Float64Array.from({ length: count * width }, (_, at) => Math.abs(Math.sin((at + 1) * (seed + 1))));
  test('are the same to the last bit however many ranks the rows are dealt to', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom<TaskType>('classification', 'regression'), fc.nat(1000), (count, task, seed) => {
        const width = task === 'classification' ? 3 : 1;
        const target = Float64Array.from({ length: count }, (_, row) => (row * (seed + 7)) % 3);
        const scored = { target, predictions: made(count, width, seed) };
        const [one, ...more] = [1, 2, 3, 7].map((worldSize) => onRanks(task, 3, scored, worldSize));
        for (const other of more) expect(other).toEqual(one);
      }),
    );
  });
  test('are those of all rows at once', () => {
    const target = Float64Array.from({ length: 5_000 }, (_, row) => row % 3);
    const predictions = made(5_000, 3, 5);
    const { loss, accuracy } = onRanks('classification', 3, { target, predictions }, 2);
    expect(loss).toBeCloseTo(logLoss(target, predictions, 3) ?? NaN, 12);
    expect(accuracy).toBe(hits(target, predictions, 3, 0, 5_000) / 5_000);
    const numbers = onRanks('regression', 0, { target, predictions: made(5_000, 1, 5) }, 2);
    const known = regressionScores(target, made(5_000, 1, 5));
    expect([numbers.loss, numbers.r2].map((value) => value?.toFixed(12))).toEqual([known.mse, known.r2].map((value) => value?.toFixed(12)));
  });
});

const TWO_CLASSES = { task: 'classification', classCount: 2, hasArea: true } as const;

describe('an epoch', () => {
  const scored = { target: binaryTruth, predictions: binary };
  test('has every metric of a classification', () => {
    const metrics = epochMetrics(TWO_CLASSES, { number: 3, learningRate: 0.3 }, onRanks('classification', 2, scored, 1), scored);
    expect(metrics).toMatchObject({ epoch: 3, learningRate: 0.3, trainAccuracy: 0.75, valAccuracy: 0.75 });
    expect(Object.keys(metrics.additional)).toEqual([
      'val_f1_macro',
      'val_precision_macro',
      'val_recall_macro',
      'val_roc_auc',
      'overfitting_gap',
    ]);
    expect(metrics.additional['overfitting_gap']).toBe(0);
  });
  test('has every metric of a regression', () => {
    const numbers = { target: Float64Array.from([1, 2]), predictions: Float64Array.from([1, 3]) };
    const metrics = epochMetrics(
      { task: 'regression', classCount: 0, hasArea: true },
      { number: 1, learningRate: null },
      onRanks('regression', 0, numbers, 1),
      numbers,
    );
    expect(metrics).toMatchObject({ trainLoss: 0.5, valLoss: 0.5, trainAccuracy: null, valAccuracy: null });
    expect(metrics.additional).toEqual({ train_rmse: Math.sqrt(0.5), val_rmse: Math.sqrt(0.5), train_r2: -1, val_r2: -1, val_mae: 0.5 });
    expect(flatMetrics(metrics)).not.toHaveProperty('val_accuracy');
  });
  test('is never NaN', () => {
    const broken = { target: binaryTruth, predictions: new Float64Array(16).fill(NaN) };
    expect(
      Object.values(
        flatMetrics(epochMetrics(TWO_CLASSES, { number: 1, learningRate: null }, onRanks('classification', 2, broken, 1), broken)),
      ),
    ).not.toContain(NaN);
  });
});

describe('the baseline', () => {
  test('of a classification guesses the commonest class and its shares', () => {
    const baseline = baselineMetrics('classification', 2, Float64Array.from([0, 0, 0, 1]), Float64Array.from([0, 1]));
    expect(baseline['val_accuracy']).toBe(0.5);
    expect(baseline['val_loss']).toBeCloseTo((-Math.log(0.75) - Math.log(0.25)) / 2, 12);
  });
  test('of a regression guesses the mean', () => {
    expect(baselineMetrics('regression', 0, Float64Array.from([1, 3]), Float64Array.from([2, 4]))).toEqual({
      val_loss: 2,
      val_rmse: Math.sqrt(2),
      val_mae: 1,
      val_r2: -1,
    });
  });
});
