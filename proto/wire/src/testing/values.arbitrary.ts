import fc from 'fast-check';

/** Any text that UTF-8 can hold. */
export const anyText: fc.Arbitrary<string> = fc.string({ unit: 'binary', maxLength: 60 });

/** Keys of records; `__proto__` is no key that generated maps can hold. */
export const anyName: fc.Arbitrary<string> = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((name) => name !== '__proto__');

/** An object of these fields, of plain prototype as decoded ones are. */
export function objectOf<T>(fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** A record of plain prototype. */
export function recordOf<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.dictionary(anyName, value, { maxKeys: 4, noNullPrototype: true });
}

const anyTypedArray = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
);

const leaf = fc.oneof(
  fc.constant(null),
  fc.constant(undefined),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt(),
  anyText,
  fc.date({ noInvalidDate: true }),
  anyTypedArray,
);

/** Any value that calls of actors can carry, but handles. */
export const anyTransferable: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(leaf, tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
})).value;

/** Plain data without the values that only JavaScript has. */
export const anyFacts: fc.Arbitrary<Record<string, unknown>> = recordOf(
  fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true }),
    anyText,
    fc.array(anyText, { maxLength: 3 }),
    recordOf(fc.integer()),
  ),
);
