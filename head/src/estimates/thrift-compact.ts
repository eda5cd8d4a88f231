/*
 * Enough of Thrift's compact protocol to read a struct from bytes that anybody may have written: time and memory are bounded by the
 * bytes. Libraries at hand reserve lists and shift integers of any length (tried: a footer of 100 bytes takes gigabytes, one of 1 MiB
 * minutes), which a head can't bear. Source: thrift-compact-protocol.md of Apache Thrift.
 */

export type CompactValue = boolean | number | string | CompactStruct | readonly CompactValue[];
/** Values by the numbers of their fields. */
export type CompactStruct = ReadonlyMap<number, CompactValue>;

const TYPE = { stop: 0, true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, set: 10, map: 11, struct: 12 };
/** Deeper than any schema is written. */
const MAX_DEPTH = 16;
const MAX_VARINT_BYTES = 10;

/** What can't be read, or goes on beyond the bytes. */
class CompactError extends Error {}

/**
 * @param bytes that begin with a struct
 * @returns its fields up to that of number `last`; null where they can't be read
 */
export function readCompactStruct(bytes: Uint8Array, last: number): CompactStruct | null {
  try {
    return new Reader(bytes).struct(0, last);
  } catch (error) {
    if (error instanceof CompactError) return null;
    throw error;
  }
}

class Reader {
  #at = 0;
  readonly #utf8 = new TextDecoder();

  constructor(private readonly bytes: Uint8Array) {}

  struct(depth: number, last = Infinity): CompactStruct {
    if (depth > MAX_DEPTH) throw new CompactError('too deep');
    const fields = new Map<number, CompactValue>();
    for (let field = 0; ;) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === TYPE.stop) return fields;
      field = head >> 4 === 0 ? this.#zigzag() : field + (head >> 4);
      if (field > last) return fields;
      fields.set(field, this.#value(type, depth));
      if (field === last) return fields;
    }
  }

  #value(type: number, depth: number): CompactValue {
    switch (type) {
      case TYPE.true:
      case TYPE.false:
        return type === TYPE.true;
      case TYPE.byte:
        return this.#byte();
      case TYPE.i16:
      case TYPE.i32:
      case TYPE.i64:
        return this.#zigzag();
      case TYPE.double:
        return new DataView(this.#take(8).slice().buffer).getFloat64(0, true);
      case TYPE.binary:
        return this.#utf8.decode(this.#take(this.#varint()));
      case TYPE.list:
      case TYPE.set:
        return this.#list(depth + 1);
      case TYPE.struct:
        return this.struct(depth + 1);
      default:
        throw new CompactError(`type ${type}`);
    }
  }

  #list(depth: number): readonly CompactValue[] {
    if (depth > MAX_DEPTH) throw new CompactError('too deep');
    const head = this.#byte();
    const count = head >> 4 === 15 ? this.#varint() : head >> 4;
    const type = head & 0x0f;
    // Every element takes a byte at least, a boolean too.
    if (count > this.bytes.length - this.#at) throw new CompactError('a list longer than its bytes');
    const values: CompactValue[] = [];
    for (let index = 0; index < count; index += 1)
      values.push(type === TYPE.true || type === TYPE.false ? this.#byte() === TYPE.true : this.#value(type, depth));
    return values;
  }

  #byte(): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw new CompactError('the bytes end');
    this.#at += 1;
    return byte;
  }

  #take(count: number): Uint8Array {
    if (count > this.bytes.length - this.#at) throw new CompactError('the bytes end');
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  /** As a double: numbers beyond 2^53 are rounded. */
  #varint(): number {
    let value = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new CompactError('an integer of more than 64 bits');
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
