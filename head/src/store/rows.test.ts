import { expect, test } from '@jest/globals';
import { fromFlatMetrics, flatMetrics, toJson, transactionText } from './rows.js';

test('texts that jsonb refuses are written with replacement characters, others as they are', () => {
  expect(toJson({ text: 'a\u0000b\ud800c', kept: '\\u0000 \u{1f600}' })).toBe('{"text":"a\\ufffdb\\ufffdc","kept":"\\\\u0000 \u{1f600}"}');
});

test('a value with quotes stays a value', () => {
  const text = transactionText(7, [
    { keys: [{ key: "'; DROP SCHEMA trainer; --", bodySha256: '', job: 'train_000000000000' as never, createdAt: 0 }] },
  ]);
  expect(text).toContain("''; DROP SCHEMA");
  expect(text.split(';\n').map((statement) => statement.split(' ')[0])).toEqual(['BEGIN', 'SELECT', 'INSERT', 'COMMIT']);
});

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
