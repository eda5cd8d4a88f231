import { TRAIN_LIMITS, type SentTrainRequest } from './train-request.js';
import { travelBytes } from './travel-bytes.js';

/*
 * The bounds of a training request that no single number says. Each function answers with a sentence's end that follows the field's
 * name, or null. REST, the OpenAPI document and `JobService.Submit` use these and TRAIN_LIMITS, and nothing else.
 */

/** What a hyperparameter may be at most, in words. */
export const HYPERPARAMETER_SHAPE =
  `null, true or false, a number, a text of up to ${TRAIN_LIMITS.hyperparameters.textChars} characters, ` +
  `or a list or object of up to ${TRAIN_LIMITS.hyperparameters.items} of these`;

/** Has a hyperparameter's value a form that its library could be given? Types and ranges are the catalog's to check. */
export function isHyperparameterShape(value: unknown): boolean {
  if (isScalar(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return isShort(value.length) && value.every(isScalar);
  if (!isPlain(value)) return false;
  const entries = Object.entries(value);
  return isShort(entries.length) && entries.every(([name, item]) => isText(name) && isScalar(item));
}

/** @returns what is wrong with the size of all hyperparameters together */
export function hyperparametersProblem(sent: Readonly<Record<string, unknown>>): string | null {
  const { names, nameChars, bytes } = TRAIN_LIMITS.hyperparameters;
  const sentNames = Object.keys(sent);
  if (sentNames.length > names) return `has ${sentNames.length} names; the limit is ${names}`;
  const long = sentNames.find((name) => name.length > nameChars);
  if (long !== undefined) return `has a name of ${long.length} characters, '${long.slice(0, 20)}...'; the limit is ${nameChars}`;
  return sizeProblem(sent, bytes);
}

/** @returns what is wrong with the number or the size of all tags together; each has limits of its own */
export function tagsProblem(tags: Readonly<Record<string, string>>): string | null {
  const { max, bytes } = TRAIN_LIMITS.tags;
  const count = Object.keys(tags).length;
  return count > max ? `has ${count} entries; the limit is ${max}` : sizeProblem(tags, bytes);
}

/** @returns what is wrong with the number or the size of all names together; each has a limit of its own */
export function excludedColumnsProblem(columns: readonly string[]): string | null {
  const { max, bytes } = TRAIN_LIMITS.excludeColumns;
  if (columns.length > max) return `names ${columns.length} columns; the limit is ${max}`;
  const problem = sizeProblem(columns, bytes);
  return problem === null ? null : `${problem}; leave the columns out of the dataset instead`;
}

/** @returns what is wrong with the warnings that a door gives with a request */
export function warningsProblem(warnings: readonly string[]): string | null {
  const { max, chars, bytes } = TRAIN_LIMITS.warnings;
  if (warnings.length > max) return `has ${warnings.length} entries; the limit is ${max}`;
  const long = warnings.find((text) => text.length > chars);
  if (long !== undefined) return `has an entry of ${long.length} characters; the limit is ${chars}`;
  return sizeProblem(warnings, bytes);
}

/** @returns what is wrong with the size of a whole request */
export function requestProblem(sent: SentTrainRequest): string | null {
  return sizeProblem(sent, TRAIN_LIMITS.request.bytes);
}

function sizeProblem(value: unknown, limit: number): string | null {
  return travelBytes(value, limit) > limit ? `is larger in all than its limit of ${limit / 1024} KiB` : null;
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === 'boolean' || Number.isFinite(value) || isText(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= TRAIN_LIMITS.hyperparameters.textChars;
}

function isShort(count: number): boolean {
  return count <= TRAIN_LIMITS.hyperparameters.items;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
