import type { ErrorData } from './errors.js';

/** Why an actor's process ended, or its lease was lost: data, for people and for the restart rules. */
export type DeathCause =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'out-of-memory'; readonly limitBytes: number; readonly usedBytes: number }
  | { readonly kind: 'constructor-threw'; readonly error: RemoteFailure }
  | { readonly kind: 'load-failed'; readonly error: ErrorData }
  | { readonly kind: 'start-timeout'; readonly afterMs: number }
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'owner-gone'; readonly owner: string }
  | { readonly kind: 'node-lost'; readonly node: string }
  | { readonly kind: 'fact-refused'; readonly why: string }
  | { readonly kind: 'released' }
  | { readonly kind: 'finished' };

/** What user code threw, as data: name, message and stack of there, and the error's own enumerable fields. */
export interface RemoteFailure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** @returns one sentence a person can act on. */
export function describeCause(cause: DeathCause): string {
  switch (cause.kind) {
    case 'exited':
      return `its process exited with code ${cause.code}`;
    case 'signal':
      return `its process was ended by ${cause.signal}`;
    case 'out-of-memory':
      return `it used ${mib(cause.usedBytes)} of its ${mib(cause.limitBytes)}; ask for more memory`;
    case 'constructor-threw':
      return `its constructor threw ${cause.error.name}: ${cause.error.message}`;
    case 'load-failed':
      return `its class could not be loaded: ${cause.error.message}`;
    case 'start-timeout':
      return `it did not start within ${Math.round(cause.afterMs / 1000)} s`;
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

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
