import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { TrainerError } from '@trainer/model';
import { WireFormatError, type FieldPath } from './errors.js';
import { decodeValue } from './values.js';

/** @throws WireFormatError when a message or a oneof is absent */
export function present<T>(value: T | undefined | null, at: FieldPath): T {
  if (value === undefined || value === null) throw new WireFormatError(at, 'is missing');
  return value;
}

/** Reads a field through a parser of the model. @throws WireFormatError with the parser's reason */
export function parsed<Text, Value>(parse: (text: Text) => Value, text: Text, at: FieldPath): Value {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TrainerError)) throw cause;
    throw new WireFormatError(at, cause.message.replace(/\.$/, ''), { cause });
  }
}

/** @throws WireFormatError for a oneof member that this version does not know; its argument shows the compiler that it knows all */
export function unknownCase(value: never, at: FieldPath): never {
  throw new WireFormatError(at, `'${(value as { $case: string }).$case}' is unknown`);
}

/** Times on the wire are whole milliseconds. */
export function wholeMs(ms: number): number {
  return Math.round(ms);
}

/** The same memory as the Buffer that generated code wants. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A text field for a value that may be absent, where the empty text means absent. */
export function parsedOrNull<Value>(parse: (text: string) => Value, text: string, at: FieldPath): Value | null {
  return text === '' ? null : parsed(parse, text, at);
}

/** MessagePack of a map as a record. Empty bytes are the empty record. @throws WireFormatError */
export function decodeRecord(bytes: Uint8Array, at: FieldPath): Record<string, unknown> {
  if (bytes.length === 0) return {};
  const value = decodeValue(bytes, { at });
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new WireFormatError(at, 'is no map');
  }
  return value as Record<string, unknown>;
}

/** A generated message's functions, as far as codecs to and from bytes need them. */
interface Message<Wire> {
  encode(message: Wire): BinaryWriter;
  decode(bytes: Uint8Array): Wire;
}

export function toBytes<Wire>(message: Message<Wire>, wire: Wire): Buffer {
  return asBuffer(message.encode(wire).finish());
}

/** @throws WireFormatError when the bytes are no such message */
export function fromBytes<Wire>(message: Message<Wire>, bytes: Uint8Array, at: FieldPath): Wire {
  try {
    return message.decode(bytes);
  } catch (cause) {
    throw new WireFormatError(at, `not protobuf of this message: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
