/** @returns the value of all `count` numbers where they are one run, as the levels of a column without gaps are; else -1 */
export function oneRun(bytes: Uint8Array, start: number, end: number, width: number, count: number): number {
  const { head, at } = headAt(bytes, start, end);
  return (head & 1) === 0 && head >>> 1 >= count ? valueAt(bytes, at, end, width) : -1;
}

/**
 * Reads `count` numbers of `width` bits (0 to 32) from Parquet's runs (Encodings.md, "RLE/bit-packing hybrid") between the two places.
 * @throws RangeError where the bytes end early
 */
export function readRuns(bytes: Uint8Array, start: number, end: number, width: number, count: number, into: Int32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = start, done = 0; done < count;) {
    const run = headAt(bytes, at, end);
    const length = run.head >>> 1;
    if (run.head & 1) {
      const values = Math.min(length * 8, count - done);
      if (length === 0 || run.at + Math.ceil((values * width) / 8) > end) throw new RangeError(CUT);
      unpack(view, run.at, width, into, done, values);
      at = run.at + length * width;
      done += values;
    } else {
      if (length === 0) throw new RangeError(CUT);
      into.fill(valueAt(bytes, run.at, end, width), done, Math.min(done + length, count));
      at = run.at + ((width + 7) >> 3);
      done += length;
    }
  }
}

const CUT = 'a run of values ends early';

/** A run's length times two, plus one where its values are packed by bits; and what stands behind it. */
function headAt(bytes: Uint8Array, start: number, end: number): { readonly head: number; readonly at: number } {
  let head = 0;
  let at = start;
  for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7, at += 1) {
    if (at >= end || shift > 28) throw new RangeError(CUT);
    byte = bytes[at] ?? 0;
    head |= (byte & 0x7f) << shift;
  }
  return { head, at };
}

function valueAt(bytes: Uint8Array, at: number, end: number, width: number): number {
  if (at + ((width + 7) >> 3) > end) throw new RangeError(CUT);
  let value = 0;
  for (let bits = 0; bits < width; bits += 8) value |= (bytes[at + (bits >> 3)] ?? 0) << bits;
  return value;
}

/** Bits beside which a value of 32 bits read at its first byte has all that it needs. */
const WORD_BITS = 25;

function unpack(view: DataView, start: number, width: number, into: Int32Array, first: number, count: number): void {
  const mask = width === 32 ? -1 : (1 << width) - 1;
  // Whole words can be read of all but the last values.
  const whole = width > WORD_BITS ? 0 : Math.min(count, Math.max(0, Math.floor(((view.byteLength - start - 4) * 8) / Math.max(width, 1))));
  let bit = start * 8;
  let row = first;
  for (const end = first + whole; row < end; row += 1, bit += width) into[row] = (view.getInt32(bit >>> 3, true) >>> (bit & 7)) & mask;
  for (const end = first + count; row < end; row += 1, bit += width) into[row] = slowly(view, bit, width) & mask;
}

function slowly(view: DataView, bit: number, width: number): number {
  let value = 0;
  for (let byte = bit >>> 3, shift = -(bit & 7); shift < width; byte += 1, shift += 8) {
    const part = view.getUint8(byte);
    value |= shift < 0 ? part >>> -shift : part << shift;
  }
  return value;
}
