import type { ErrorData } from './errors.js';

/** Why an actor's process ended, or its lease was lost: data, for people and for the restart rules. */
export type DeathCause =
  | ({ readonly kind: 'exited'; readonly code: number } & LastError)
  | ({ readonly kind: 'signal'; readonly signal: string } & LastError)
  | { readonly kind: 'out-of-memory'; readonly limitBytes: number; readonly usedBytes: number }
  | { readonly kind: 'constructor-threw'; readonly error: RemoteFailure }
  | { readonly kind: 'load-failed'; readonly error: ErrorData }
  /** The node could not start it, such as for a full disk; where `retry` of the error allows, it is tried again. */
  | { readonly kind: 'not-started'; readonly error: ErrorData }
  /** Its process sent its agent what can't be read, or too much of it, and was ended for that. */
  | { readonly kind: 'broke-protocol'; readonly why: string }
  | { readonly kind: 'start-timeout'; readonly afterMs: number }
  /** The head did not start what it had reserved; no process was made. */
  | { readonly kind: 'reservation-expired'; readonly afterMs: number }
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'owner-gone'; readonly owner: string }
  | { readonly kind: 'node-lost'; readonly node: string }
  | { readonly kind: 'fact-refused'; readonly why: string }
  | { readonly kind: 'released' }
  | { readonly kind: 'finished' };

/**
 * What the process last said of an error, where it ended by itself: an error that nobody caught, with its stack, else the last
 * lines of its stderr. Its first line names the error. At most `MAX_LAST_ERROR_BYTES` of UTF-8, without control characters.
 */
export interface LastError {
  /** Absent: it said nothing. */
  readonly lastError?: string;
}

/** Bounds the last error in a cause: causes are stored, and travel with every view of an actor or job. */
export const MAX_LAST_ERROR_BYTES = 8 * 1024;

/** What user code threw, as data: name, message and stack of there, and the error's own enumerable fields. */
export interface RemoteFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** @returns what ended it, to stand after a name and a colon; without a full stop */
export function describeCause(cause: DeathCause): string {
  switch (cause.kind) {
    case 'exited':
      return `exited with code ${cause.code}${lastErrorOf(cause)}`;
    case 'signal':
      return isFromOutside(cause.signal)
        ? `killed by ${cause.signal}, which the cluster did not send`
        : `crashed with ${cause.signal}${lastErrorOf(cause)}`;
    case 'out-of-memory':
      return `out of memory: used ${mib(cause.usedBytes)} of ${mib(cause.limitBytes)}`;
    case 'constructor-threw':
      return `its constructor threw ${cause.error.name}: ${cause.error.message}`;
    case 'load-failed':
      return `its class could not be loaded: ${cause.error.message}`;
    case 'not-started':
      return `could not be started: ${cause.error.message}`;
    case 'broke-protocol':
      return `ended by its agent, which could not read what it sent: ${cause.why}`;
    case 'start-timeout':
      return `did not start within ${Math.round(cause.afterMs / 1000)} s`;
    case 'reservation-expired':
      return `its reservation expired: it was not started within ${Math.round(cause.afterMs / 1000)} s`;
    case 'killed':
      return `killed by ${cause.by}`;
    case 'owner-gone':
      return `its owner ${cause.owner} is gone`;
    case 'node-lost':
      return `node ${cause.node} was lost`;
    case 'fact-refused':
      return `the head refused what it reported: ${cause.why}`;
    case 'released':
      return 'its lease was released';
    case 'finished':
      return 'its work is done';
  }
}

/** Of the last error's first line, in a sentence. */
const MAX_SENTENCE_CHARS = 300;

function lastErrorOf({ lastError }: LastError): string {
  if (lastError === undefined) return '';
  const [line = ''] = lastError.split('\n', 1);
  return `: ${line.slice(0, MAX_SENTENCE_CHARS).replace(/[.\s]+$/, '')}`;
}

/** Of one text that says why, where many are kept: causes are stored with every event of a job, and travel with every view. */
export const MAX_WHY_CHARS = 1_000;

/** @returns the text, cut, and such that UTF-8 can hold it */
export function short(text: string, maxChars = MAX_WHY_CHARS): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1).toWellFormed()}…` : text.toWellFormed();
}

/** @returns the cause as histories and lists have it: without stacks and facts of errors, its texts cut */
export function inShort(cause: DeathCause, maxChars = MAX_WHY_CHARS): DeathCause {
  const cut = (text: string): string => short(text, maxChars);
  switch (cause.kind) {
    case 'constructor-threw':
      return { ...cause, error: { name: cut(cause.error.name), message: cut(cause.error.message), stack: '', fields: {} } };
    case 'load-failed':
    case 'not-started':
      return { ...cause, error: { ...cause.error, message: cut(cause.error.message), facts: {} } };
    case 'fact-refused':
    case 'broke-protocol':
      return { ...cause, why: cut(cause.why) };
    case 'killed':
      return { ...cause, by: cut(cause.by) };
    case 'owner-gone':
      return { ...cause, owner: cut(cause.owner) };
    case 'exited':
    case 'signal':
      return cause.lastError === undefined ? cause : { ...cause, lastError: cut(cause.lastError) };
    case 'out-of-memory':
    case 'start-timeout':
    case 'reservation-expired':
    case 'node-lost':
    case 'released':
    case 'finished':
      return cause;
  }
}

/** Signals that a process does not send itself: somebody, or the system, ended it from outside. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

export function isFromOutside(signal: string): boolean {
  return FROM_OUTSIDE.has(signal);
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`;
}
