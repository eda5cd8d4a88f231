import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LF } from '@trainer/model';
import { SLACK_BYTES } from './text-words.js';

/** An LF, and what may be read beyond it. */
const BEHIND_BYTES = 1 + SLACK_BYTES;

/**
 * A part of a file in memory, followed by an LF, so that loops over bytes end by themselves. Reads are synchronous: they are done on
 * threads that have nothing else to do.
 */
export class FileWindow {
  readonly #file: number;
  readonly size: number;
  #isOpen = true;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.size = fstatSync(this.#file).size;
  }

  /** @returns the bytes from `start` to `end` (at most the file's), and behind them an LF that does not count and SLACK_BYTES; until the next call */
  load(start: number, end: number): { readonly bytes: Buffer; readonly length: number } {
    const wanted = Math.max(0, Math.min(end, this.size) - start);
    if (this.#buffer.length < wanted + BEHIND_BYTES) this.#buffer = Buffer.allocUnsafeSlow(wanted + BEHIND_BYTES);
    let length = 0;
    while (length < wanted) {
      const read = readSync(this.#file, this.#buffer, length, wanted - length, start + length);
      if (read === 0) break;
      length += read;
    }
    this.#buffer[length] = LF;
    return { bytes: this.#buffer, length };
  }

  /** Idempotent. */
  close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }
}
