import { types } from 'node:util';
import { NotTransferableError, ValueTooLargeError } from './errors.js';
import { decodeExtensible } from './value-reader.js';
import { describeThrown } from './thrown.js';
import { EXTENSION, TYPED_ARRAYS, typedArrayName, ValueWriter } from './value-writer.js';

/** Values of up to 64 MiB travel (actors.md). */
export const MAX_VALUE_BYTES = 64 * 2 ** 20;

/** How handles of actors travel: as their data, which the receiver turns into a handle of its own. */
export interface HandleHook {
  /** @returns the data of a handle, or null for anything else. Called for what is neither plain data nor a known class. */
  toData(value: object): HandleData | null;
  fromData(data: HandleData): unknown;
}
export interface HandleData {
  readonly id: string;
  readonly className: string;
  /** null: it is found by its id alone. */
  readonly name: string | null;
}

export interface EncodeOptions {
  /** What the value is called in errors, such as `args`; default `value`. */
  readonly at?: string;
  readonly handles?: HandleHook;
  /** Default `MAX_VALUE_BYTES`. */
  readonly limitBytes?: number;
}

/** Writers to be used again; an encoding that runs inside another (a getter, a hook) finds none and makes its own. */
const free: ValueWriter[] = [new ValueWriter()];

/**
 * Encodes a value as MessagePack: null, undefined, booleans, numbers, bigints, strings, Dates, typed arrays, arrays, plain
 * objects, Maps, Sets, and handles where a hook knows them. Integers are written as such, other numbers as 64-bit floats;
 * undefined, bigints, Maps, Sets, handles and typed arrays other than Uint8Array are extension types (`EXTENSION`), a Date is
 * MessagePack's own timestamp. A Buffer arrives as a Uint8Array.
 *
 * @throws NotTransferableError with the path of anything else: also of a cycle, an invalid Date, text that is not UTF-8, nesting deeper
 *   than 500, more than 4,194,304 objects, and of what throws while it is read (a getter, a revoked proxy). It throws nothing but these two.
 * @throws ValueTooLargeError
 */
export function encodeValue(value: unknown, options: EncodeOptions = {}): Buffer {
  const writer = free.pop() ?? new ValueWriter();
  try {
    writer.begin(options.at ?? 'value', options.limitBytes ?? MAX_VALUE_BYTES);
    write(writer, value, options.handles);
    return writer.finish();
  } catch (error) {
    throw isOurs(error) ? error : new NotTransferableError(writer.path(), `unreadable (${describeThrown(error)})`);
  } finally {
    writer.end();
    if (free.length === 0) free.push(writer);
  }
}

/**
 * Decodes what `encodeValue`, or another MessagePack encoder, wrote. 64-bit integers become numbers where they are exact, else
 * bigints. Nothing of the result shares memory with `bytes`.
 *
 * @throws WireFormatError when the bytes are cut, malformed, nested deeper than 500 or have a rest
 */
export function decodeValue(bytes: Uint8Array, options: { readonly at?: string; readonly handles?: HandleHook } = {}): unknown {
  const { handles } = options;
  return decodeExtensible(bytes, options.at ?? 'value', handles ? (data) => handles.fromData(data) : null);
}

/** Whether a refusal is this module's; a getter's error may be a proxy that throws at `instanceof`. */
function isOurs(error: unknown): boolean {
  return !types.isProxy(error) && (error instanceof NotTransferableError || error instanceof ValueTooLargeError);
}

function write(writer: ValueWriter, value: unknown, handles: HandleHook | undefined): void {
  switch (typeof value) {
    case 'string':
      writer.string(value);
      return;
    case 'number':
      writer.number(value);
      return;
    case 'boolean':
      writer.boolean(value);
      return;
    case 'undefined':
      writer.undefined();
      return;
    case 'bigint':
      writer.bigint(value);
      return;
    case 'object':
      if (value === null) writer.nil();
      else writeObject(writer, value, handles);
      return;
    default:
      writeHandle(writer, value as object, handles);
  }
}

