import { missingTokenIn } from './missing.js';
import { ENTRY_HEAD, entryEnd, TextDictionary, type DictionaryContent } from './text-dictionary.js';
import { hashOf, SLACK_BYTES, WORD_BYTES } from './text-words.js';

/** The texts of a column, of all threads together. */
export interface MergedTexts {
  /** Values only, in the order of their first row. */
  readonly labels: readonly string[];
  /** For each thread: the code of each of its numbers, or -1 - t where it is the t-th of MISSING_TOKENS. */
  readonly codes: readonly Int32Array[];
}

/** Joins the dictionaries of all threads: the rows in which texts stood first are gone through in order, whoever met them. */
export function mergeDictionaries(contents: readonly DictionaryContent[]): MergedTexts {
  const joined = new TextDictionary();
  const parts = contents.map((content) => new Part(content));
  for (let part = earliest(parts); part; part = earliest(parts)) {
    const { bytes, view, start, end } = part;
    const token = missingTokenIn(bytes, start, end);
    part.next(token < 0 ? joined.numberOf(view, start, end, hashOf(view, start, end), 0) : -1 - token);
  }
  return { labels: textsOf(joined.content()), codes: parts.map(({ codes }) => codes) };
}

/** A thread's texts, gone through one by one. */
class Part {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly codes: Int32Array;
  #number = 0;
  #entry = 0;

  constructor(private readonly content: DictionaryContent) {
    const { words, size } = content;
    this.bytes = new Uint8Array(words.byteLength + SLACK_BYTES);
    this.bytes.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    this.view = new DataView(this.bytes.buffer);
    this.codes = new Int32Array(size);
  }

  /** The row in which its text stood first; Infinity where none is left. */
  get row(): number {
    return this.content.firstRows[this.#number] ?? Infinity;
  }
  get start(): number {
    return (this.#entry + ENTRY_HEAD) * WORD_BYTES;
  }
  get end(): number {
    return this.start + (this.content.words[this.#entry + 1] ?? 0);
  }

  /** Goes on to the next text; `code` is that of this one. */
  next(code: number): void {
    this.codes[this.#number] = code;
    this.#number += 1;
    this.#entry = entryEnd(this.#entry, this.content.words[this.#entry + 1] ?? 0);
  }
}

function earliest(parts: readonly Part[]): Part | null {
  let found: Part | null = null;
  for (const part of parts) if (part.row < (found?.row ?? Infinity)) found = part;
  return found;
}

/** Texts that are decoded at a time; a call for each would take longer than the texts themselves. */
const PIECE_BYTES = 1 << 16;

/** @returns the texts, in the order of their numbers. */
export function textsOf({ size, words }: DictionaryContent): string[] {
  const texts: string[] = [];
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  const ends: number[] = [];
  let entry = 0;
  let [filled, isAscii] = [0, true];
  const flush = (): void => {
    let start = 0;
    const whole = isAscii ? piece.toString('latin1', 0, filled) : null;
    for (const end of ends) {
      texts.push(whole === null ? piece.toString('utf8', start, end) : whole.slice(start, end));
      start = end;
    }
    ends.length = 0;
    [filled, isAscii] = [0, true];
  };
  for (let number = 0; number < size; number += 1) {
    const length = words[entry + 1] ?? 0;
    const start = (entry + ENTRY_HEAD) * WORD_BYTES;
    entry = entryEnd(entry, length);
    if (filled + length > PIECE_BYTES) flush();
    if (length > PIECE_BYTES) {
      texts.push(bytes.toString('utf8', start, start + length));
      continue;
    }
    for (let at = start; at < start + length; at += 1, filled += 1) {
      const byte = bytes[at] ?? 0;
      piece[filled] = byte;
      if (byte > 0x7f) isAscii = false;
    }
    ends.push(filled);
  }
  flush();
  return texts;
}
