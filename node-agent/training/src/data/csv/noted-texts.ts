import { MOST_AT_ONCE, type TextDictionary } from './text-dictionary.js';

/**
 * Texts of a column on their way to their numbers: places, hashes and rows are noted, and looked up together, so that the memory of a
 * large dictionary is waited for once and not for each.
 */
export class NotedTexts {
  readonly starts = new Int32Array(MOST_AT_ONCE);
  readonly ends = new Int32Array(MOST_AT_ONCE);
  readonly hashes = new Int32Array(MOST_AT_ONCE);
  readonly rows = new Int32Array(MOST_AT_ONCE);
  #count = 0;

  /** `numbers`: an entry a row. */
  constructor(
    private readonly dictionary: TextDictionary,
    private readonly numbers: Int32Array,
  ) {}

  /** `hash`: of `hashOf`. The bytes stay until `flush`. */
  note(view: DataView, start: number, end: number, hash: number, row: number): void {
    const at = this.#count;
    this.starts[at] = start;
    this.ends[at] = end;
    this.hashes[at] = hash;
    this.rows[at] = row;
    this.#count = at + 1;
    if (at + 1 === MOST_AT_ONCE) this.flush(view);
  }

  /** Writes the numbers of all that were noted. */
  flush(view: DataView): void {
    this.dictionary.numbersOf(view, this, this.#count, this.numbers);
    this.#count = 0;
  }
}
