import { isUtf8 } from 'node:buffer';
import { InvalidRequestError } from '@trainer/model';

/** A body that is not JSON, or has what no request may have. */
function refused(message: string): InvalidRequestError {
  return new InvalidRequestError([{ path: [], message, type: 'json_invalid' }]);
}

/**
 * Reads the JSON of a body. Bytes that are not UTF-8 are refused: read with replacements they would be a request that nobody sent.
 * @throws InvalidRequestError that says what is wrong
 */
export function readJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw refused('The body is not UTF-8, which JSON has to be. Encode it as UTF-8.');
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (text.trim() === '') throw refused('The body is empty; send a JSON object.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refused(`The body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const name = poisonIn(value);
  if (name !== null) throw refused(`The body has a field named ${name}, which no request has; leave it out.`);
  return value;
}

/** @returns the name of a field that would change what objects are, where code copies it; without recursion, as a body may be deep */
function poisonIn(root: unknown): string | null {
  const left: unknown[] = [root];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) return '__proto__';
    if (Object.hasOwn(value, 'constructor') && holdsPrototype((value as { constructor: unknown }).constructor))
      return 'constructor.prototype';
    for (const member of Object.values(value)) left.push(member);
  }
  return null;
}

function holdsPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}
