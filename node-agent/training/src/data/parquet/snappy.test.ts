import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compressors } from 'hyparquet-compressors';
import { unpackLiterals } from './snappy.js';

type Piece = { readonly literal: Uint8Array } | { readonly back: number; readonly length: number };

/** A stream of these pieces, and its length unpacked, in the words of snappy's format_description.txt. */
function stream(pieces: readonly Piece[]): { packed: Uint8Array; bytes: number } {
  const body: number[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if ('literal' in piece) {
      const { length } = piece.literal;
      if (length === 0) continue;
      if (length <= 60) body.push((length - 1) << 2);
      else if (length <= 256) body.push(60 << 2, length - 1);
      else body.push(61 << 2, (length - 1) & 0xff, (length - 1) >> 8);
      body.push(...piece.literal);
      bytes += length;
    } else if (bytes > 0) {
      const offset = 1 + (piece.back % bytes);
      const { length } = piece;
      if (length >= 4 && length <= 11 && offset < 2_048) body.push(((offset >> 8) << 5) | ((length - 4) << 2) | 1, offset & 0xff);
      else if (offset < 65_536) body.push(((length - 1) << 2) | 2, offset & 0xff, offset >> 8);
      else body.push(((length - 1) << 2) | 3, offset & 0xff, (offset >> 8) & 0xff, (offset >> 16) & 0xff, 0);
      bytes += length;
    }
  }
  const head: number[] = [];
  let left = bytes;
  for (; left > 0x7f; left >>>= 7) head.push((left & 0x7f) | 0x80);
  head.push(left);
  return { packed: Uint8Array.from([...head, ...body]), bytes };
}

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ literal: fc.uint8Array({ maxLength: 70 }) }),
  fc.record({ literal: fc.uint8Array({ minLength: 250, maxLength: 300 }) }),
  fc.record({ back: fc.oneof(fc.nat({ max: 3 }), fc.nat()), length: fc.integer({ min: 1, max: 64 }) }),
);

test('pieces of every kind are unpacked as the library unpacks them', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 40 }), (pieces) => {
      const { packed, bytes } = stream(pieces);
      fc.pre(bytes > 0);
      expect(Buffer.compare(unpackLiterals(packed, new Uint8Array(bytes)), compressors.SNAPPY?.(packed, bytes) ?? Buffer.alloc(0))).toBe(0);
    }),
  );
});
test('a piece far back', () => {
  const { packed, bytes } = stream([
    ...Array.from({ length: 300 }, (_, at) => ({ literal: new Uint8Array(250).fill(at) })),
    { back: 70_000, length: 60 },
  ]);
  expect(unpackLiterals(packed, new Uint8Array(bytes))).toEqual(new Uint8Array(compressors.SNAPPY?.(packed, bytes) ?? []));
});
test('a broken stream is an error, or gives just as many bytes', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 9 }), fc.nat(), fc.nat({ max: 255 }), (pieces, at, byte) => {
      const { packed, bytes } = stream(pieces);
      packed[at % packed.length] = byte;
      try {
        expect(unpackLiterals(packed, new Uint8Array(bytes)).length).toBe(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
});
