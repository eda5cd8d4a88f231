import { describe, expect, test } from '@jest/globals';
import { latency, summary } from './statistics.js';

describe('statistics', () => {
  test('the median of an even number of values lies between the two in the middle', () => {
    expect(summary([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, n: 4 });
  });

  test('a percentile is one of the measured values', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(latency(values)).toEqual({ p50_ms: 51, p95_ms: 95, p99_ms: 99, min_ms: 1, max_ms: 100, n: 100 });
  });

  test('nothing measured is an error, not a zero', () => {
    expect(() => summary([])).toThrow(RangeError);
  });
});
