import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clippedToBytes } from './thrown.js';

test.each([
  [0, ''],
  [1, 'a'],
  [2, 'a'],
  [3, 'aé'],
  [6, 'aé\ufffd'],
  [9, 'aé\ufffd'],
  [10, 'aé\ufffd\u{1f600}'],
  [11, 'aé\ufffd\u{1f600}'],
])('cut to %i bytes a text keeps its whole characters, U+FFFD too', (maxBytes, kept) => {
  expect(clippedToBytes('aé\ufffd\u{1f600}', maxBytes)).toBe(kept);
});

test('a cut text is within the limit, a beginning of the text, and less than a character short of the limit', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', size: 'large' }), fc.nat(400), (text, maxBytes) => {
      const cut = clippedToBytes(text, maxBytes);
      const bytes = Buffer.byteLength(cut);
      expect(text.startsWith(cut)).toBe(true);
      expect(bytes).toBeLessThanOrEqual(maxBytes);
      expect(bytes).toBeGreaterThan(Math.min(maxBytes, Buffer.byteLength(text)) - 4);
    }),
  );
});

test('half of a surrogate pair becomes U+FFFD', () => {
  expect(clippedToBytes('a\ud83d', 10)).toBe('a\ufffd');
  expect(clippedToBytes('a\ud83db', 4)).toBe('a\ufffd');
});
