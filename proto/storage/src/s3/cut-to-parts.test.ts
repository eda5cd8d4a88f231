import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutToParts } from './cut-to-parts.js';

async function cut(body: Uint8Array | AsyncIterable<Uint8Array>, bytes: number): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for await (const part of cutToParts(body, bytes)) parts.push(part);
  return parts;
}

async function* of(chunks: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

test('a body comes whole and in order, in full parts and one last one, however its bytes came', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))),
      fc.integer({ min: 1, max: 50 }),
      async (chunks, bytes) => {
        const whole = Buffer.concat(chunks);
        for (const parts of [await cut(of(chunks), bytes), await cut(whole, bytes)]) {
          expect(Buffer.concat(parts).equals(whole)).toBe(true);
          expect(parts.slice(0, -1).every((part) => part.length === bytes)).toBe(true);
          expect(parts.at(-1)?.length).toBe(whole.length === 0 ? 0 : ((whole.length - 1) % bytes) + 1);
        }
      },
    ),
  ));

test('the source of a body that is given up is closed', async () => {
  let isClosed = false;
  const body = (async function* () {
    try {
      for (;;) yield Buffer.alloc(10);
    } finally {
      isClosed = true;
    }
  })();
  for await (const _ of cutToParts(body, 25)) break;
  expect(isClosed).toBe(true);
});
