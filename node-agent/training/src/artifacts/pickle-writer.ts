/** What a description may hold. */
export type PickleValue = string | number | boolean | null | readonly PickleValue[] | { readonly [name: string]: PickleValue };

/** Opcodes of Python's pickle protocol 4 (Lib/pickletools.py) that are used. */
const OP = {
  proto: 0x80,
  stop: 0x2e,
  mark: 0x28,
  reduce: 0x52,
  tuple1: 0x85,
  tuple2: 0x86,
  stackGlobal: 0x93,
  none: 0x4e,
  true: 0x88,
  false: 0x89,
  int32: 0x4a,
  long1: 0x8a,
  float: 0x47,
  text: 0x58,
  bytes8: 0x8e,
  dict: 0x7d,
  setItems: 0x75,
  list: 0x5d,
  appends: 0x65,
} as const;

/** Bytes in pieces, so that a large part need not be copied to lie beside the others. */
export class PickleWriter {
  readonly #pieces: Uint8Array[] = [Uint8Array.of(OP.proto, 4)];

  /** Pushes the object that a module has under a name. */
  global(module: string, name: string): this {
    return this.value(module).value(name).#op(OP.stackGlobal);
  }

  /** Pushes bytes; the array is kept, not copied. */
  bytes(value: Uint8Array): this {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(value.length));
    this.#op(OP.bytes8).#put(length);
    return this.#put(value);
  }

  /** Calls the function below the last `count` values with them. */
  call(count: 1 | 2): this {
    return this.#op(count === 1 ? OP.tuple1 : OP.tuple2).#op(OP.reduce);
  }

  value(value: PickleValue): this {
    if (value === null) return this.#op(OP.none);
    if (typeof value === 'boolean') return this.#op(value ? OP.true : OP.false);
    if (typeof value === 'number') return this.#number(value);
    if (typeof value === 'string') return this.#text(value);
    if (isList(value)) {
      this.#op(OP.list).#op(OP.mark);
      for (const item of value) this.value(item);
      return this.#op(OP.appends);
    }
    this.#op(OP.dict).#op(OP.mark);
    for (const [name, item] of Object.entries(value)) this.value(name).value(item);
    return this.#op(OP.setItems);
  }

  finish(): readonly Uint8Array[] {
    return [...this.#pieces, Uint8Array.of(OP.stop)];
  }

  #text(value: string): this {
    const encoded = Buffer.from(value, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32LE(encoded.length);
    return this.#op(OP.text).#put(length).#put(encoded);
  }

  #number(value: number): this {
    // A larger one is no exact integer any more, and may not fit 64 bits.
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      const isShort = Math.abs(value) < 2 ** 31;
      const bytes = Buffer.alloc(isShort ? 4 : 8);
      if (isShort) bytes.writeInt32LE(value);
      else bytes.writeBigInt64LE(BigInt(value));
      return isShort ? this.#op(OP.int32).#put(bytes) : this.#put(Uint8Array.of(OP.long1, 8)).#put(bytes);
    }
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return this.#op(OP.float).#put(bytes);
  }

  #op(code: number): this {
    return this.#put(Uint8Array.of(code));
  }

  #put(bytes: Uint8Array): this {
    this.#pieces.push(bytes);
    return this;
  }
}

function isList(value: PickleValue): value is readonly PickleValue[] {
  return Array.isArray(value);
}
