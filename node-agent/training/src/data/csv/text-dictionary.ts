import { missingToken } from '../values.js';

/** The distinct texts of one column that one thread has met, in the order in which it met them. */
export interface DictionaryContent {
  readonly texts: readonly string[];
  /** The row in which each stood first. */
  readonly firstRows: Float64Array;
  /** How often each was met. */
  readonly counts: Float64Array;
}

/** Gives each distinct text a number, by its bytes: a string is made once for each, not once for each row. */
export class TextDictionary {
  #slots = new Int32Array(1 << 8);
  #hashes = new Int32Array(1 << 7);
  /** Where each text begins in the arena; the end of the last stands behind it. */
  #starts = new Float64Array((1 << 7) + 1);
  #firstRows = new Float64Array(1 << 7);
  #counts = new Float64Array(1 << 7);
  #arena = Buffer.allocUnsafeSlow(1 << 10);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns the number of the text between the two places; `row` is where it stands */
  numberOf(bytes: Uint8Array, start: number, end: number, row: number): number {
    const hash = hashOf(bytes, start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] ?? 0) - 1;
      if (number < 0) return this.#add(bytes, start, end, hash, row);
      if (this.#hashes[number] === hash && this.#isSame(number, bytes, start, end)) {
        this.#counts[number] = (this.#counts[number] ?? 0) + 1;
        return number;
      }
    }
  }

  content(): DictionaryContent {
    const texts = Array.from({ length: this.#size }, (_, number) =>
      this.#arena.toString('utf8', this.#starts[number] ?? 0, this.#starts[number + 1] ?? 0),
    );
    return { texts, firstRows: this.#firstRows.slice(0, this.#size), counts: this.#counts.slice(0, this.#size) };
  }

  #isSame(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[number] ?? 0;
    const length = (this.#starts[number + 1] ?? 0) - from;
    if (length !== end - start) return false;
    const arena = this.#arena;
    for (let at = 0; at < length; at += 1) if (arena[from + at] !== bytes[start + at]) return false;
    return true;
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, row: number): number {
    const number = this.#size;
    if (number === this.#hashes.length) this.#grow();
    const from = this.#starts[number] ?? 0;
    const to = from + end - start;
    if (to > this.#arena.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(to, this.#arena.length * 2));
      larger.set(this.#arena.subarray(0, from));
      this.#arena = larger;
    }
    this.#arena.set(bytes.subarray(start, end), from);
    this.#starts[number + 1] = to;
    this.#hashes[number] = hash;
    this.#firstRows[number] = row;
    this.#counts[number] = 1;
    this.#size = number + 1;
    this.#place(number, hash);
    return number;
  }

  #place(number: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    const size = this.#hashes.length * 2;
    this.#hashes = grown(this.#hashes, new Int32Array(size));
    this.#starts = grown(this.#starts, new Float64Array(size + 1));
    this.#firstRows = grown(this.#firstRows, new Float64Array(size));
    this.#counts = grown(this.#counts, new Float64Array(size));
    this.#slots = new Int32Array(size * 2);
    for (let number = 0; number < this.#size; number += 1) this.#place(number, this.#hashes[number] ?? 0);
  }
}

function grown<A extends Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}

/** FNV-1a (Fowler, Noll, Vo), its bits mixed once more as only the lowest are used. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** The texts of a column, of all threads together. */
export interface MergedTexts {
  /** Values only, in the order of their first row. */
  readonly labels: readonly string[];
  /** For each thread: the code of each of its numbers, -1 for missing. */
  readonly codes: readonly Int32Array[];
  /** How often each token of MISSING_TOKENS stood for a missing value. */
  readonly missing: Float64Array;
}

/** Joins the dictionaries of all threads. `missing` is counted into. */
export function mergeDictionaries(contents: readonly DictionaryContent[], missing: Float64Array): MergedTexts {
  const firstRows = new Map<string, number>();
  for (const { texts, firstRows: rows } of contents) {
    texts.forEach((text, number) => {
      const row = rows[number] ?? 0;
      if (row < (firstRows.get(text) ?? Infinity)) firstRows.set(text, row);
    });
  }
  const ordered = contents.length === 1 ? [...firstRows.keys()] : [...firstRows].sort((a, b) => a[1] - b[1]).map(([text]) => text);
  const labels: string[] = [];
  const codeOf = new Map<string, number>();
  for (const text of ordered) {
    const isValue = missingToken(text) < 0;
    codeOf.set(text, isValue ? labels.length : -1);
    if (isValue) labels.push(text);
  }
  const codes = contents.map(({ texts, counts }) =>
    Int32Array.from(texts, (text, number) => {
      const token = missingToken(text);
      if (token >= 0) missing[token] = (missing[token] ?? 0) + (counts[number] ?? 0);
      return codeOf.get(text) ?? -1;
    }),
  );
  return { labels, codes, missing };
}
