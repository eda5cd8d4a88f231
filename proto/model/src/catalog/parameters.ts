export type ScalarValue = number | string | boolean | null;
/** A value of a hyperparameter. */
export type ParameterValue = ScalarValue | readonly ScalarValue[];

/** The part of JSON Schema (2020-12) that parameters need. */
export interface ParameterSchema {
  readonly type?: 'integer' | 'number' | 'boolean' | 'string' | 'null' | 'array';
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly items?: ParameterSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly ParameterSchema[];
}

/** What a value may be: in words, as a schema, and as a check. */
export interface Kind {
  /** The end of a sentence that begins with "must be". */
  readonly words: string;
  readonly schema: ParameterSchema;
  takes(value: unknown): boolean;
}

/** One hyperparameter of a model. */
export interface Parameter {
  readonly kind: Kind;
  /** In force where none, or null, is sent. */
  readonly default: ParameterValue;
  /** One line for a person. */
  readonly about: string;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

export function integer({ min, max }: Range): Kind {
  return {
    words: `an integer from ${min} to ${max}`,
    schema: { type: 'integer', minimum: min, maximum: max },
    takes: (value) => Number.isInteger(value) && isWithin(value as number, min, max),
  };
}

/** @param range `above`: all that is larger than it, in place of `min` */
export function number(range: Range | { readonly above: number; readonly max: number }): Kind {
  const { max } = range;
  if ('above' in range) {
    const { above } = range;
    return {
      words: `a number above ${above} and at most ${max}`,
      schema: { type: 'number', exclusiveMinimum: above, maximum: max },
      takes: (value) => isFinite(value) && value > above && value <= max,
    };
  }
  const { min } = range;
  return {
    words: `a number from ${min} to ${max}`,
    schema: { type: 'number', minimum: min, maximum: max },
    takes: (value) => isFinite(value) && isWithin(value, min, max),
  };
}

export function boolean(): Kind {
  return { words: 'true or false', schema: { type: 'boolean' }, takes: (value) => typeof value === 'boolean' };
}

export function choice(...choices: readonly string[]): Kind {
  return {
    words: `${choices.length === 1 ? '' : 'one of '}${choices.map((name) => JSON.stringify(name)).join(', ')}`,
    schema: { type: 'string', enum: choices },
    takes: (value) => typeof value === 'string' && choices.includes(value),
  };
}

export function list(item: Kind, { min, max }: Range): Kind {
  return {
    words: `a list of ${min} to ${max} entries, each ${item.words}`,
    schema: { type: 'array', items: item.schema, minItems: min, maxItems: max },
    takes: (value) => Array.isArray(value) && isWithin(value.length, min, max) && value.every((entry) => item.takes(entry)),
  };
}

/** What any of the kinds takes. */
export function either(...kinds: readonly Kind[]): Kind {
  return {
    words: kinds.map(({ words }) => words).join(', or '),
    schema: { anyOf: kinds.map(({ schema }) => schema) },
    takes: (value) => kinds.some((kind) => kind.takes(value)),
  };
}

/** Null too, where it is a value of its own and not the word for the default. */
export function nullable(kind: Kind): Kind {
  return either(kind, { words: 'null', schema: { type: 'null' }, takes: (value) => value === null });
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
