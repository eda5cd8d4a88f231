import type { ParquetForm } from './column-type.js';

/** Julian day of 1970-01-01, from which INT96 counts. */
const EPOCH_DAY = 2_440_588;
const DAY_SECONDS = 86_400;
const TWO_32 = 2 ** 32;
/** Powers of ten that doubles hold exactly: a quotient by one is rounded once. */
const EXACT_POWER = 22;

/** Reads the double of one value at a place. */
type ReadAt = (view: DataView, at: number) => number;

/**
 * Reads plain values as doubles into the places from `first` on: the nearest to what is written, seconds for dates.
 * @param valueBytes of a value of fixed length
 * @throws RangeError where the bytes end early
 */
export function readNumbers(
  bytes: Uint8Array,
  values: number,
  { form, valueBytes }: { readonly form: ParquetForm; readonly valueBytes: number },
  into: Float64Array,
  first: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (form.as === 'decimal' && form.bytes === 'counted') {
    readCountedDecimals(view, values, form.scale, into, first);
    return;
  }
  const width = widthOf(form, valueBytes);
  if (width <= 0 || values * width > bytes.length) throw new RangeError('values end early');
  // Copied as bytes, which need not lie where an array of doubles may.
  if (form.as === 'double') new Uint8Array(into.buffer, into.byteOffset).set(bytes.subarray(0, values * width), first * width);
  else {
    const read = readerOf(form, width);
    for (let row = first, at = 0; row < first + values; row += 1, at += width) into[row] = read(view, at);
  }
}

/** Plain 64-bit integers. Those without sign beyond the sign's bit come out negative. */
export function readLongs(bytes: Uint8Array, values: number, into: BigInt64Array, first: number): void {
  const width = BigInt64Array.BYTES_PER_ELEMENT;
  if (values * width > bytes.length) throw new RangeError('values end early');
  new Uint8Array(into.buffer, into.byteOffset).set(bytes.subarray(0, values * width), first * width);
}

function widthOf(form: ParquetForm, valueBytes: number): number {
  switch (form.as) {
    case 'int32':
    case 'uint32':
    case 'days':
    case 'float':
      return 4;
    case 'int64':
    case 'uint64':
    case 'timestamp':
    case 'double':
      return 8;
    case 'half':
      return 2;
    case 'int96':
      return 12;
    case 'decimal':
      return form.bytes === 'int32' ? 4 : form.bytes === 'int64' ? 8 : valueBytes;
    default:
      throw new RangeError(`a column of ${form.as} has no numbers`);
  }
}

function readerOf(form: ParquetForm, width: number): ReadAt {
  switch (form.as) {
    case 'int32':
      return (view, at) => view.getInt32(at, true);
    case 'uint32':
      return (view, at) => view.getUint32(at, true);
    case 'days':
      return (view, at) => view.getInt32(at, true) * DAY_SECONDS;
    case 'float':
      return (view, at) => view.getFloat32(at, true);
    case 'int64':
      return (view, at) => view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true);
    case 'uint64':
      return (view, at) => view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
    case 'half':
      return (view, at) => half(view.getUint16(at, true));
    case 'int96':
      return (view, at) => ((view.getInt32(at + 8, true) - EPOCH_DAY) * DAY_SECONDS * 1e6 + microseconds(view, at)) / 1e6;
    case 'timestamp':
      if (form.unitsPerSecond === 1e9) return (view, at) => microseconds(view, at) / 1e6;
      return (view, at) => (view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true)) / form.unitsPerSecond;
    case 'decimal':
      return decimalReader(form.scale, form.bytes, width);
    default:
      throw new RangeError(`a column of ${form.as} has no numbers`);
  }
}

/** Nanoseconds at a place as whole microseconds, which doubles hold exactly: 2^63 nanoseconds are 2^53.03 of them. */
function microseconds(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true);
  const thousands = Math.floor(high / 1000);
  return thousands * TWO_32 + Math.floor(((high - thousands * 1000) * TWO_32 + view.getUint32(at, true)) / 1000);
}

/** IEEE 754, 16 bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function decimalReader(scale: number, bytes: string, width: number): ReadAt {
  if (bytes === 'int32') return (view, at) => decimal(view.getInt32(at, true), scale);
  if (bytes === 'int64') return (view, at) => decimal(view.getBigInt64(at, true), scale);
  return (view, at) => decimal(bigEndian(view, at, width), scale);
}

function readCountedDecimals(view: DataView, values: number, scale: number, into: Float64Array, first: number): void {
  let at = 0;
  for (let row = first; row < first + values; row += 1) {
    const width = view.getUint32(at, true);
    if (at + 4 + width > view.byteLength) throw new RangeError('values end early');
    into[row] = decimal(bigEndian(view, at + 4, width), scale);
    at += 4 + width;
  }
}

function bigEndian(view: DataView, at: number, width: number): bigint {
  let value = width > 0 ? BigInt(view.getInt8(at)) : 0n;
  for (let byte = 1; byte < width; byte += 1) value = (value << 8n) | BigInt(view.getUint8(at + byte));
  return value;
}

/** The double nearest to `digits` times ten to the power of `-scale`. */
function decimal(digits: number | bigint, scale: number): number {
  const double = Number(digits);
  if (Math.abs(double) <= Number.MAX_SAFE_INTEGER && scale >= 0 && scale <= EXACT_POWER) return double / 10 ** scale;
  return Number(`${digits}e${-scale}`);
}
