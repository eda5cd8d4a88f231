import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pythonRepr } from './python-repr.js';

// As python3 writes them.
test.each([
  [0, '0.0'],
  [1, '1.0'],
  [-2.5, '-2.5'],
  [0.1, '0.1'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [1.5e-7, '1.5e-07'],
  [1e15, '1000000000000000.0'],
  [123456789012345680, '1.2345678901234568e+17'],
  [1e16, '1e+16'],
  [1e22, '1e+22'],
  [5e-324, '5e-324'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
])('%p', (value, text) => expect(pythonRepr(value)).toBe(text));

test('is read back as the same number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => expect(Number(pythonRepr(value)) + 0).toBe(value + 0)),
  );
});
