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
  const aligned = bytes.byteOffset % Kind.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new Kind(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / Kind.BYTES_PER_ELEMENT) as A;
}

/** Combines `more` into `sum`, element by element. */
export function reduceInto(sum: Numbers, more: Numbers, reduction: Reduction): void {
  const { length } = sum;
  if (reduction === 'sum') {
    for (let at = 0; at < length; at += 1) sum[at] = (sum[at] ?? 0) + (more[at] ?? 0);
  } else if (reduction === 'min') {
    for (let at = 0; at < length; at += 1) sum[at] = Math.min(sum[at] ?? 0, more[at] ?? 0);
  } else {
    for (let at = 0; at < length; at += 1) sum[at] = Math.max(sum[at] ?? 0, more[at] ?? 0);
  }
}

/** Where part `part` of `parts` of an array begins; they differ by one element at most. */
export function partStart(length: number, part: number, parts: number): number {
  return Math.floor((length * part) / parts);
}
