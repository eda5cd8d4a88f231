import { isUtf8 } from 'node:buffer';
import { firstBytes, WORD_BYTES } from './text-words.js';

/** The distinct texts that one thread has met in one column, in the order in which it met them. */
export interface DictionaryContent {
  readonly size: number;
  /** For each its number, its bytes and, as words, its text. */
  readonly words: Int32Array;
  /** The row in which each stood first, which only grows. */
  readonly firstRows: Float64Array;
}

/** Of a thread that met none. */
export const NO_TEXTS: DictionaryContent = { size: 0, words: new Int32Array(0), firstRows: new Float64Array(0) };

/** Words before an entry's text. */
export const ENTRY_HEAD = 2;
/** A slot is the place of an entry plus one, or 0 where it is free, and a hash. Two to a text are kept at least. */
const SLOT = 2;

/** Texts by their places, with the hash and the row of each; up to MOST_AT_ONCE. */
export interface Texts {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly hashes: Int32Array;
  readonly rows: Int32Array;
}
/** Small enough that what is touched for all of them is still near when it is used. */
export const MOST_AT_ONCE = 1 << 10;

/** Gives each distinct text a number, by its bytes: a string is made once for each, not once for each row. */
export class TextDictionary {
  /** What is looked at for a text lies in two places: most of the time goes into waiting for memory. */
  #slots = new Int32Array(SLOT << 8);
  #words = new Int32Array(1 << 8);
  #wordsUsed = 0;
  #firstRows = new Float64Array(1 << 7);
  #size = 0;
  readonly #entries = new Int32Array(MOST_AT_ONCE);

  get size(): number {
    return this.#size;
  }

  /**
   * Writes the numbers of `count` texts to their rows, as `numberOf` gives them. The memory that all of them need is asked for before the
   * first is compared, so that it is waited for once: in a large dictionary that is most of the time.
   */
  numbersOf(view: DataView, { starts, ends, hashes, rows }: Texts, count: number, numbers: Int32Array): void {
    const last = this.#slots.length - 1;
    const entries = this.#entries;
    for (let at = 0; at < count; at += 1) entries[at] = (this.#slots[firstSlot(hashes[at] ?? 0) & last] ?? 0) - 1;
    for (let at = 0; at < count; at += 1) entries[at] = this.#words[entries[at] ?? 0] ?? 0;
    for (let at = 0; at < count; at += 1) {
      const row = rows[at] ?? 0;
      numbers[row] = this.numberOf(view, starts[at] ?? 0, ends[at] ?? 0, hashes[at] ?? 0, row);
    }
  }

  /** @returns the number of the text between the two places; `row` is where it stands, `hash` that of `hashOf` */
  numberOf(view: DataView, start: number, end: number, hash: number, row: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    for (let slot = firstSlot(hash) & last; ; slot = (slot + SLOT) & last) {
      const entry = (slots[slot] ?? 0) - 1;
      if (entry < 0) return this.#add(view, start, end, hash, row);
      if (slots[slot + 1] === hash && isSame(this.#words, entry, view, start, end - start)) return this.#words[entry] ?? 0;
    }
  }

  content(): DictionaryContent {
    return { size: this.#size, words: this.#words.slice(0, this.#wordsUsed), firstRows: this.#firstRows.slice(0, this.#size) };
  }

  #add(view: DataView, start: number, end: number, hash: number, row: number): number {
    const number = this.#size;
    if (number === this.#firstRows.length) this.#grow();
    const length = end - start;
    const entry = this.#wordsUsed;
    const used = entryEnd(entry, length);
    if (used > this.#words.length) this.#words = larger(this.#words, new Int32Array(Math.max(used, this.#words.length * 2)));
    this.#words[entry] = number;
    this.#words[entry + 1] = length;
    for (let at = entry + ENTRY_HEAD, from = start; at < used; at += 1, from += WORD_BYTES)
      this.#words[at] = firstBytes(view.getInt32(from, true), Math.min(end - from, WORD_BYTES));
    this.#wordsUsed = used;
    this.#firstRows[number] = row;
    this.#size = number + 1;
    place(this.#slots, entry, hash);
    return number;
  }

  #grow(): void {
    this.#firstRows = larger(this.#firstRows, new Float64Array(this.#firstRows.length * 2));
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += SLOT) {
      const entry = (old[slot] ?? 0) - 1;
      if (entry >= 0) place(this.#slots, entry, old[slot + 1] ?? 0);
    }
  }
}

/** @returns where the entry behind this one begins */
export function entryEnd(entry: number, length: number): number {
  return entry + ENTRY_HEAD + Math.ceil(length / WORD_BYTES);
}

/** Are all texts UTF-8? The reader of text files knows it before; Parquet's has to ask. */
export function isAllUtf8({ size, words }: DictionaryContent): boolean {
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  let entry = 0;
  for (let number = 0; number < size; number += 1) {
    const length = words[entry + 1] ?? 0;
    const next = entryEnd(entry, length);
    let all = 0;
    for (let at = entry + ENTRY_HEAD; at < next; at += 1) all |= words[at] ?? 0;
    const start = (entry + ENTRY_HEAD) * WORD_BYTES;
    // Most are ASCII, which their words tell.
    if ((all & 0x80808080) !== 0 && !isUtf8(bytes.subarray(start, start + length))) return false;
    entry = next;
  }
  return true;
}

function isSame(words: Int32Array, entry: number, view: DataView, start: number, length: number): boolean {
  if (words[entry + 1] !== length) return false;
  let at = entry + ENTRY_HEAD;
  let from = start;
  for (const end = start + length - WORD_BYTES; from <= end; at += 1, from += WORD_BYTES)
    if (words[at] !== view.getInt32(from, true)) return false;
  const left = length & (WORD_BYTES - 1);
  return left === 0 || words[at] === firstBytes(view.getInt32(from, true), left);
}

function place(slots: Int32Array, entry: number, hash: number): void {
  const last = slots.length - 1;
  let slot = firstSlot(hash) & last;
  while (slots[slot] !== 0) slot = (slot + SLOT) & last;
  slots[slot] = entry + 1;
  slots[slot + 1] = hash;
}

function firstSlot(hash: number): number {
  return (hash ^ (hash >>> 13)) * SLOT;
}

function larger<A extends Int32Array | Float64Array>(old: A, empty: A): A {
  empty.set(old);
  return empty;
}
