import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { byteFrame, FrameReader, FrameTooLargeError } from './byte-frames.js';

function read(limitBytes: number, chunks: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  const reader = new FrameReader(limitBytes, (bytes) => frames.push(Buffer.from(bytes)));
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

const anyBytes = fc
  .tuple(fc.oneof(fc.nat(20), fc.integer({ min: 60_000, max: 70_000 })), fc.nat(255))
  .map(([length, byte]) => Buffer.alloc(length, byte));

/** Compared in one step, where two large buffers take a step a byte. */
const textOf = (bytes: Buffer): string => bytes.toString('latin1');

test('frames come whole and in order, however their bytes came', () => {
  fc.assert(
    fc.property(
      fc.array(anyBytes, { maxLength: 6 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1_000, max: 30_000 })), { minLength: 1 }),
      (frames, cuts) => {
        const all = Buffer.concat(frames.map(byteFrame));
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < all.length; i += 1) {
          const length = cuts[i % cuts.length] ?? 1;
          chunks.push(all.subarray(at, at + length));
          at += length;
        }
        expect(read(70_000, chunks).map(textOf)).toEqual(frames.map(textOf));
      },
    ),
    { numRuns: 50 },
  );
});

test.each([0, 1, 10])('a frame of exactly the limit of %d is read, one byte more is refused before it has come', (limit) => {
  expect(read(limit, [byteFrame(Buffer.alloc(limit))])).toHaveLength(1);
  const frame = byteFrame(Buffer.alloc(limit + 1));
  expect(() => read(limit, [frame.subarray(0, 4)])).toThrow(FrameTooLargeError);
});

test('a frame of 16 MiB in small chunks is joined once', () => {
  const concat = jest.spyOn(Buffer, 'concat');
  const frame = byteFrame(Buffer.alloc(2 ** 24));
  const chunks = Array.from({ length: Math.ceil(frame.length / 2 ** 12) }, (_, i) => frame.subarray(i * 2 ** 12, (i + 1) * 2 ** 12));
  expect(read(2 ** 24, chunks)).toHaveLength(1);
  const joinedBytes = concat.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0);
  concat.mockRestore();
  expect(joinedBytes).toBeLessThanOrEqual(frame.length);
});
