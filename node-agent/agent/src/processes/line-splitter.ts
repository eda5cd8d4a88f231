import { StringDecoder } from 'node:string_decoder';

/** A longer line is cut there, and its rest dropped up to the next newline. */
export const MAX_LINE_CHARS = 16 * 1024;

const SHORT_LINE_CHARS = 256;

/** Splits what a process writes into lines; holds at most one line. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #partial = '';
  #isCut = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** @returns how much it has passed on, in short lines */
  push(bytes: Buffer): number {
    let passed = 0;
    const parts = this.#decoder.write(bytes).split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      this.#add(part);
      passed += 1 + this.#partial.length / SHORT_LINE_CHARS;
      this.#endLine();
    }
    this.#add(last);
    return passed;
  }

  /** The stream is over: what has no newline is a line too. */
  end(): void {
    this.#add(this.#decoder.end());
    if (this.#partial !== '') this.#endLine();
  }

  #add(text: string): void {
    if (this.#isCut) return;
    this.#partial += text;
    if (this.#partial.length <= MAX_LINE_CHARS) return;
    this.#partial = `${this.#partial.slice(0, MAX_LINE_CHARS)}... (cut)`;
    this.#isCut = true;
  }

  #endLine(): void {
    this.#onLine(this.#partial.endsWith('\r') ? this.#partial.slice(0, -1) : this.#partial);
    this.#partial = '';
    this.#isCut = false;
  }
}
