import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Fifo } from './fifo.js';

test('what goes in comes out in its order, however pushes and shifts follow each other', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 20 }), (steps) => {
      const fifo = new Fifo<number>();
      const plain: number[] = [];
      const got: (number | undefined)[] = [];
      const wanted: (number | undefined)[] = [];
      let next = 0;
      for (const step of steps) {
        for (let i = 0; i < step; i += 1, next += 1) {
          fifo.push(next);
          plain.push(next);
        }
        for (let i = step; i < 0; i += 1) {
          got.push(fifo.shift());
          wanted.push(plain.shift());
        }
      }
      expect(got).toEqual(wanted);
      expect(fifo.size).toBe(plain.length);
    }),
    { numRuns: 30 },
  );
});
