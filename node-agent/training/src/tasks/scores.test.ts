import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EpochMetrics } from '@trainer/model';
import { flatMetrics } from '../metrics/flat-metrics.js';
import { hits, logLoss } from '../metrics/probabilities.js';
import { regressionScores } from '../metrics/regression.js';
import { trainingRange } from '../split/shards.js';
import { classification } from './classification.js';
import { noRows } from './no-rows.fixture.js';
import { regression } from './regression.js';
import type { TargetEncoding } from '../preprocessing/preprocessing.js';
import type { Scored, Scores, Task } from './task.js';

const classes = (count: number): TargetEncoding => ({
  kind: 'classes',
  name: 'y',
  type: 'int64',
  classes: Array.from({ length: count }, (_, at) => String(at)),
});
const NUMBER: TargetEncoding = { kind: 'number', name: 'y' };
const NONE = { target: new Float64Array(0), predictions: new Float64Array(0) };
const AT = { number: 3, learningRate: 0.3 };

const scoresOf = (task: Task, encoding: TargetEncoding, { target }: Scored): Scores => task.scores(encoding, target, target, noRows);

/** Metrics of rows that are both parts, the training part dealt to so many ranks. */
function onRanks(scores: Scores, scored: Scored, worldSize: number, hasDear = true): EpochMetrics {
  const { target, predictions } = scored;
  const width = predictions.length / target.length;
  const training = Array.from({ length: worldSize }, (_, rank) => {
    const { from, to } = trainingRange(target.length, { rank, worldSize });
    return scores.sums({ target: target.subarray(from, to), predictions: predictions.subarray(from * width, to * width) });
  });
  return scores.epoch(AT, scored, { training, hasDear });
}

const made = (count: number, width: number, seed: number): Float64Array =>
  Float64Array.from({ length: count * width }, (_, at) => Math.abs(Math.sin((at + 1) * (seed + 1))));
const binaryTruth = Float64Array.from([0, 0, 1, 1, 1, 0, 1, 0]);
const binary = Float64Array.from([0.1, 0.4, 0.4, 0.8, 0.35, 0.4, 0.9, 0].flatMap((p) => [1 - p, p]));

describe('scores of the training rows', () => {
  test.each<[string, Task, TargetEncoding, number]>([
    ['classification', classification, classes(3), 3],
    ['regression', regression, NUMBER, 1],
  ])('of a %s are the same to the last bit however many ranks the rows are dealt to', (_what, task, encoding, width) => {
    fc.assert(
      fc.property(fc.integer({ min: 9, max: 5_000 }), fc.nat(1000), (count, seed) => {
        const target = Float64Array.from({ length: count }, (_, row) => (row * (seed + 7)) % 3);
        const scored = { target, predictions: made(count, width, seed) };
        const scores = scoresOf(task, encoding, scored);
        const [one, ...more] = [1, 2, 3, 7].map((worldSize) => onRanks(scores, scored, worldSize));
        for (const other of more) expect(other).toEqual(one);
      }),
    );
  });
  test('are those of all rows at once', () => {
    const target = Float64Array.from({ length: 5_000 }, (_, row) => row % 3);
    const scored = { target, predictions: made(5_000, 3, 5) };
    const { trainLoss, trainAccuracy } = onRanks(scoresOf(classification, classes(3), scored), scored, 2);
    expect(trainLoss).toBeCloseTo(logLoss(target, scored.predictions, 3) ?? NaN, 12);
    expect(trainAccuracy).toBe(hits(target, scored.predictions, 3, 0, 5_000) / 5_000);
    const numbers = { target, predictions: made(5_000, 1, 5) };
    const found = onRanks(scoresOf(regression, NUMBER, numbers), numbers, 2);
    const known = regressionScores(target, numbers.predictions);
    expect(found.trainLoss).toBeCloseTo(known.mse ?? NaN, 12);
    expect(found.additional['train_r2']).toBeCloseTo(known.r2 ?? NaN, 12);
  });
});

