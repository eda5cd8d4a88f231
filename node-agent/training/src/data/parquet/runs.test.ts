import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { oneRun, readRuns } from './runs.js';

type Run = { readonly value: number; readonly length: number } | readonly number[];

/** Written by the format's own words: Encodings.md, "Run Length Encoding / Bit-Packing Hybrid". */
function written(runs: readonly Run[], width: number): Buffer {
  const bytes: number[] = [];
  const head = (number: number): void => {
    let left = number;
    for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
    bytes.push(left);
  };
  for (const run of runs) {
    if ('length' in run && 'value' in run) {
      head(run.length << 1);
      for (let bits = 0; bits < width; bits += 8) bytes.push(Number((BigInt(run.value) >> BigInt(bits)) & 0xffn));
      continue;
    }
    head(((run.length >> 3) << 1) | 1);
    const packed = run.reduce((all, value, at) => all | (BigInt(value) << BigInt(at * width)), 0n);
    for (let at = 0; at < (run.length * width) / 8; at += 1) bytes.push(Number((packed >> BigInt(8 * at)) & 0xffn));
  }
  return Buffer.from(bytes);
}

const runsOf = (width: number): fc.Arbitrary<{ width: number; runs: Run[] }> => {
  const value = width === 0 ? fc.constant(0) : fc.oneof(fc.constant(2 ** width - 1), fc.integer({ min: 0, max: 2 ** width - 1 }));
  const packed = fc.integer({ min: 1, max: 5 }).chain((eights) => fc.array(value, { minLength: 8 * eights, maxLength: 8 * eights }));
  const repeated = fc.record({ value, length: fc.integer({ min: 1, max: 300 }) });
  return fc.array(fc.oneof(packed, repeated), { minLength: 1, maxLength: 6 }).map((runs) => ({ width, runs: runs as Run[] }));
};
const values = (runs: readonly Run[]): number[] =>
  runs.flatMap((run) => ('value' in run ? Array.from({ length: run.length }, () => run.value) : [...run]));

test('runs of every width are read, wherever they begin and however many of their values are wanted', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 32 }).chain(runsOf), fc.nat({ max: 5 }), fc.nat({ max: 7 }), ({ width, runs }, shift, spare) => {
      const all = values(runs);
      // Only a last run of packed values may have more than are wanted.
      const count = Array.isArray(runs.at(-1)) ? all.length - spare : all.length;
      const content = written(runs, width);
      const bytes = Buffer.concat([Buffer.alloc(shift, 0xa5), content]);
      const into = new Int32Array(count);
      readRuns(bytes, shift, bytes.length, width, count, into);
      expect([...into].map((value) => value >>> 0)).toEqual(all.slice(0, count));
      const isOne = runs.length === 1 && !Array.isArray(runs[0]);
      expect(oneRun(bytes, shift, bytes.length, width, count) >>> 0).toBe(isOne ? all[0] : 0xffff_ffff);
    }),
  );
});
test('what is cut off is an error, and never less', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 32 }).chain(runsOf), fc.nat(), ({ width, runs }, cut) => {
      const content = written(runs, width);
      const end = cut % content.length;
      const count = values(runs).length;
      expect(() => readRuns(content.subarray(0, end), 0, end, width, count, new Int32Array(count))).toThrow(RangeError);
    }),
  );
});
