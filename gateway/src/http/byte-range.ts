import { RangeNotSatisfiableError } from './errors.js';

/** Inclusive offsets of a part of a file. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads a `Range` header of one range (RFC 9110, 14.2); several ranges or another unit give null: the whole file is sent.
 * @throws RangeNotSatisfiableError when no byte of the file is in it.
 */
export function byteRangeOf(header: string | undefined, bytes: number): ByteRange | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const range =
    match[1] === '' ? { first: Math.max(0, bytes - Number(match[2])), last: bytes - 1 } : fromTo(Number(match[1]), match[2] ?? '', bytes);
  if (range.first > range.last || range.first >= bytes) throw new RangeNotSatisfiableError(bytes);
  return range;
}

function fromTo(first: number, last: string, bytes: number): ByteRange {
  return { first, last: last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1) };
}
