import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeHeader, FRAME, FrameError, FrameReader, HEADER_BYTES, MAX_PAYLOAD_BYTES, NO_TAG, type Tag } from './frames.js';

const anyTag: fc.Arbitrary<Tag> = fc.record({
  operation: fc.integer({ min: 0, max: 255 }),
  arrayKind: fc.integer({ min: 0, max: 255 }),
  reduction: fc.integer({ min: 0, max: 255 }),
  number: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  part: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  elements: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});
const anySize = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(MAX_PAYLOAD_BYTES - 1, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1, 2 * MAX_PAYLOAD_BYTES, 3 * MAX_PAYLOAD_BYTES + 1),
);

/** The frames of a message, as a link writes them. */
function framed(tag: Tag, message: Buffer): Buffer[] {
  const last = Math.max(0, Math.ceil(message.length / MAX_PAYLOAD_BYTES) - 1);
  return Array.from({ length: last + 1 }, (_, i) => {
    const payload = message.subarray(i * MAX_PAYLOAD_BYTES, (i + 1) * MAX_PAYLOAD_BYTES);
    return Buffer.concat([encodeHeader(FRAME.data, tag, payload.length, message.length, i * MAX_PAYLOAD_BYTES), payload]);
  });
}

/** Reads in pieces cut anywhere, each in memory that is overwritten once it was read. @returns the messages, by tag */
function readIn(pieces: readonly Buffer[]): { tag: Tag; message: Buffer }[] {
  const reader = new FrameReader();
  const messages: { tag: Tag; message: Buffer }[] = [];
  for (const piece of pieces) {
    const memory = Buffer.from(piece);
    reader.read(memory, ({ tag, messageBytes, offset, payload }) => {
      if (offset === 0 && (payload.length > 0 || messageBytes === 0)) messages.push({ tag, message: Buffer.alloc(messageBytes, 0xa5) });
      messages.at(-1)?.message.set(payload, offset);
    });
    memory.fill(0x5a);
  }
  return messages;
}

test('messages of any size arrive as they were sent, wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyTag, anySize), { minLength: 1, maxLength: 4 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
      (sent, cuts) => {
        const messages = sent.map(([tag, size], i) => ({ tag, message: Buffer.alloc(size, i + 1) }));
        const stream = Buffer.concat(messages.flatMap(({ tag, message }) => framed(tag, message)));
        const places = [0, ...cuts.map((cut) => Math.floor(cut * stream.length)), stream.length].sort((a, b) => a - b);
        const pieces = places.slice(1).map((end, i) => stream.subarray(places[i], end));
        const read = readIn(pieces);
        expect(read.map(({ tag }) => tag)).toEqual(sent.map(([tag]) => tag));
        expect(read.every(({ message }, i) => message.equals(messages[i]?.message ?? Buffer.alloc(1)))).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('a stream that is cut at every byte of its headers is read the same', () => {
  const tag = { operation: 1, arrayKind: 2, reduction: 3, number: 4, part: 5, elements: 6 };
  const stream = Buffer.concat([...framed(tag, Buffer.alloc(0)), ...framed(tag, Buffer.from('abc'))]);
  expect(readIn([...stream].map((byte) => Buffer.from([byte])))).toEqual([
    { tag, message: Buffer.alloc(0) },
    { tag, message: Buffer.from('abc') },
  ]);
});

test('bytes that are no frames are a FrameError, and never more is handed on than came', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 2 * HEADER_BYTES }), { maxLength: 10 }), (pieces) => {
      const reader = new FrameReader();
      let [came, handed] = [0, 0];
      try {
        for (const piece of pieces) {
          came += piece.length;
          reader.read(Buffer.from(piece), ({ payload }) => (handed += payload.length));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
      expect(handed).toBeLessThanOrEqual(came);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['a payload above 1 MiB', encodeHeader(FRAME.data, NO_TAG, MAX_PAYLOAD_BYTES + 1, 2 ** 31, 0)],
  ['a payload behind the end of its message', encodeHeader(FRAME.data, NO_TAG, 2, 10, 9)],
  ['an unknown kind', Buffer.from(encodeHeader(FRAME.beat, NO_TAG, 0, 0, 0)).fill(9, 4, 5)],
])('%s is refused by its header', (_, header) => {
  expect(() => new FrameReader().read(header, () => undefined)).toThrow(FrameError);
});
