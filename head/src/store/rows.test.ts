import { expect, test } from '@jest/globals';
import { flatMetrics, fromFlatMetrics } from './rows.js';

test('metrics come back from their rows as they were', () => {
  const metrics = {
    epoch: 3,
    trainLoss: 0.5,
    valLoss: null,
    trainAccuracy: 1,
    valAccuracy: 0,
    learningRate: 0.1,
    additional: { val_f1_macro: 0.25 },
  };
  expect(fromFlatMetrics(3, flatMetrics(metrics))).toEqual(metrics);
});
