import { expect, test } from '@jest/globals';
import type { EpochMetrics, RankReport } from '@trainer/model';
import { lineOf } from './report-line.js';

const METRICS: EpochMetrics = {
  ...{ epoch: 3, trainLoss: 0.123456789, valLoss: null, trainAccuracy: 1, valAccuracy: 0.9666666666, learningRate: null },
  additional: { val_f1_macro: 0.5, val_roc_auc: null },
};

test.each<[RankReport, string | null]>([
  [{ kind: 'phase', phase: 'loading' }, 'Reads the table'],
  [
    { kind: 'epoch', metrics: METRICS, done: 0.5 },
    'Epoch 3: train_loss 0.123457, train_accuracy 1, val_accuracy 0.966667, val_f1_macro 0.5',
  ],
  [{ kind: 'progress', done: 0.5, epoch: 0 }, null],
  [{ kind: 'warning', message: 'Column a is constant.' }, 'Warning: Column a is constant.'],
  [
    { kind: 'failed', error: { code: 'request.invalid', message: 'There is no column x.', facts: {}, retry: 'never' } },
    'Failed: There is no column x.',
  ],
])('a report of %j is a line of the log', (report, line) => {
  expect(lineOf(report)).toBe(line);
});
