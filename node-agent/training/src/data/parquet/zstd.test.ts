import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { unpackZstd } from './zstd.js';

type Block =
  { readonly kind: 'raw'; readonly bytes: Uint8Array } | { readonly kind: 'run'; readonly byte: number; readonly length: number };

/** Blocks that a frame may have without being packed (RFC 8878, 3.1.1.2). */
function blocksOf(blocks: readonly Block[]): Buffer {
  return Buffer.concat(
    blocks.flatMap((block, at) => {
      const isRun = block.kind === 'run';
      const length = isRun ? block.length : block.bytes.length;
      const head = Buffer.alloc(3);
      head.writeUIntLE((length << 3) | (Number(isRun) << 1) | Number(at === blocks.length - 1), 0, 3);
      return [head, isRun ? Buffer.of(block.byte) : block.bytes];
    }),
  );
}
const contentOf = (blocks: readonly Block[]): Buffer =>
  Buffer.concat(blocks.map((block) => (block.kind === 'run' ? Buffer.alloc(block.length, block.byte) : block.bytes)));

/** The head of a frame that says its length in 1, 2, 4 or 8 bytes, or not at all; `window`: its descriptor, where it is not one segment. */
function frameHead(length: number | null, bytes: 1 | 2 | 4 | 8, window: number | null): Buffer {
  const kind = length === null ? 0 : { 1: 0, 2: 1, 4: 2, 8: 3 }[bytes];
  const field = Buffer.alloc(length === null ? 0 : bytes);
  if (length !== null && bytes === 8) field.writeBigUInt64LE(BigInt(length));
  else if (length !== null) field.writeUIntLE(bytes === 2 ? length - 256 : length, 0, bytes);
  const descriptor = (kind << 6) | (window === null ? 0x20 : 0);
  return Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, descriptor, ...(window === null ? [] : [window])), field]);
}

const ONE_MIB_WINDOW = 10 << 3;
const anyBlock: fc.Arbitrary<Block> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ kind: 'raw', bytes }) as const),
  fc.record({ kind: fc.constant('run' as const), byte: fc.nat(255), length: fc.oneof(fc.nat(300), fc.constantFrom(70_000, 131_072)) }),
);

/** 2.6 GB in 80 kB. */
const BOMB = blocksOf(Array.from({ length: 20_000 }, () => ({ kind: 'run', byte: 0, length: 131_072 })));

describe('a page of zstd', () => {
  test('is unpacked, however its frame says how long it is', () => {
    fc.assert(
      fc.property(fc.array(anyBlock, { minLength: 1, maxLength: 5 }), fc.constantFrom(1, 2, 4, 8, null), (blocks, bytes) => {
        const content = contentOf(blocks);
        const fits =
          bytes !== null && (bytes === 1 ? content.length < 256 : bytes === 2 ? content.length >= 256 && content.length < 65_792 : true);
        const head = frameHead(fits ? content.length : null, fits ? bytes : 4, fits && bytes === 1 ? null : ONE_MIB_WINDOW);
        // Compared as bytes: `toEqual` takes a step a byte.
        expect(content.equals(unpackZstd(Buffer.concat([head, blocksOf(blocks)]), content.length))).toBe(true);
      }),
    );
  });
  test('of several frames is their contents', () => {
    const frame = (text: string): Buffer =>
      Buffer.concat([frameHead(text.length, 1, null), blocksOf([{ kind: 'raw', bytes: Buffer.from(text) }])]);
    expect(Buffer.from(unpackZstd(Buffer.concat([frame('one'), frame(' and two')]), 11)).toString()).toBe('one and two');
  });
  test.each([
    ['does not say how long it is', null],
    ['says that it is longer', 2_621_440_000],
  ])('that would unpack to gigabytes and %s is refused at its first byte too many', (_, length) => {
    const frame = Buffer.concat([frameHead(length, 4, ONE_MIB_WINDOW), BOMB]);
    expect(() => unpackZstd(frame, 200_000)).toThrow('more than the 200000 bytes that it says');
  });
  test('that would unpack to gigabytes and says that it does not takes no more memory than it says', () => {
    expect(unpackZstd(Buffer.concat([frameHead(200_000, 4, ONE_MIB_WINDOW), BOMB]), 200_000)).toHaveLength(200_000);
  });
  test('that wants a window of gigabytes is refused', () => {
    const frame = Buffer.concat([frameHead(null, 4, 20 << 3), blocksOf([{ kind: 'raw', bytes: Buffer.from('x') }])]);
    expect(() => unpackZstd(frame, 1)).toThrow('too much memory');
  });
  test('that is cut anywhere is an error', () => {
    const frame = Buffer.concat([frameHead(null, 4, ONE_MIB_WINDOW), blocksOf([{ kind: 'raw', bytes: Buffer.from('some text') }])]);
    for (let length = 0; length < frame.length; length += 1) {
      const unpacked = (): number => unpackZstd(frame.subarray(0, length), 9).length;
      try {
        expect(unpacked()).toBeLessThan(9);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});
