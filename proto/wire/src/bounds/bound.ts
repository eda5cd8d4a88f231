import { InvalidRequestError, travelBytes } from '@trainer/model';

/** What is out of bounds: where, from the message inwards, and the end of a sentence. */
export interface Excess {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Looks at a field of a decoded message. @returns null where it is within its bound; nothing is allocated then */
export type Bound = (value: unknown) => Excess | null;

const here = (message: string): Excess => ({ path: [], message });
const under = (part: string | number, { path, message }: Excess): Excess => ({ path: [part, ...path], message });

export function text(maxChars: number): Bound {
  return (value) => {
    if (value === undefined || (value as string).length <= maxChars) return null;
    return here(`has ${(value as string).length} characters; the limit is ${maxChars}`);
  };
}

export function bytes(maxBytes: number): Bound {
  return (value) => {
    const { length } = value as Uint8Array;
    return length <= maxBytes ? null : here(`has ${length} bytes; the limit is ${maxBytes}`);
  };
}

export function range({ min, max }: { readonly min: number; readonly max: number }): Bound {
  return (value) => {
    if (value === undefined || ((value as number) >= min && (value as number) <= max)) return null;
    return here(`is ${value as number}; give ${min} to ${max}`);
  };
}

/** A boolean, an enum, or a number that may have every value of its type: its form is its bound, which the codec checks. */
export const formed: Bound = () => null;

export function list(max: number, item: Bound): Bound {
  return (value) => {
    const items = value as readonly unknown[];
    if (items.length > max) return here(`has ${items.length} entries; the limit is ${max}`);
    for (let i = 0; i < items.length; i += 1) {
      const excess = item(items[i]);
      if (excess !== null) return under(i, excess);
    }
    return null;
  };
}

export function map(max: number, nameChars: number, item: Bound): Bound {
  return (value) => {
    const names = Object.keys(value as object);
    if (names.length > max) return here(`has ${names.length} entries; the limit is ${max}`);
    for (const name of names) {
      if (name.length > nameChars) return here(`has a name of ${name.length} characters; the limit is ${nameChars}`);
      const excess = item((value as Record<string, unknown>)[name]);
      if (excess !== null) return under(name, excess);
    }
    return null;
  };
}

/** Two bounds of one value. */
export function both(first: Bound, second: Bound): Bound {
  return (value) => first(value) ?? second(value);
}

/** Of all that is in a value together, as it travels. */
export function size(maxBytes: number): Bound {
  return (value) => (travelBytes(value, maxBytes) <= maxBytes ? null : here(`is larger in all than its limit of ${maxBytes / 1024} KiB`));
}

/** Of each member of a oneof. */
export function oneOf<O extends { readonly $case: string }>(cases: { readonly [Case in O['$case']]: Bound }): Bound {
  return (value) => {
    if (value === undefined) return null;
    const { $case, value: member } = value as { readonly $case: O['$case']; readonly value: unknown };
    // A member of a newer version: the codec refuses it.
    const excess = Object.hasOwn(cases, $case) ? cases[$case](member) : null;
    return excess === null ? null : under($case, excess);
  };
}

/** Of a generated message, field by field. Does not compile when the message has a field more. */
export function message<T extends object>(fields: { readonly [Field in keyof T]-?: Bound }): Bound {
  const entries = (Object.entries(fields) as [string, Bound][]).filter(([, bound]) => bound !== formed);
  return (value) => {
    if (value === undefined) return null;
    for (const [name, bound] of entries) {
      const excess = bound((value as Record<string, unknown>)[name]);
      if (excess !== null) return under(name, excess);
    }
    return null;
  };
}

/**
 * @param at where the value lies; null: it is the whole request
 * @throws InvalidRequestError that names the field (as protobuf's JSON does), the limit and what was sent
 */
export function checkBound(bound: Bound, value: unknown, at: string | null): void {
  const excess = bound(value);
  if (excess === null) return;
  // A name in a path is itself sent by the client.
  const path = (at === null ? excess.path : [at, ...excess.path]).map((part) => (typeof part === 'string' ? part.slice(0, 100) : part));
  throw new InvalidRequestError([{ path, message: excess.message, type: 'range' }]);
}