describe('an epoch', () => {
  const scored = { target: binaryTruth, predictions: binary };
  test('has every metric of a classification', () => {
    const metrics = onRanks(scoresOf(classification, classes(2), scored), scored, 1);
    expect(metrics).toMatchObject({ epoch: 3, learningRate: 0.3, trainAccuracy: 0.75, valAccuracy: 0.75 });
    expect(metrics.additional).toMatchObject({ val_roc_auc: 0.8125, overfitting_gap: 0 });
    expect(Object.keys(metrics.additional)).toEqual([
      'val_f1_macro',
      'val_precision_macro',
      'val_recall_macro',
      'val_roc_auc',
      'overfitting_gap',
    ]);
  });
  test('has every metric of a regression', () => {
    const numbers = { target: Float64Array.from([1, 2]), predictions: Float64Array.from([1, 3]) };
    const metrics = onRanks(scoresOf(regression, NUMBER, numbers), numbers, 1);
    expect(metrics).toMatchObject({ trainLoss: 0.5, valLoss: 0.5, trainAccuracy: null, valAccuracy: null });
    expect(metrics.additional).toEqual({ train_rmse: Math.sqrt(0.5), val_rmse: Math.sqrt(0.5), train_r2: -1, val_r2: -1, val_mae: 0.5 });
    expect(flatMetrics(metrics)).not.toHaveProperty('val_accuracy');
  });
  test.each<[string, Task, TargetEncoding, number]>([
    ['classification', classification, classes(2), 16],
    ['regression', regression, NUMBER, 8],
  ])('of a %s is never NaN, and null for training rows that are not scored', (_what, task, encoding, count) => {
    const broken = { target: binaryTruth, predictions: new Float64Array(count).fill(NaN) };
    expect(Object.values(flatMetrics(onRanks(scoresOf(task, encoding, broken), broken, 1)))).not.toContain(NaN);
    const some = scoresOf(task, encoding, broken).epoch(
      AT,
      { target: binaryTruth, predictions: made(8, count / 8, 1) },
      { training: null, hasDear: true },
    );
    expect([some.trainLoss, some.trainAccuracy, some.additional['train_r2'] ?? null]).toEqual([null, null, null]);
    expect(some.valLoss).not.toBeNull();
  });
  test('of more than twenty classes has no area under the curve unless it is the kept one', () => {
    const target = Float64Array.from({ length: 42 }, (_, row) => row % 21);
    const many = { target, predictions: made(42, 21, 3) };
    const scores = scoresOf(classification, classes(21), many);
    expect([scores.areSomeDear, scoresOf(classification, classes(20), many).areSomeDear]).toEqual([true, false]);
    expect(onRanks(scores, many, 1, false).additional['val_roc_auc']).toBeNull();
    expect(onRanks(scores, many, 1).additional['val_roc_auc']).toBeGreaterThan(0);
  });
});

describe('the baseline', () => {
  test('of a classification guesses the commonest class and its shares', () => {
    const baseline = classification.scores(classes(2), Float64Array.from([0, 0, 0, 1]), Float64Array.from([0, 1]), noRows).baseline();
    expect(baseline['val_accuracy']).toBe(0.5);
    expect(baseline['val_loss']).toBeCloseTo((-Math.log(0.75) - Math.log(0.25)) / 2, 12);
  });
  test('of a regression guesses the mean', () => {
    expect(regression.scores(NUMBER, Float64Array.from([1, 3]), Float64Array.from([2, 4]), noRows).baseline()).toEqual({
      val_loss: 2,
      val_rmse: Math.sqrt(2),
      val_mae: 1,
      val_r2: -1,
    });
  });
});

describe('a model worse than a constant guess', () => {
  const metrics = (changes: Partial<EpochMetrics>): EpochMetrics => ({
    ...onRanks(scoresOf(regression, NUMBER, NONE), NONE, 1),
    ...changes,
  });
  test('of classes is a warning', () => {
    const scores = classification.scores(classes(2), Float64Array.from([0, 0, 1]), Float64Array.from([0, 0, 1, 1]), noRows);
    expect(scores.warnings(metrics({ valAccuracy: 0.49 }))).toEqual([
      expect.stringMatching(/worse than a constant guess: .* 0\.490 .* 0\.500/),
    ]);
    expect(scores.warnings(metrics({ valAccuracy: 0.5 }))).toEqual([]);
  });
  test('of numbers is a warning', () => {
    const scores = regression.scores(NUMBER, Float64Array.from([1, 3]), Float64Array.from([2, 4]), noRows);
    expect(scores.warnings(metrics({ valLoss: 2.5 }))).toEqual([expect.stringMatching(/worse than a constant guess: .* 2\.5 .* has 2\./)]);
    expect(scores.warnings(metrics({ valLoss: 2 }))).toEqual([]);
  });
});
