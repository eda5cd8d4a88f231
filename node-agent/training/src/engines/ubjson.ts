import { ModelFormatError } from './errors.js';

/**
 * A reader of UBJSON (ubjson.org, draft 12) as XGBoost writes it: big-endian, strongly typed arrays. Typed arrays of numbers
 * come back as typed arrays (64-bit integers as Float64Array: counts and indices stay far below 2^53).
 */
export type UbjsonValue =
  | string
  | number
  | boolean
  | null
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint8Array
  | UbjsonValue[]
  | { [name: string]: UbjsonValue };

interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  depth: number;
}

/** XGBoost's files nest some ten levels; each takes a frame of the stack. */
const MAX_DEPTH = 200;

/** Makes nothing that is larger than the bytes allow for. @throws ModelFormatError when the bytes are not UBJSON. */
export function readUbjson(bytes: Uint8Array): UbjsonValue {
  const cursor = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0, depth: 0 };
  const value = readValue(cursor, readMarker(cursor));
  if (cursor.at !== bytes.length) throw unreadable(cursor.at, `${bytes.length - cursor.at} bytes too many`);
  return value;
}

/** @returns where `bytes` more begin, behind which the cursor is then. */
function take(cursor: Cursor, bytes: number): number {
  const start = cursor.at;
  if (bytes > cursor.bytes.length - start) throw unreadable(start, 'the end');
  cursor.at = start + bytes;
  return start;
}

function readMarker(cursor: Cursor): string {
  return String.fromCharCode(cursor.bytes[take(cursor, 1)] as number);
}

function readValue(cursor: Cursor, marker: string): UbjsonValue {
  switch (marker) {
    case '{':
      return within(cursor, readObject);
    case '[':
      return within(cursor, readArray);
    case 'S':
      return readText(cursor, readLength(cursor));
    case 'T':
      return true;
    case 'F':
      return false;
    case 'Z':
      return null;
    default:
      return readNumber(cursor, marker);
  }
}

function within(cursor: Cursor, read: (cursor: Cursor) => UbjsonValue): UbjsonValue {
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH) throw unreadable(cursor.at, `more than ${MAX_DEPTH} levels`);
  const value = read(cursor);
  cursor.depth -= 1;
  return value;
}

const WIDTHS: Readonly<Record<string, number>> = { i: 1, U: 1, I: 2, l: 4, L: 8, d: 4, D: 8 };

function readNumber(cursor: Cursor, marker: string): number {
  const width = WIDTHS[marker];
  if (width === undefined) throw unreadable(cursor.at - 1, `the marker ${JSON.stringify(marker)}`);
  return numberAt(cursor.view, take(cursor, width), marker);
}

function numberAt(view: DataView, at: number, marker: string): number {
  switch (marker) {
    case 'i':
      return view.getInt8(at);
    case 'U':
      return view.getUint8(at);
    case 'I':
      return view.getInt16(at);
    case 'l':
      return view.getInt32(at);
    case 'L':
      return Number(view.getBigInt64(at));
    case 'd':
      return view.getFloat32(at);
    default:
      return view.getFloat64(at);
  }
}

function readLength(cursor: Cursor, marker = readMarker(cursor)): number {
  const at = cursor.at - 1;
  const length = readNumber(cursor, marker);
  if (!Number.isSafeInteger(length) || length < 0) throw unreadable(at, `the length ${length}`);
  return length;
}

function readText(cursor: Cursor, length: number): string {
  const start = take(cursor, length);
  return Buffer.from(cursor.bytes.buffer, cursor.bytes.byteOffset + start, length).toString('utf8');
}

function readObject(cursor: Cursor): { [name: string]: UbjsonValue } {
  const entries: [string, UbjsonValue][] = [];
  for (let marker = readMarker(cursor); marker !== '}'; marker = readMarker(cursor)) {
    const name = readText(cursor, readLength(cursor, marker));
    entries.push([name, readValue(cursor, readMarker(cursor))]);
  }
  return Object.fromEntries(entries);
}

function readArray(cursor: Cursor): UbjsonValue {
  const first = readMarker(cursor);
  if (first === '$') {
    const type = readMarker(cursor);
    if (readMarker(cursor) !== '#') throw unreadable(cursor.at - 1, 'a typed array without a count');
    return readTypedArray(cursor, type, readLength(cursor));
  }
  const values: UbjsonValue[] = [];
  if (first === '#') {
    const count = readLength(cursor);
    for (let i = 0; i < count; i += 1) values.push(readValue(cursor, readMarker(cursor)));
    return values;
  }
  for (let marker = first; marker !== ']'; marker = readMarker(cursor)) values.push(readValue(cursor, marker));
  return values;
}

function readTypedArray(cursor: Cursor, type: string, count: number): UbjsonValue {
  const width = WIDTHS[type];
  if (width === undefined) throw unreadable(cursor.at, `an array of ${JSON.stringify(type)}`);
  const at = take(cursor, count * width);
  const values = emptyArray(type, count);
  for (let i = 0; i < count; i += 1) values[i] = numberAt(cursor.view, at + i * width, type);
  return values;
}

function emptyArray(type: string, count: number): Float32Array | Float64Array | Int32Array | Uint8Array {
  if (type === 'd') return new Float32Array(count);
  if (type === 'U') return new Uint8Array(count);
  return type === 'D' || type === 'L' ? new Float64Array(count) : new Int32Array(count);
}

function unreadable(at: number, found: string): ModelFormatError {
  return new ModelFormatError('XGBoost', `${found} at byte ${at}`);
}
