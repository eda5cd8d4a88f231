import { types } from 'node:util';
import { NotTransferableError, ValueTooLargeError } from './errors.js';

/** Extension types of our MessagePack. -1 is MessagePack's own timestamp. */
export const EXTENSION = {
  timestamp: -1,
  /** One byte, zero. */
  undefined: 0,
  /** Hexadecimal text, with a leading `-` when negative. */
  bigint: 1,
  /** MessagePack of `[key, value, key, value, ...]`. */
  map: 2,
  /** MessagePack of an array. */
  set: 3,
  /** MessagePack of `{ id }`. */
  handle: 4,
  /** One byte, the index in `TYPED_ARRAYS`; then the elements, little-endian. */
  typedArray: 5,
} as const;

/** Kinds of typed arrays by their number on the wire; 0 is not used. A Uint8Array travels as binary. */
export const TYPED_ARRAYS = [
  null,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** Deeper nesting is refused on both sides: 500 levels fit any stack. */
export const MAX_DEPTH = 500;
/**
 * Arrays, objects, Maps, Sets, Dates, typed arrays and handles in one value, on both sides: one of a byte on the wire takes 50 to 250
 * in memory, so that 64 MiB of empty objects would end the process that reads them.
 */
export const MAX_OBJECTS = 2 ** 22;
/** Deep enough that ordinary data never pays for the search for a cycle. */
const CYCLE_CHECK_DEPTH = 32;

const INITIAL_BYTES = 16 * 2 ** 10;
/** A larger buffer is not kept for the next value. */
const KEPT_BYTES = 2 ** 20;
/** Strings up to this many characters are copied character by character, which is quicker than a call into V8's native code. */
const SHORT_STRING = 32;
const TWO_32 = 2 ** 32;
/** The type of a text that is not UTF-8. */
export const HALF_A_PAIR = 'a text that is not UTF-8 (half of a surrogate pair)';

/** The accessors of typed arrays themselves: an instance may have properties of these names that say something else. */
const byteLengthOf = accessor<number>('byteLength');
const byteOffsetOf = accessor<number>('byteOffset');
const bufferOf = accessor<ArrayBuffer>('buffer');
/** The name of its kind, such as `Float32Array`. */
export const typedArrayName = accessor<string>(Symbol.toStringTag);

function accessor<Result>(name: string | symbol): (of: NodeJS.TypedArray) => Result {
  const typedArrays = Object.getPrototypeOf(Uint8Array.prototype) as object;
  return (of) => Reflect.get(typedArrays, name, of) as Result;
}

/** Writes MessagePack into a buffer that it uses again. It also knows where in the value it is, for errors. */
export class ValueWriter {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #position = 0;
  #depth = 0;
  #objects = 0;
  #limit = 0;
  /** Up to here it may write without a look: the end of the buffer, or the limit. */
  #bound = 0;
  #root = '';
  readonly #parents: (object | null)[] = [];
  /** The key that is being written at each depth; set by the walk. */
  readonly keys: unknown[] = [];

  begin(root: string, limitBytes: number): void {
    this.#position = 0;
    this.#depth = 0;
    this.#objects = 0;
    this.#root = root;
    this.#limit = limitBytes;
    this.#bound = Math.min(limitBytes, this.#buffer.length);
  }

  /** @returns what was written, in memory of its own. */
  finish(): Buffer {
    if (this.#position > KEPT_BYTES) {
      // Given away instead of copied; the rest of the buffer is at most as long again.
      const whole = this.#buffer.subarray(0, this.#position);
      this.#buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
      return whole;
    }
    const copy = Buffer.allocUnsafe(this.#position);
    this.#buffer.copy(copy, 0, 0, this.#position);
    return copy;
  }

  /** Lets go of the value and of a large buffer. */
  end(): void {
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    if (this.#depth === 0) return;
    this.#parents.length = 0;
    this.keys.length = 0;
  }

  /** Goes one level down. @returns the depth at which the walk sets its keys. */
  enter(parent: object): number {
    this.countObject();
    const depth = this.#depth;
    this.#parents[depth] = parent;
    this.#depth = depth + 1;
    if (depth >= CYCLE_CHECK_DEPTH) this.#checkCycle(parent, depth);
    return depth;
  }

  /** @throws NotTransferableError for one above MAX_OBJECTS */
  countObject(): void {
    this.#objects += 1;
    if (this.#objects > MAX_OBJECTS) throw new NotTransferableError(this.#root, `made of more than ${MAX_OBJECTS} objects`);
  }

  leave(): void {
    const depth = this.#depth - 1;
    this.#depth = depth;
    this.#parents[depth] = null;
    this.keys[depth] = null;
  }

  #checkCycle(parent: object, depth: number): void {
    if (this.#parents.indexOf(parent) < depth) {
      const seen = new Set<object | null>();
      const again = this.#parents.findIndex((ancestor) => seen.size === seen.add(ancestor).size);
      throw new NotTransferableError(this.path(again), 'a part of itself (a cycle)');
    }
    if (depth >= MAX_DEPTH) throw new NotTransferableError(`${this.path(3)}...`, `nested deeper than ${MAX_DEPTH} levels`);
  }

  /** Where the walk is, such as `args[0].socket`. */
  path(depth = this.#depth): string {
    let path = this.#root;
    for (let i = 0; i < depth; i += 1) path += step(this.#parents[i] ?? null, this.keys[i]);
    return path;
  }

  #reserve(bytes: number): number {
    const start = this.#position;
    const end = start + bytes;
    if (end > this.#bound) this.#grow(end);
    this.#position = end;
    return start;
  }

  #grow(needed: number): void {
    if (needed > this.#limit) throw new ValueTooLargeError(this.#root, this.#limit);
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#buffer.length * 2, this.#limit)));
    this.#buffer.copy(larger, 0, 0, this.#position);
    this.#buffer = larger;
    this.#bound = larger.length;
  }

  /** No method may read `#buffer` before its `#reserve`, which replaces it when it grows: `this.#buffer[this.#reserve(1)]` would. */
  #byte(value: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  nil(): void {
    this.#byte(0xc0);
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  undefined(): void {
    const at = this.#reserve(3);
    this.#buffer[at] = 0xd4;
    this.#buffer[at + 1] = EXTENSION.undefined;
    this.#buffer[at + 2] = 0;
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      const at = this.#reserve(9);
      this.#buffer[at] = 0xcb;
      this.#buffer.writeDoubleBE(value, at + 1);
    } else if (value >= 0) this.#positive(value);
    else this.#negative(value);
  }

  #positive(value: number): void {
    if (value < 0x80) this.#byte(value);
    else if (value < 0x100) this.#header1(0xcc, value);
    else if (value < 0x10000) this.#header2(0xcd, value);
    else if (value < TWO_32) this.#header4(0xce, value);
    else this.#integer64(0xcf, value);
  }

  #negative(value: number): void {
    if (value >= -0x20) this.#byte(value & 0xff);
    else if (value >= -0x80) this.#header1(0xd0, value & 0xff);
    else if (value >= -0x8000) this.#header2(0xd1, value & 0xffff);
    else if (value >= -0x80000000) this.#header4(0xd2, value >>> 0);
    else this.#integer64(0xd3, value);
  }

  #integer64(code: number, value: number): void {
    const at = this.#reserve(9);
    this.#buffer[at] = code;
    const high = Math.floor(value / TWO_32);
    this.#buffer.writeUInt32BE(high >>> 0, at + 1);
    this.#buffer.writeUInt32BE(value - high * TWO_32, at + 5);
  }

  #header1(code: number, value: number): void {
    const at = this.#reserve(2);
    this.#buffer[at] = code;
    this.#buffer[at + 1] = value;
  }

  #header2(code: number, value: number): void {
    const at = this.#reserve(3);
    this.#buffer[at] = code;
    this.#buffer[at + 1] = value >>> 8;
    this.#buffer[at + 2] = value & 0xff;
  }

  #header4(code: number, value: number): void {
    const at = this.#reserve(5);
    this.#buffer[at] = code;
    this.#buffer.writeUInt32BE(value, at + 1);
  }

  string(value: string): void {
    if (value.length <= SHORT_STRING && this.#shortAscii(value)) return;
    if (!value.isWellFormed()) throw new NotTransferableError(this.path(), HALF_A_PAIR);
    const bytes = Buffer.byteLength(value);
    if (bytes < 32) this.#byte(0xa0 | bytes);
    else if (bytes < 0x100) this.#header1(0xd9, bytes);
    else if (bytes < 0x10000) this.#header2(0xda, bytes);
    else this.#header4(0xdb, bytes);
    const at = this.#reserve(bytes);
    this.#buffer.write(value, at, bytes, 'utf8');
  }

  #shortAscii(value: string): boolean {
    const { length } = value;
    if (length >= 32) return false;
    const start = this.#reserve(1 + length);
    const buffer = this.#buffer;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.#position = start;
        return false;
      }
      buffer[start + 1 + i] = code;
    }
    buffer[start] = 0xa0 | length;
    return true;
  }

  binary(value: Uint8Array): void {
    this.countObject();
    const length = byteLengthOf(value);
    if (length < 0x100) this.#header1(0xc4, length);
    else if (length < 0x10000) this.#header2(0xc5, length);
    else this.#header4(0xc6, length);
    const at = this.#reserve(length);
    this.#buffer.set(value, at);
  }

  arrayHeader(length: number): void {
    if (length < 16) this.#byte(0x90 | length);
    else if (length < 0x10000) this.#header2(0xdc, length);
    else this.#header4(0xdd, length);
  }

  mapHeader(size: number): void {
    if (size < 16) this.#byte(0x80 | size);
    else if (size < 0x10000) this.#header2(0xde, size);
    else this.#header4(0xdf, size);
  }

  bigint(value: bigint): void {
    const start = this.beginExtension(EXTENSION.bigint);
    const text = value.toString(16);
    const at = this.#reserve(text.length);
    this.#buffer.write(text, at, text.length, 'latin1');
    this.endExtension(start);
  }

  /** MessagePack's timestamp of 96 bits: any millisecond that a Date can hold. */
  timestamp(ms: number): void {
    this.countObject();
    const seconds = Math.floor(ms / 1000);
    const at = this.#reserve(15);
    this.#buffer[at] = 0xc7;
    this.#buffer[at + 1] = 12;
    this.#buffer.writeInt8(EXTENSION.timestamp, at + 2);
    this.#buffer.writeUInt32BE((ms - seconds * 1000) * 1e6, at + 3);
    this.#buffer.writeBigInt64BE(BigInt(seconds), at + 7);
  }

  typedArray(kind: number, value: NodeJS.TypedArray): void {
    this.countObject();
    const start = this.beginExtension(EXTENSION.typedArray);
    const bytes = byteLengthOf(value);
    const at = this.#reserve(1 + bytes);
    this.#buffer[at] = kind;
    this.#buffer.set(new Uint8Array(bufferOf(value), byteOffsetOf(value), bytes), at + 1);
    this.endExtension(start);
  }

  /** Opens an extension whose length is not known yet. @returns what `endExtension` needs. */
  beginExtension(type: number): number {
    const at = this.#reserve(6);
    this.#buffer[at] = 0xc9;
    this.#buffer.writeInt8(type, at + 5);
    return at;
  }

  endExtension(start: number): void {
    this.#buffer.writeUInt32BE(this.#position - start - 6, start + 1);
  }
}

function step(parent: object | null, key: unknown): string {
  if (types.isMap(parent)) return `.get(${keyText(key)})`;
  if (typeof key === 'number') return `[${key}]`;
  const name = String(key);
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** A key of a Map may be anything, also an object whose text runs code of a user. */
function keyText(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key);
  return (typeof key === 'object' && key !== null) || typeof key === 'function' ? 'an object' : String(key);
}
