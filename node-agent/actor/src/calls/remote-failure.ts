import { MAX_LAST_ERROR_BYTES, type RemoteFailure } from '@trainer/model';

const MAX_MESSAGE_CHARS = 64 * 1024;
const MAX_FIELDS = 100;
const TOLD_APART: ReadonlySet<string> = new Set(['name', 'message', 'stack']);

/** @returns what was thrown, as data: also of what is no Error, and of errors whose accessors throw. */
export function toRemoteFailure(thrown: unknown): RemoteFailure {
  if (typeof thrown !== 'object' || thrown === null) {
    return { name: 'Error', message: clipped(textOf(thrown)), stack: '', fields: {} };
  }
  const read = (name: string): string => {
    const value = property(thrown, name);
    return typeof value === 'string' ? clipped(value) : '';
  };
  const fields = Object.keys(thrown)
    .filter((name) => !TOLD_APART.has(name))
    .slice(0, MAX_FIELDS)
    .map((name): [string, unknown] => [name, property(thrown, name)]);
  return { name: read('name') || 'Error', message: read('message'), stack: read('stack'), fields: Object.fromEntries(fields) };
}

/** @returns name and message of what nobody caught, then its stack, in at most `MAX_LAST_ERROR_BYTES`. Never throws. */
export function uncaughtText(thrown: unknown): string {
  try {
    const { name, message, stack } = toRemoteFailure(thrown);
    const headline = `${name}: ${message}`;
    const text = stack.startsWith(headline) ? stack : `${headline}\n${stack}`;
    return Buffer.from(text)
      .subarray(0, MAX_LAST_ERROR_BYTES)
      .toString()
      .replace(/\ufffd+$/, '');
  } catch {
    return 'Error: an error that could not be read';
  }
}

function property(of: object, name: string): unknown {
  try {
    return (of as Record<string, unknown>)[name];
  } catch (error) {
    return `could not be read: ${textOf(error)}`;
  }
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'a value without text';
  }
}

function clipped(text: string): string {
  return text.length > MAX_MESSAGE_CHARS ? `${text.slice(0, MAX_MESSAGE_CHARS)}...` : text;
}
