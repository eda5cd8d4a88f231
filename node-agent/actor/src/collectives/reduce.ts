import type { Numbers, Reduction } from './collective.js';

/** Kinds of arrays, by their number on the wire. */
const KINDS = [Float64Array, Float32Array, Int32Array, Uint8Array] as const;
export const KIND_NAMES: readonly string[] = KINDS.map((kind) => kind.name);

/** The number of the array's kind. Asked by name: an array of another realm is of another class. */
export function kindOf(values: Numbers): number {
  return KIND_NAMES.indexOf(values[Symbol.toStringTag]);
}

/** The bytes behind the array, not copied. */
export function bytesOf(values: Numbers): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** @returns an array of the kind of `like` over these bytes, whose length is a multiple of its element's; copied only where it lies askew */
export function arrayOver<A extends Numbers>(like: A, bytes: Uint8Array): A {
  const Kind = KINDS[kindOf(like)] ?? Uint8Array;
  const aligned = bytes.byteOffset % Kind.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new Kind(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / Kind.BYTES_PER_ELEMENT) as A;
}

/** Combines `more` into `result` from element `from` on. */
export function reduceInto(result: Numbers, from: number, more: Numbers, reduction: Reduction): void {
  if (reduction === 'sum') return addInto(result, from, more);
  const pick = reduction === 'min' ? (a: number, b: number) => Math.min(a, b) : (a: number, b: number) => Math.max(a, b);
  for (let at = 0; at < more.length; at += 1) result[from + at] = pick(result[from + at] ?? 0, more[at] ?? 0);
}

/** One loop a kind: a loop that meets several kinds is compiled to look at each element's (four times slower). */
function addInto(result: Numbers, from: number, more: Numbers): void {
  switch (result[Symbol.toStringTag]) {
    case 'Float64Array':
      return addFloat64(result as Float64Array, from, more as Float64Array);
    case 'Float32Array':
      return addFloat32(result as Float32Array, from, more as Float32Array);
    case 'Int32Array':
      return addInt32(result as Int32Array, from, more as Int32Array);
    case 'Uint8Array':
      return addUint8(result as Uint8Array, from, more as Uint8Array);
  }
}

function addFloat64(result: Float64Array, from: number, more: Float64Array): void {
  for (let at = 0; at < more.length; at += 1) result[from + at] = (result[from + at] ?? 0) + (more[at] ?? 0);
}

function addFloat32(result: Float32Array, from: number, more: Float32Array): void {
  for (let at = 0; at < more.length; at += 1) result[from + at] = (result[from + at] ?? 0) + (more[at] ?? 0);
}

function addInt32(result: Int32Array, from: number, more: Int32Array): void {
  for (let at = 0; at < more.length; at += 1) result[from + at] = (result[from + at] ?? 0) + (more[at] ?? 0);
}

function addUint8(result: Uint8Array, from: number, more: Uint8Array): void {
  for (let at = 0; at < more.length; at += 1) result[from + at] = (result[from + at] ?? 0) + (more[at] ?? 0);
}

/** Where part `part` of `parts` of an array begins; they differ by one element at most. */
export function partStart(length: number, part: number, parts: number): number {
  return Math.floor((length * part) / parts);
}
