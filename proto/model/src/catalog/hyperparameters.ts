import type { Issue } from '../errors.js';
import { HYPERPARAMETER_SHAPE, hyperparametersProblem, isHyperparameterShape } from '../train-bounds.js';
import type { HyperparameterValues } from '../train-request.js';

/** One hyperparameter of ours, as data: the catalog shows it, the checker reads it. */
export type Hyperparameter =
  | {
      readonly type: 'integer' | 'number';
      readonly default: number | null;
      readonly min: number;
      readonly max: number;
      readonly aboveMin?: true;
      readonly nullable?: true;
      readonly about: string;
    }
  | { readonly type: 'choice'; readonly default: string; readonly choices: readonly string[]; readonly about: string };

export interface HyperparameterSchema {
  readonly known: Readonly<Record<string, Hyperparameter>>;
  /** Names of the library that speak of its own process: accepted, without effect, listed in warnings. */
  readonly withoutEffect: readonly string[];
  /** Names of the library that are not built: refused, with this reason. */
  readonly notBuilt: readonly string[];
}

export interface CheckedHyperparameters {
  readonly values: HyperparameterValues;
  readonly seed: number | null;
  readonly warnings: readonly string[];
  readonly issues: readonly Issue[];
}

/** Checks what a client sent against a model's schema; `random_state` is the seed. Pure. */
export function checkHyperparameters(schema: HyperparameterSchema, sent: Readonly<Record<string, unknown>>): CheckedHyperparameters {
  const values: Record<string, number | string | boolean | null> = {};
  const warnings: string[] = [];
  const issues: Issue[] = [];
  let seed: number | null = null;
  const tooLarge = hyperparametersProblem(sent);
  if (tooLarge !== null) {
    issues.push({ path: ['hyperparameters'], message: `hyperparameters ${tooLarge}`, type: 'range' });
    return { values: defaultsOf(schema), seed, warnings, issues };
  }
  for (const [name, value] of Object.entries(sent)) {
    const path = ['hyperparameters', name];
    const known = Object.hasOwn(schema.known, name) ? schema.known[name] : undefined;
    if (known) {
      const problem = problemOf(known, value);
      if (problem) issues.push({ path, message: `${name} ${problem}`, type: 'range' });
      else values[name] = value as number | string | null;
    } else if (name === 'random_state') {
      if (value === null) continue;
      if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 2 ** 31 - 1) {
        issues.push({ path, message: 'random_state must be an integer from 0 to 2147483647', type: 'range' });
      } else seed = value as number;
    } else if (schema.withoutEffect.includes(name) && !isHyperparameterShape(value)) {
      issues.push({ path, message: `${name} is without effect here, and must be ${HYPERPARAMETER_SHAPE}; leave it out`, type: 'range' });
    } else if (schema.withoutEffect.includes(name)) {
      warnings.push(`hyperparameters.${name} is without effect here`);
    } else {
      const built = schema.notBuilt.includes(name) ? `${name} is not built yet` : `${name} is unknown`;
      issues.push({ path, message: `${built}; allowed: ${Object.keys(schema.known).join(', ')}, random_state`, type: 'unknown' });
    }
  }
  return { values: { ...defaultsOf(schema), ...values }, seed, warnings, issues };
}

function defaultsOf(schema: HyperparameterSchema): Record<string, number | string | boolean | null> {
  return Object.fromEntries(Object.entries(schema.known).map(([name, known]) => [name, known.default]));
}

function problemOf(known: Hyperparameter, value: unknown): string | null {
  if (known.type === 'choice') {
    return typeof value === 'string' && known.choices.includes(value) ? null : `must be one of ${known.choices.join(', ')}`;
  }
  if (value === null && known.nullable) return null;
  const kind = known.type === 'integer' ? 'an integer' : 'a number';
  const range = `must be ${kind} ${known.aboveMin ? 'above' : 'from'} ${known.min} ${known.aboveMin ? 'and at most' : 'to'} ${known.max}`;
  if (typeof value !== 'number' || !Number.isFinite(value)) return range;
  if (known.type === 'integer' && !Number.isInteger(value)) return range;
  if (value > known.max || value < known.min || (known.aboveMin && value === known.min)) return range;
  return null;
}
