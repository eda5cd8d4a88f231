import type { Issue } from '../errors.js';
import { HYPERPARAMETER_SHAPE, hyperparametersProblem, isHyperparameterShape } from '../train-bounds.js';
import { TRAIN_LIMITS, type HyperparameterValues } from '../train-request.js';
import type { ModelParameters } from './description.js';
import type { ParameterValue } from './parameters.js';

export interface CheckedHyperparameters {
  /** What is in force: each known one, as sent or by its default. */
  readonly values: HyperparameterValues;
  readonly seed: number | null;
  readonly warnings: readonly string[];
  readonly issues: readonly Issue[];
}

/** The name by which every library seeds itself; here it is the seed of the request. */
const SEED = 'random_state';
/** Of every model: `none` takes the table's numbers as they are; `auto` is the default. */
const PREPROCESSING = 'preprocessing';

/**
 * Checks what a client sent against a model's parameters. null is the word for the library's default, unless the parameter takes it as
 * a value of its own. Pure.
 */
export function checkHyperparameters(parameters: ModelParameters, sent: Readonly<Record<string, unknown>>): CheckedHyperparameters {
  const check = new Check(parameters);
  const tooLarge = hyperparametersProblem(sent);
  if (tooLarge === null) for (const [name, value] of Object.entries(sent)) check.one(name, value);
  else check.issues.push({ path: ['hyperparameters'], message: `hyperparameters ${tooLarge}`, type: 'range' });
  const values = { ...defaultsOf(parameters), ...check.values };
  if (check.issues.length === 0) check.together(values);
  return { values, seed: check.seed, warnings: check.warnings, issues: check.issues };
}

class Check {
  readonly values: Record<string, ParameterValue> = {};
  seed: number | null = null;
  readonly warnings: string[] = [];
  readonly issues: Issue[] = [];
  /** Under which name each known one was sent. */
  readonly #sentAs = new Map<string, string>();

  constructor(private readonly parameters: ModelParameters) {}

  one(sentName: string, value: unknown): void {
    const { known, aliases, withoutEffect, fixed } = this.parameters;
    const name = (Object.hasOwn(aliases, sentName) ? aliases[sentName] : undefined) ?? sentName;
    const parameter = Object.hasOwn(known, name) ? known[name] : undefined;
    const fixedOne = Object.hasOwn(fixed, name) ? fixed[name] : undefined;
    if (parameter !== undefined) this.#known(name, sentName, value);
    else if (name === SEED) this.#seed(value);
    else if (name === PREPROCESSING) this.#preprocessing(value);
    else if (withoutEffect.includes(name)) this.#withoutEffect(name, value);
    else if (fixedOne !== undefined) {
      const isOwn = value === null || JSON.stringify(value) === JSON.stringify(fixedOne.value);
      if (!isOwn) this.#refuse(name, `${name} ${fixedProblem(fixedOne)}`, 'value');
    } else
      this.#refuse(sentName, `${sentName} is unknown; allowed: ${Object.keys(known).join(', ')}, ${SEED}, ${PREPROCESSING}`, 'unknown');
  }

  together(values: HyperparameterValues): void {
    for (const { name, message } of this.parameters.conflicts?.(values) ?? []) this.#refuse(name, message, 'conflict');
  }

  #known(name: string, sentName: string, value: unknown): void {
    const parameter = this.parameters.known[name];
    const before = this.#sentAs.get(name);
    this.#sentAs.set(name, sentName);
    if (parameter === undefined) return;
    if (before !== undefined) this.#refuse(sentName, `${before} and ${sentName} mean the same; send one of them`, 'conflict');
    else if (parameter.kind.takes(value)) this.values[name] = value as ParameterValue;
    else if (value !== null) this.#refuse(sentName, `${sentName} must be ${parameter.kind.words}`, 'range');
  }

  #seed(value: unknown): void {
    const { min, max } = TRAIN_LIMITS.seed;
    if (value === null) return;
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) this.seed = value as number;
    else this.#refuse(SEED, `${SEED} must be an integer from ${min} to ${max}`, 'range');
  }

  #preprocessing(value: unknown): void {
    if (value === 'none') this.values[PREPROCESSING] = value;
    else if (value !== null && value !== 'auto') this.#refuse(PREPROCESSING, `${PREPROCESSING} must be auto or none`, 'range');
  }

  #withoutEffect(name: string, value: unknown): void {
    if (isHyperparameterShape(value)) this.warnings.push(`hyperparameters.${name} is without effect here`);
    else this.#refuse(name, `${name} is without effect here, and must be ${HYPERPARAMETER_SHAPE}; leave it out`, 'range');
  }

  #refuse(name: string, message: string, type: string): void {
    this.issues.push({ path: ['hyperparameters', name], message, type });
  }
}

function fixedProblem({ value, instead }: ModelParameters['fixed'][string]): string {
  const only = value === null ? 'is not built yet; leave it out' : `is not built yet with another value than ${JSON.stringify(value)}`;
  return instead === undefined ? only : `is not taken here; ${instead}`;
}

function defaultsOf({ known }: ModelParameters): Record<string, ParameterValue> {
  return Object.fromEntries(Object.entries(known).map(([name, parameter]) => [name, parameter.default]));
}
