import { inspect, types } from 'node:util';
import { MAX_LAST_ERROR_BYTES, type RemoteFailure } from '@trainer/model';
import { clippedText, clippedToBytes, describeThrown, plainFacts } from '@trainer/wire';

const MAX_MESSAGE_CHARS = 64 * 1024;
const MAX_FIELDS = 100;
/** Of all fields: they are stored where a constructor threw them, and kept with the answer of a call. */
const MAX_FIELDS_BYTES = 256 * 2 ** 10;
const TOLD_APART: ReadonlySet<string> = new Set(['name', 'message', 'stack']);
const UNREAD = 'could not be read';
/** What was thrown without a message is shown on one line. */
const SHORT = { depth: 3, breakLength: Infinity, compact: true, maxArrayLength: 20, maxStringLength: 500 };

/**
 * @returns what was thrown, as plain data that can be sent and that nobody else holds: also of what is no Error, and of what throws
 * while it is read. Never throws.
 */
export function toRemoteFailure(thrown: unknown): RemoteFailure {
  if (typeof thrown !== 'object' || thrown === null) {
    return { name: 'Error', message: textOf(thrown), stack: '', fields: {} };
  }
  const read = (name: string, unread: string | null): string | null => {
    const value = property(thrown, name, unread);
    return typeof value === 'string' ? clippedText(value, MAX_MESSAGE_CHARS) : null;
  };
  const fields = fieldsOf(thrown);
  const message = read('message', UNREAD) ?? (types.isNativeError(thrown) ? '' : textWithoutMessage(thrown, fields));
  return { name: read('name', null) || 'Error', message, stack: read('stack', null) ?? '', fields };
}

/** @returns name and message of what nobody caught, then its stack, in at most `MAX_LAST_ERROR_BYTES`. Never throws. */
export function uncaughtText(thrown: unknown): string {
  const { name, message, stack } = toRemoteFailure(thrown);
  const headline = `${name}: ${message}`;
  const text = stack.startsWith(headline) ? stack : `${headline}\n${stack}`;
  return clippedToBytes(text, MAX_LAST_ERROR_BYTES);
}

function fieldsOf(thrown: object): Record<string, unknown> {
  let names: string[];
  try {
    names = Object.keys(thrown);
  } catch {
    return {};
  }
  const told = names.filter((name) => !TOLD_APART.has(name)).slice(0, MAX_FIELDS);
  return plainFacts(Object.fromEntries(told.map((name) => [name, property(thrown, name, UNREAD)])), MAX_FIELDS_BYTES);
}

/** Such as `{ code: 'E_QUOTA', detail: 'quota is used up' }`. */
function textWithoutMessage(thrown: object, fields: Record<string, unknown>): string {
  if (Object.keys(fields).length > 0) return clippedText(inspect(fields, SHORT), MAX_MESSAGE_CHARS);
  const text = textOf(thrown);
  return text.startsWith('[object ') ? 'an object without a message was thrown' : text;
}

/** @returns the property; where reading it throws, `unread` and why, or null without it. */
function property(of: object, name: string, unread: string | null): unknown {
  try {
    return (of as Record<string, unknown>)[name];
  } catch (error) {
    return unread === null ? null : `${unread}: ${describeThrown(error)}`;
  }
}

function textOf(value: unknown): string {
  try {
    return clippedText(String(value), MAX_MESSAGE_CHARS);
  } catch {
    return 'what was thrown could not be described';
  }
}
