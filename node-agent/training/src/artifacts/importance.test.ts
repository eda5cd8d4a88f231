import { expect, test } from '@jest/globals';
import { importanceOf, MOST_FEATURES_SHOWN } from './importance.js';

const columns = (count: number) => ({
  steps: Array.from({ length: count }, (_, at) => ({
    kind: 'number' as const,
    input: `x${at}`,
    encoded: [`x${at}`],
    fill: null,
    shift: 0,
  })),
  tableSteps: [],
});

test('the strongest come first', () => {
  expect(importanceOf(columns(3) as never, [0.1, 0.7, 0.2]).map(({ feature }) => feature)).toEqual(['x1', 'x2', 'x0']);
});

test('a model without importance has none', () => expect(importanceOf(columns(3) as never, null)).toEqual([]));

test.each([Infinity, NaN])('of gains with %d among them none is known', (gain) => {
  expect(importanceOf(columns(3) as never, [0.5, gain, 0.5])).toEqual([]);
});

test.each([
  [MOST_FEATURES_SHOWN - 1, MOST_FEATURES_SHOWN - 1],
  [MOST_FEATURES_SHOWN, MOST_FEATURES_SHOWN],
  [MOST_FEATURES_SHOWN + 1, MOST_FEATURES_SHOWN],
])('of %d features %d are shown', (count, shown) => {
  const importance = Float64Array.from({ length: count }, (_, at) => at);
  const features = importanceOf(columns(count) as never, importance);
  expect([features.length, features[0]?.feature]).toEqual([shown, `x${count - 1}`]);
});
