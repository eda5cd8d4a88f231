import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Numbers, Reduction } from './collective.js';
import { bytesOf } from './reduce.js';
import { folding, storing } from './sink.js';

const KINDS = [Float64Array, Float32Array, Int32Array, Uint8Array] as const;

/** Writes the bytes in pieces of these sizes, each in memory of its own that lies askew and is overwritten afterwards. */
function inPieces(bytes: Uint8Array, sizes: readonly number[], write: (piece: Uint8Array) => void): void {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const piece = bytes.subarray(at, at + Math.max(1, sizes[turn % sizes.length] ?? 1));
    const memory = Buffer.alloc(piece.length + 8);
    const askew = memory.subarray(turn % 8, (turn % 8) + piece.length);
    askew.set(piece);
    write(askew);
    memory.fill(0xee);
    at += piece.length;
  }
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 500 })), { minLength: 1, maxLength: 20 });
const reductions = fc.constantFrom<Reduction>('sum', 'min', 'max');

describe('a sink', () => {
  test('that folds gives what folding the whole array would, however it is cut', () => {
    const numbers = fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 })), { maxLength: 200 });
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), numbers, reductions, sizes, (Kind, pairs, reduction, cuts) => {
        const result: Numbers = Kind.from(pairs.map(([own]) => own));
        const sink = folding(result, reduction);
        expect(sink.length).toBe(result.byteLength);
        const theirs = Kind.from(pairs.map(([, other]) => other));
        inPieces(bytesOf(theirs), cuts, (piece) => sink.write(piece));
        const fold = reduction === 'sum' ? (a: number, b: number) => a + b : Math[reduction];
        expect([...result]).toEqual(pairs.map(([own, other]) => fold(own, other)));
      }),
    );
  });
  test('that stores gives the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), sizes, (bytes, cuts) => {
        const place = new Uint8Array(bytes.length);
        const sink = storing(place);
        inPieces(bytes, cuts, (piece) => sink.write(piece));
        expect(place).toEqual(bytes);
      }),
    );
  });
});
