/*
 * Texts are hashed and compared four bytes at a time, as 32-bit words of little-endian order; the last word of a text is filled up with
 * zeros. Whoever gives bytes to these functions has SLACK_BYTES more behind them, whatever they hold.
 */

export const WORD_BYTES = 4;
/** What may be read beyond the last byte of a text. */
export const SLACK_BYTES = WORD_BYTES;

/** By the bytes of a text in a word: what of the word belongs to the text. */
const MASKS = Int32Array.of(-1, 0xff, 0xffff, 0xffffff);

/** A byte in each place of a word. */
export function fourOf(byte: number): number {
  return Math.imul(byte, 0x01010101);
}

/** @returns a word whose lowest set bit is in the lowest byte of `word` that is zero, or 0 where none is (H. Warren, Hacker's Delight, 6-1). */
export function zeroBytes(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}

/** @returns the byte (0 to 3) of the lowest set bit. */
export function lowestByte(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >> 3;
}

/** @returns the word with zeros but for its first `bytes` (0 stands for all four). */
export function firstBytes(word: number, bytes: number): number {
  return word & (MASKS[bytes & 3] ?? 0);
}

/** The hash of the empty text; that of another takes a step for each of its words. */
export const NO_HASH = 0x811c9dc5 | 0;

export function hashStep(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

export function hashOf(view: DataView, start: number, end: number): number {
  let hash = NO_HASH;
  let at = start;
  for (; at + WORD_BYTES <= end; at += WORD_BYTES) hash = hashStep(hash, view.getInt32(at, true));
  return at === end ? hash : hashStep(hash, firstBytes(view.getInt32(at, true), end - at));
}