function writeObject(writer: ValueWriter, value: object, handles: HandleHook | undefined): void {
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype && !isExactly(value, 2)) refuse(writer, value);
    writeArray(writer, value, handles);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || (isExactly(value, 1) && !types.isModuleNamespaceObject(value))) {
    writeRecord(writer, value as Record<string, unknown>, handles);
  } else if (types.isUint8Array(value)) writer.binary(value);
  else if (types.isDate(value)) writeDate(writer, value);
  else if (types.isMap(value) && isExactly(value, 2)) writeMap(writer, value, handles);
  else if (types.isSet(value) && isExactly(value, 2)) writeSet(writer, value, handles);
  else if (types.isTypedArray(value)) writeTypedArray(writer, value);
  else writeHandle(writer, value, handles);
}

/** Whether an object's chain of prototypes has that length, whatever realm it is of: 1 for `{}`, 2 for a Map, 3 for a subclass of Map. */
function isExactly(value: object, length: number): boolean {
  let prototype: unknown = value;
  for (let i = 0; i < length; i += 1) {
    prototype = Object.getPrototypeOf(prototype);
    if (prototype === null) return false;
  }
  return Object.getPrototypeOf(prototype) === null;
}

function writeArray(writer: ValueWriter, value: readonly unknown[], handles: HandleHook | undefined): void {
  // Read once: a getter within may change it, and a proxy may say anything.
  const { length } = value;
  if (length >>> 0 !== length) refuse(writer, value);
  const depth = writer.enter(value);
  writer.arrayHeader(length);
  for (let i = 0; i < length; i += 1) {
    writer.keys[depth] = i;
    write(writer, value[i], handles);
  }
  writer.leave();
}

function writeRecord(writer: ValueWriter, value: Readonly<Record<string, unknown>>, handles: HandleHook | undefined): void {
  const names = Object.keys(value);
  const depth = writer.enter(value);
  writer.mapHeader(names.length);
  for (const name of names) {
    writer.keys[depth] = name;
    writer.string(name);
    write(writer, value[name], handles);
  }
  writer.leave();
}

function writeMap(writer: ValueWriter, value: ReadonlyMap<unknown, unknown>, handles: HandleHook | undefined): void {
  // All entries at once, and by the method of Maps themselves: a getter within may change the Map, and a Map may have one of its own.
  const entries = [...Map.prototype.entries.call(value)] as [unknown, unknown][];
  const depth = writer.enter(value);
  const start = writer.beginExtension(EXTENSION.map);
  writer.arrayHeader(entries.length * 2);
  for (const [key, item] of entries) {
    writer.keys[depth] = key;
    write(writer, key, handles);
    write(writer, item, handles);
  }
  writer.endExtension(start);
  writer.leave();
}

function writeSet(writer: ValueWriter, value: ReadonlySet<unknown>, handles: HandleHook | undefined): void {
  const items = [...Set.prototype.values.call(value)] as unknown[];
  const depth = writer.enter(value);
  const start = writer.beginExtension(EXTENSION.set);
  writer.arrayHeader(items.length);
  for (let i = 0; i < items.length; i += 1) {
    writer.keys[depth] = i;
    write(writer, items[i], handles);
  }
  writer.endExtension(start);
  writer.leave();
}

function writeDate(writer: ValueWriter, value: Date): void {
  const ms = Date.prototype.getTime.call(value);
  if (Number.isNaN(ms)) throw new NotTransferableError(writer.path(), 'an invalid Date');
  writer.timestamp(ms);
}

function writeTypedArray(writer: ValueWriter, value: NodeJS.TypedArray): void {
  const name = typedArrayName(value);
  const kind = TYPED_ARRAYS.findIndex((type) => type?.name === name);
  if (kind < 0) refuse(writer, value);
  writer.typedArray(kind, value);
}

function writeHandle(writer: ValueWriter, value: object, handles: HandleHook | undefined): void {
  const data = handles?.toData(value) ?? null;
  if (data === null) refuse(writer, value);
  const start = writer.beginExtension(EXTENSION.handle);
  const { id, className, name } = data;
  writeRecord(writer, { id, className, name }, undefined);
  writer.endExtension(start);
}

function refuse(writer: ValueWriter, value: object): never {
  throw new NotTransferableError(writer.path(), typeOf(value));
}

/** What a value is, by its class where that can be read. */
function typeOf(value: object): string {
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value === 'function') return 'a function';
  if (types.isPromise(value)) return 'a Promise (await it first)';
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object of an unnamed class';
}
