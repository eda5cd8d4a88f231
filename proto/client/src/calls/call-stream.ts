import type { ErrorData } from '@trainer/model';

/** A call as it is written; `timeoutMs` 0: no deadline, `windowBytes` 0: one value is asked for. */
export interface OutgoingCall {
  readonly number: number;
  readonly method: string;
  readonly args: Buffer;
  readonly timeoutMs: number;
  readonly windowBytes: number;
}

/** Room for so many more bytes of a stream. */
export interface CallCredit {
  readonly number: number;
  readonly bytes: number;
}

export interface OutgoingBatch {
  readonly calls: OutgoingCall[];
  readonly cancels: number[];
  readonly credits: CallCredit[];
}

/** An answer to the call of that number; values are still encoded. */
export interface CallAnswer {
  readonly number: number;
  readonly answer:
    | { readonly $case: 'value' | 'item'; readonly value: Uint8Array }
    | { readonly $case: 'done' }
    | { readonly $case: 'failed'; readonly value: ErrorData };
}

/** Why a stream is over: the actor refused the caller for good, or the connection broke. */
export type CallStreamEnd = { readonly why: 'refused'; readonly error: ErrorData } | { readonly why: 'broken' };

export interface CallStreamEvents {
  /** The actor took the caller's token; calls may be written. */
  onWelcome(): void;
  onAnswers(answers: readonly CallAnswer[]): void;
  /** After a `write` that returned false: there is room again. */
  onDrain(): void;
  /** Once, at the end, also after `close`. */
  onEnd(end: CallStreamEnd): void;
}

/** An open stream to an actor's listener. */
export interface CallStream {
  /** @returns false when the connection's buffers are full: wait for `onDrain`. */
  write(batch: OutgoingBatch): boolean;
  /** Idempotent. */
  close(): void;
}
