import { CR, SPACE, TAB } from '@trainer/model';
import { MISSING_TOKENS } from '../values.js';

/** Tokens as two words of four bytes each, in a small open hash table: files may be full of them. */
const SLOTS = 64;
const WORD_BYTES = 4;
const table = new Int8Array(SLOTS).fill(-1);
const firsts = new Int32Array(MISSING_TOKENS.length);
const seconds = new Int32Array(MISSING_TOKENS.length);
const lengths = Int32Array.from(MISSING_TOKENS, (token) => token.length);
const LONGEST = Math.max(...MISSING_TOKENS.map((token) => token.length));

MISSING_TOKENS.forEach((token, index) => {
  const bytes = Buffer.from(token, 'latin1');
  const [first, second] = [wordAt(bytes, 0, bytes.length), wordAt(bytes, WORD_BYTES, bytes.length)];
  firsts[index] = first;
  seconds[index] = second;
  let slot = slotOf(first, second);
  while ((table[slot] ?? -1) >= 0) slot = (slot + 1) % SLOTS;
  table[slot] = index;
});

/** @returns which of MISSING_TOKENS stands between the two places, where no spaces are around it, or -1. */
export function missingTokenAt(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > LONGEST) return -1;
  const first = wordAt(bytes, start, end);
  const second = wordAt(bytes, start + WORD_BYTES, end);
  for (let slot = slotOf(first, second); ; slot = (slot + 1) % SLOTS) {
    const index = table[slot] ?? -1;
    if (index < 0 || (firsts[index] === first && seconds[index] === second && lengths[index] === end - start)) return index;
  }
}

/** @returns which of MISSING_TOKENS stands between the two places, spaces around it ignored, or -1. */
export function missingTokenIn(bytes: Uint8Array, start: number, end: number): number {
  let [from, to] = [start, end];
  while (from < to && isSpace(bytes[from] ?? 0)) from += 1;
  while (to > from && isSpace(bytes[to - 1] ?? 0)) to -= 1;
  return missingTokenAt(bytes, from, to);
}

/** White space as C's `isspace` has it. */
export function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

function wordAt(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = start; at < Math.min(start + WORD_BYTES, end); at += 1) word = (word << 8) | (bytes[at] ?? 0);
  return word;
}

function slotOf(first: number, second: number): number {
  return ((Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)) >>> 26) % SLOTS;
}
