import { afterLineEnd, CR, LF, lineEndsBefore, recordEnd, recordStart } from '@trainer/model';
import type { FileWindow } from './file-window.js';
import type { Chunk } from './read-plan.js';

/** Places in a text file for errors: people look for lines, as an editor counts them. These passes run only when something is wrong. */

const WINDOW_BYTES = 1 << 20;

/** @returns the line (from 1) in which the byte at this place of the file stands. */
export function lineOf(file: FileWindow, offset: number): number {
  let line = 1;
  let isCr = false;
  for (let start = 0; start < offset; start += WINDOW_BYTES) {
    const { bytes, length } = file.load(start, Math.min(start + WINDOW_BYTES, offset));
    // The CR at the end of the last part was counted, as the LF that stood for more did not follow.
    if (isCr && bytes[0] === LF) line -= 1;
    line += lineEndsBefore(bytes, length);
    isCr = bytes[length - 1] === CR;
    // What stands behind the part is an LF that does not count.
    if (isCr) line += 1;
  }
  return line;
}

/** @returns the line on which row `row` (from 0) begins. */
export function lineOfRow(file: FileWindow, chunks: readonly Chunk[], separator: number, row: number): number {
  const chunk = chunks.find((one) => row < one.row + one.records);
  if (!chunk) return lineOf(file, file.size);
  const { bytes, length } = file.load(chunk.first, chunk.next);
  let at = recordStart(bytes, 0, length, separator);
  for (let left = row - chunk.row; left > 0; left -= 1)
    at = recordStart(bytes, afterLineEnd(bytes, recordEnd(bytes, at, length, separator), length), length, separator);
  return lineOf(file, chunk.first + at);
}
