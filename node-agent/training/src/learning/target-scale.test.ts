import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { targetScaleOf } from './target-scale.js';

const targets = fc.array(fc.double({ noNaN: true, min: -1e12, max: 1e12 }), { minLength: 1, maxLength: 50 });

test.each(['centred', 'standardised'] as const)('a target that is %s comes back, and its trained mean is 0', (wanted) => {
  fc.assert(
    fc.property(targets, (values) => {
      const { offset, factor } = targetScaleOf(Float64Array.from(values), wanted) ?? { offset: NaN, factor: NaN };
      const trained = values.map((value) => (value - offset) / factor);
      const size = Math.max(...values.map(Math.abs), 1e-300);
      trained.forEach((value, at) => expect(Math.abs(offset + factor * value - (values[at] ?? NaN))).toBeLessThanOrEqual(size * 1e-12));
      expect(Math.abs(trained.reduce((sum, value) => sum + value, 0) / values.length) * factor).toBeLessThanOrEqual(size * 1e-12);
      if (wanted === 'centred') expect(factor).toBe(1);
    }),
  );
});

test('a standardised one has deviation 1, unless it is constant', () => {
  expect(targetScaleOf(Float64Array.of(1e6, 1e6 + 4), 'standardised')).toEqual({ offset: 1_000_002, factor: 2 });
  expect(targetScaleOf(new Float64Array(7).fill(0.1), 'standardised')?.factor).toBe(1);
});

test('a target that is wanted as given is left alone', () => {
  expect(targetScaleOf(Float64Array.of(1, 2), 'given')).toBeNull();
});
