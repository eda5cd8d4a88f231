import { copyValue, CR, LF, QUOTE, valueEnd } from '@trainer/model';
import { TextDictionary } from './text-dictionary.js';
import { firstBytes, fourOf, hashOf, hashStep, lowestByte, NO_HASH, SLACK_BYTES, WORD_BYTES, zeroBytes } from './text-words.js';

/** Values that are noted before they are looked up: lookups one behind the other wait for memory at the same time. */
const NOTED = 1 << 10;
const [LFS, CRS] = [fourOf(LF), fourOf(CR)];

/** One column's texts: the values become numbers of a dictionary, which has all of them after `flush`. */
export class TextReader {
  readonly dictionary = new TextDictionary();
  readonly #values: Int32Array;
  readonly #separator: number;
  readonly #separators: number;
  readonly #starts = new Int32Array(NOTED);
  readonly #ends = new Int32Array(NOTED);
  readonly #hashes = new Int32Array(NOTED);
  readonly #entries = new Int32Array(NOTED);
  #noted = 0;
  #firstRow = 0;

  /** `values`: an entry a row. */
  constructor(values: Int32Array, separator: number) {
    this.#values = values;
    this.#separator = separator;
    this.#separators = fourOf(separator);
  }

  /**
   * Reads the value that begins at `start`, of the row behind that of the last call but for a call of `flush` between them; the content
   * ends at `length`, with an LF and SLACK_BYTES behind it.
   * @returns where the value ends
   */
  read(bytes: Buffer, view: DataView, start: number, length: number, row: number): number {
    if (bytes[start] === QUOTE) return this.#quoted(bytes, view, start, length, row);
    const separators = this.#separators;
    let hash = NO_HASH;
    for (let at = start; ; at += WORD_BYTES) {
      const word = view.getInt32(at, true);
      const ends = zeroBytes(word ^ separators) | zeroBytes(word ^ LFS) | zeroBytes(word ^ CRS);
      if (ends === 0) {
        hash = hashStep(hash, word);
        continue;
      }
      const left = lowestByte(ends);
      const end = at + left;
      this.#note(view, start, end, left === 0 ? hash : hashStep(hash, firstBytes(word, left)), row);
      return end;
    }
  }

  /** Looks up what is noted; before the bytes change. */
  flush(view: DataView): void {
    const texts = { view, starts: this.#starts, ends: this.#ends, hashes: this.#hashes, entries: this.#entries, count: this.#noted };
    this.dictionary.numbersOf(texts, this.#firstRow, this.#values);
    this.#noted = 0;
  }

  #note(view: DataView, start: number, end: number, hash: number, row: number): void {
    const at = this.#noted;
    if (at === 0) this.#firstRow = row;
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.#hashes[at] = hash;
    this.#noted = at + 1;
    if (at + 1 === NOTED) this.flush(view);
  }

  /** Mostly the text is what stands between the quotes. */
  #quoted(bytes: Buffer, view: DataView, start: number, length: number, row: number): number {
    let close = start + 1;
    while (bytes[close] !== QUOTE) close += 1;
    const behind = bytes[close + 1];
    if (behind === this.#separator || behind === LF || behind === CR) {
      this.#note(view, start + 1, close, hashOf(view, start + 1, close), row);
      return close + 1;
    }
    const end = valueEnd(bytes, start, length, this.#separator);
    const text = Buffer.allocUnsafe(end - start + SLACK_BYTES);
    const textLength = copyValue(bytes, start, end, text);
    const own = new DataView(text.buffer, text.byteOffset, text.byteLength);
    this.flush(view);
    this.#values[row] = this.dictionary.numberOf(own, 0, textLength, hashOf(own, 0, textLength), row);
    return end;
  }
}
