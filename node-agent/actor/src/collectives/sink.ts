import type { Numbers, Reduction } from './collective.js';
import { arrayOver, bytesOf, reduceInto } from './reduce.js';

/** Where the bytes of a message go as they come in, so that a large one is never held whole beside its place. */
export interface Sink {
  /** Length of the one message that it takes. */
  readonly length: number;
  /** The next bytes; they are valid until it returns. */
  write(bytes: Uint8Array): void;
}

/** Puts the message into `place`. */
export function storing(place: Uint8Array): Sink {
  let filled = 0;
  return {
    length: place.length,
    write(bytes) {
      place.set(bytes, filled);
      filled += bytes.length;
    },
  };
}

/** What a socket reads at once, where numbers may lie askew; on this thread one piece is folded at a time. */
const straight = new Uint8Array(64 * 2 ** 10);

/** @returns the bytes where numbers of up to 8 bytes can be read; valid until the next call */
function straightened(bytes: Uint8Array): Uint8Array {
  if (bytes.byteOffset % 8 === 0 || bytes.length > straight.length) return bytes;
  straight.set(bytes);
  return straight.subarray(0, bytes.length);
}

/** Combines the message, an array like `result`, into it element by element. */
export function folding(result: Numbers, reduction: Reduction): Sink {
  const size = result.BYTES_PER_ELEMENT;
  /** An element whose bytes came in two pieces. */
  const split = result.slice(0, 1);
  const splitBytes = bytesOf(split);
  let splitFilled = 0;
  let folded = 0;
  const fold = (more: Numbers): void => {
    reduceInto(result, folded, more, reduction);
    folded += more.length;
  };
  const keep = (bytes: Uint8Array): void => {
    splitBytes.set(bytes, splitFilled);
    splitFilled += bytes.length;
    if (splitFilled < size) return;
    splitFilled = 0;
    fold(split);
  };
  return {
    length: result.byteLength,
    write(bytes) {
      const begun = splitFilled === 0 ? 0 : Math.min(size - splitFilled, bytes.length);
      if (begun > 0) keep(bytes.subarray(0, begun));
      const end = bytes.length - ((bytes.length - begun) % size);
      if (end > begun) fold(arrayOver(result, straightened(bytes.subarray(begun, end))));
      if (bytes.length > end) keep(bytes.subarray(end));
    },
  };
}
