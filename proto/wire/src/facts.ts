import { decodeRecord } from './fields.js';
import { clippedText, describeThrown } from './thrown.js';
import { decodeValue, encodeValue } from './values.js';

/** Of the facts of one error as they are: room for an explanation that names 10,000 nodes. */
const MAX_FACTS_BYTES = 4 * 2 ** 20;
/** Of one fact of an error that could not travel as a whole, and of all that are kept as they are. */
const MAX_FACT_BYTES = 64 * 2 ** 10;
const MAX_KEPT_BYTES = 2 ** 20;
const MAX_KEPT_FACTS = 1_000;
const MAX_NAME_CHARS = 200;

/**
 * MessagePack of the facts or fields of an error, which come from anywhere: what can't travel, or is large, is sent as its text, so
 * that the error itself always is. Never throws.
 */
export function encodeFacts(facts: Readonly<Record<string, unknown>>, limitBytes = MAX_FACTS_BYTES): Buffer {
  try {
    return encodeValue(facts, { limitBytes });
  } catch {
    return encodeValue(toldFacts(facts));
  }
}

/** The facts as they arrive elsewhere: plain data that nobody else holds. Above `limitBytes` large ones are texts. Never throws. */
export function plainFacts(facts: Readonly<Record<string, unknown>>, limitBytes?: number): Record<string, unknown> {
  return decodeRecord(encodeFacts(facts, limitBytes), 'facts');
}

function toldFacts(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let leftBytes = MAX_KEPT_BYTES;
  const told = namesOf(facts).map((name): [string, unknown] => {
    const value = property(facts, name);
    try {
      const bytes = encodeValue(value, { limitBytes: Math.min(MAX_FACT_BYTES, leftBytes) });
      leftBytes -= bytes.length;
      // Not the value itself, which may read otherwise the next time.
      return [clippedText(name, MAX_NAME_CHARS), decodeValue(bytes)];
    } catch {
      return [clippedText(name, MAX_NAME_CHARS), describeThrown(value)];
    }
  });
  return Object.fromEntries(told);
}

function namesOf(facts: object): string[] {
  try {
    return Object.keys(facts).slice(0, MAX_KEPT_FACTS);
  } catch {
    return [];
  }
}

function property(of: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return of[name];
  } catch (error) {
    return `could not be read: ${describeThrown(error)}`;
  }
}
