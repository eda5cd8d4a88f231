import { WireFormatError } from './errors.js';
import { EXTENSION, MAX_DEPTH, MAX_OBJECTS, TYPED_ARRAYS } from './value-writer.js';

type HandleReader = (data: { id: string; className: string; name: string | null }) => unknown;

/** Strings up to this many bytes are read byte by byte, which is quicker than a call into V8's native code. */
const SHORT_STRING = 24;
const TWO_32 = 2 ** 32;

/** Reads one MessagePack value with our extension types; `values.ts` says what it promises. */
export function decodeExtensible(bytes: Uint8Array, at: string, handles: HandleReader | null): unknown {
  const reader = new ValueReader(bytes, at, handles);
  const value = reader.read();
  reader.expectEnd();
  return value;
}

class ValueReader {
  readonly #bytes: Buffer;
  readonly #at: string;
  readonly #handles: HandleReader | null;
  #position = 0;
  #end: number;
  #depth = 0;
  #objects = 0;

  constructor(bytes: Uint8Array, at: string, handles: HandleReader | null) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    this.#handles = handles;
    this.#end = bytes.length;
  }

  expectEnd(): void {
    if (this.#position !== this.#end) this.#fail(`${this.#end - this.#position} bytes too many`);
  }

  #fail(why: string): never {
    throw new WireFormatError(this.#at, `not MessagePack of ours, at byte ${this.#position}: ${why}`);
  }

  #take(bytes: number): number {
    const start = this.#position;
    if (start + bytes > this.#end) this.#fail('cut short');
    this.#position = start + bytes;
    return start;
  }

  read(): unknown {
    const code = this.#bytes[this.#take(1)] as number;
    if (code < 0x80) return code;
    if (code < 0x90) return this.#record(code & 0x0f);
    if (code < 0xa0) return this.#array(code & 0x0f);
    if (code < 0xc0) return this.#string(code & 0x1f);
    if (code >= 0xe0) return code - 0x100;
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.#bytes.readFloatBE(this.#take(4));
      case 0xcb:
        return this.#bytes.readDoubleBE(this.#take(8));
      default:
        return code >= 0xcc && code <= 0xd3 ? this.#integer(code) : this.#sized(code);
    }
  }

  #uint8(): number {
    return this.#bytes[this.#take(1)] as number;
  }
  #uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }
  #uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  #integer(code: number): number | bigint {
    switch (code) {
      case 0xcc:
        return this.#uint8();
      case 0xcd:
        return this.#uint16();
      case 0xce:
        return this.#uint32();
      case 0xcf:
        return this.#integer64(false);
      case 0xd0:
        return this.#bytes.readInt8(this.#take(1));
      case 0xd1:
        return this.#bytes.readInt16BE(this.#take(2));
      case 0xd2:
        return this.#bytes.readInt32BE(this.#take(4));
      default:
        return this.#integer64(true);
    }
  }

  #integer64(isSigned: boolean): number | bigint {
    const at = this.#take(8);
    const high = isSigned ? this.#bytes.readInt32BE(at) : this.#bytes.readUInt32BE(at);
    const value = high * TWO_32 + this.#bytes.readUInt32BE(at + 4);
    if (Number.isSafeInteger(value)) return value;
    return isSigned ? this.#bytes.readBigInt64BE(at) : this.#bytes.readBigUInt64BE(at);
  }

  #sized(code: number): unknown {
    switch (code) {
      case 0xc4:
        return this.#binary(this.#uint8());
      case 0xc5:
        return this.#binary(this.#uint16());
      case 0xc6:
        return this.#binary(this.#uint32());
      case 0xc7:
        return this.#extension(this.#uint8());
      case 0xc8:
        return this.#extension(this.#uint16());
      case 0xc9:
        return this.#extension(this.#uint32());
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (code - 0xd4));
      case 0xd9:
        return this.#string(this.#uint8());
      case 0xda:
        return this.#string(this.#uint16());
      case 0xdb:
        return this.#string(this.#uint32());
      case 0xdc:
        return this.#array(this.#uint16());
      case 0xdd:
        return this.#array(this.#uint32());
      case 0xde:
        return this.#record(this.#uint16());
      case 0xdf:
        return this.#record(this.#uint32());
      default:
        return this.#fail(`code ${code} does not exist`);
    }
  }

  #string(length: number): string {
    const start = this.#take(length);
    if (length <= SHORT_STRING) {
      let text = '';
      let i = start;
      for (; i < start + length; i += 1) {
        const code = this.#bytes[i] as number;
        if (code >= 0x80) break;
        text += String.fromCharCode(code);
      }
      if (i === start + length) return text;
    }
    return this.#bytes.toString('utf8', start, start + length);
  }

  #binary(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#copy(start, length);
  }

  /** A copy with a buffer of its own: a view would show what lies beside it in a pooled buffer. */
  #copy(start: number, length: number): Uint8Array<ArrayBuffer> {
    this.#countObject();
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(start, start + length));
    return copy;
  }

  /** Goes a level down, and refuses a count that the remaining bytes cannot hold before anything is made for it. */
  #enter(count: number): void {
    this.#countObject();
    if (count > this.#end - this.#position) this.#fail('cut short');
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH + 1) this.#fail(`nested deeper than ${MAX_DEPTH} levels`);
  }

  #countObject(): void {
    this.#objects += 1;
    if (this.#objects > MAX_OBJECTS) this.#fail(`more than ${MAX_OBJECTS} objects`);
  }

  #array(length: number): unknown[] {
    this.#enter(length);
    const items: unknown[] = [];
    for (let i = 0; i < length; i += 1) items.push(this.read());
    this.#depth -= 1;
    return items;
  }

  #record(size: number): Record<string, unknown> {
    this.#enter(size * 2);
    const record: Record<string, unknown> = {};
    for (let i = 0; i < size; i += 1) {
      const key = this.read();
      if (typeof key !== 'string' && typeof key !== 'number') this.#fail('a key is not text');
      const value = this.read();
      if (key === '__proto__') Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
      else record[key] = value;
    }
    this.#depth -= 1;
    return record;
  }

  #extension(length: number): unknown {
    const type = this.#bytes.readInt8(this.#take(1));
    const start = this.#take(length);
    switch (type) {
      case EXTENSION.undefined:
        return undefined;
      case EXTENSION.bigint:
        return this.#bigint(this.#bytes.toString('latin1', start, start + length));
      case EXTENSION.typedArray:
        return this.#typedArray(start, length);
      case EXTENSION.timestamp:
        return this.#timestamp(start, length);
      case EXTENSION.map:
      case EXTENSION.set:
      case EXTENSION.handle:
        return this.#nested(type, start, length);
      default:
        return this.#fail(`extension type ${type} is unknown`);
    }
  }

  #nested(type: number, start: number, length: number): unknown {
    const end = this.#end;
    this.#position = start;
    this.#end = start + length;
    // Else an extension could hold an extension without end, which no depth counts.
    if (!isContainer(this.#bytes[start] ?? 0)) this.#fail('an extension holds neither list nor map');
    const content = this.read();
    this.expectEnd();
    this.#end = end;
    if (type === EXTENSION.handle) return this.#handle(content);
    if (!Array.isArray(content)) return this.#fail('a Map or Set holds no array');
    return type === EXTENSION.set ? new Set(content) : this.#map(content);
  }

  #map(pairs: readonly unknown[]): Map<unknown, unknown> {
    if (pairs.length % 2 !== 0) this.#fail('a Map has a key without a value');
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
    return map;
  }

  #handle(content: unknown): unknown {
    const { id, className, name } = (content ?? {}) as { id?: unknown; className?: unknown; name?: unknown };
    if (typeof id !== 'string') return this.#fail('a handle has no id');
    if (this.#handles === null) return this.#fail('a handle, where none is expected');
    return this.#handles({ id, className: typeof className === 'string' ? className : '', name: typeof name === 'string' ? name : null });
  }

  #bigint(text: string): bigint {
    const digits = text.startsWith('-') ? text.slice(1) : text;
    if (!/^[0-9a-f]+$/.test(digits)) this.#fail('a bigint is not hexadecimal');
    const value = BigInt(`0x${digits}`);
    return digits === text ? value : -value;
  }

  #typedArray(start: number, length: number): unknown {
    const type = TYPED_ARRAYS[this.#bytes[start] ?? 0];
    const bytes = length - 1;
    if (length < 1 || !type || bytes % type.BYTES_PER_ELEMENT !== 0) return this.#fail('not a typed array');
    return new type(this.#copy(start + 1, bytes).buffer);
  }

  /** The three forms of MessagePack's timestamp (specification, 2017). */
  #timestamp(start: number, length: number): Date {
    this.#countObject();
    const bytes = this.#bytes;
    if (length === 4) return new Date(bytes.readUInt32BE(start) * 1000);
    if (length === 8) {
      const high = bytes.readUInt32BE(start);
      const seconds = (high & 3) * TWO_32 + bytes.readUInt32BE(start + 4);
      return new Date(seconds * 1000 + Math.floor((high >>> 2) / 1e6));
    }
    if (length !== 12) this.#fail('not a timestamp');
    const ms = Number(bytes.readBigInt64BE(start + 4)) * 1000 + Math.floor(bytes.readUInt32BE(start) / 1e6);
    const date = new Date(ms);
    if (Number.isNaN(date.getTime())) this.#fail('a timestamp beyond what a Date holds');
    return date;
  }
}

/** Whether a list or a map begins with the code. */
function isContainer(code: number): boolean {
  return (code >= 0x80 && code < 0xa0) || (code >= 0xdc && code <= 0xdf);
}
