import { describe, expect, test } from '@jest/globals';
import { classScores } from './confusion.js';
import { hits, likeliestClasses, logLoss, rocAuc } from './probabilities.js';
import { regressionScores } from './regression.js';

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
