import type { LeaseId } from '@trainer/model';
import type { LogLine } from './actors.codec.js';

/*
 * A lease's whole log lies in the object store, in objects of bounded size that are numbered in the order of their lines; the
 * newest may still grow. Their text is a JSON object a line, so that any tool can read it.
 */

/** All objects of a lease's log, in the order of their lines. */
export function logObjectPrefix(lease: LeaseId): string {
  return `logs/${lease}/`;
}

/** @param part from 0 */
export function logObjectKey(lease: LeaseId, part: number): string {
  return `${logObjectPrefix(lease)}${String(part).padStart(6, '0')}.jsonl`;
}

/** The text of one line, with its newline. */
export function encodeLogText(line: LogLine): string {
  return `${JSON.stringify({ at: line.at, stderr: line.isStderr, line: line.line })}\n`;
}

/** Reads an object of a lease's log; what is no such line is left out. */
export function decodeLogText(lease: LeaseId, text: string): LogLine[] {
  return text.split('\n').flatMap((row) => {
    try {
      const { at, stderr, line } = JSON.parse(row) as Readonly<Record<string, unknown>>;
      return typeof at === 'number' && typeof line === 'string' ? [{ lease, at, isStderr: stderr === true, line }] : [];
    } catch {
      return [];
    }
  });
}
