import { WireFormatError, type FieldPath } from './errors.js';
import { parsed } from './fields.js';

/** Reads plain data, such as decoded MessagePack, as a value of a type. @throws WireFormatError that names the field */
export type Shape<T> = (value: unknown, at: FieldPath) => T;

function refuse(at: FieldPath, wanted: string): never {
  throw new WireFormatError(at, `is not ${wanted}`);
}

export const text: Shape<string> = (value, at) => (typeof value === 'string' ? value : refuse(at, 'a text'));
export const flag: Shape<boolean> = (value, at) => (typeof value === 'boolean' ? value : refuse(at, 'a boolean'));
export const finite: Shape<number> = (value, at) => (Number.isFinite(value) ? (value as number) : refuse(at, 'a finite number'));
/** An integer from 0. */
export const count: Shape<number> = (value, at) => {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse(at, 'an integer from 0');
};

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, at) => (value === null ? null : shape(value, at));
}

export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value, at) => (Array.isArray(value) ? value.map((item, i) => shape(item, `${at}[${i}]`)) : refuse(at, 'a list'));
}

export function oneOf<T extends string>(...allowed: readonly T[]): Shape<T> {
  return (value, at) => allowed.find((name) => name === value) ?? refuse(at, `one of ${allowed.join(', ')}`);
}

export function either<A, B>(a: Shape<A>, b: Shape<B>): Shape<A | B> {
  return (value, at) => {
    try {
      return a(value, at);
    } catch {
      return b(value, at);
    }
  };
}

/** A text through a parser of the model. */
export function id<Id>(parse: (text: string) => Id): Shape<Id> {
  return (value, at) => parsed(parse, text(value, at), at);
}

function record(value: unknown, at: FieldPath): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return refuse(at, 'a map');
  return value as Record<string, unknown>;
}

export function mapOf<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return (value, at) => Object.fromEntries(Object.entries(record(value, at)).map(([name, item]) => [name, shape(item, `${at}.${name}`)]));
}

export const anything: Shape<unknown> = (value) => value;

/** An object of the fields named; others, of a newer version, are left out. Does not compile when the type has a field more. */
export function fields<T extends object>(shapes: { readonly [Name in keyof T]-?: Shape<T[Name]> }): Shape<T> {
  const entries = Object.entries(shapes) as [string, Shape<unknown>][];
  return (value, at) => {
    const source = record(value, at);
    return Object.fromEntries(entries.map(([name, shape]) => [name, shape(source[name], `${at}.${name}`)])) as T;
  };
}
