import { copyValue, CR, LF, QUOTE, valueEnd } from '@trainer/model';
import { NotedTexts } from './noted-texts.js';
import { TextDictionary } from './text-dictionary.js';
import { firstBytes, fourOf, hashOf, hashStep, lowestByte, NO_HASH, SLACK_BYTES, WORD_BYTES, zeroBytes } from './text-words.js';

const [LFS, CRS] = [fourOf(LF), fourOf(CR)];

/** One column's texts: the values become numbers of a dictionary, which has all of them after `flush`. */
export class TextReader {
  readonly dictionary = new TextDictionary();
  readonly #values: Int32Array;
  readonly #noted: NotedTexts;
  readonly #separator: number;
  readonly #separators: number;

  /** `values`: an entry a row. */
  constructor(values: Int32Array, separator: number) {
    this.#values = values;
    this.#noted = new NotedTexts(this.dictionary, values);
    this.#separator = separator;
    this.#separators = fourOf(separator);
  }

  /**
   * Reads the value that begins at `start`; the content ends at `length`, with an LF and SLACK_BYTES behind it. Its number is written to
   * its row at the next `flush` at the latest.
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
      this.#noted.note(view, start, end, left === 0 ? hash : hashStep(hash, firstBytes(word, left)), row);
      return end;
    }
  }

  /** Looks up what is noted; before the bytes change. */
  flush(view: DataView): void {
    this.#noted.flush(view);
  }

  /** Mostly the text is what stands between the quotes. */
  #quoted(bytes: Buffer, view: DataView, start: number, length: number, row: number): number {
    let close = start + 1;
    while (bytes[close] !== QUOTE) close += 1;
    const behind = bytes[close + 1];
    if (behind === this.#separator || behind === LF || behind === CR) {
      this.#noted.note(view, start + 1, close, hashOf(view, start + 1, close), row);
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
