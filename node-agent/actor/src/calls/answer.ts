import type { ErrorData, RemoteFailure } from '@trainer/model';

/** What a call is answered with; values are encoded. A stream's call gets any `item`s first; all others are final, one a call. */
export type AnswerBody =
  | { readonly kind: 'value'; readonly value: Buffer }
  | { readonly kind: 'item'; readonly value: Buffer }
  | { readonly kind: 'done' }
  | { readonly kind: 'threw'; readonly failure: RemoteFailure }
  | { readonly kind: 'failed'; readonly error: ErrorData };

export interface CallAnswer {
  readonly number: number;
  readonly body: AnswerBody;
}

/** What an answer weighs where answers are kept or wait to be sent: its value and what is around it. */
export function weight(answer: CallAnswer): number {
  const { body } = answer;
  return 128 + (body.kind === 'value' || body.kind === 'item' ? body.value.length : 0);
}

/** A call as it came from its caller. `timeoutMs` 0: no deadline; `windowBytes` above 0: a stream of values may be answered. */
export interface IncomingCall {
  readonly number: number;
  readonly method: string;
  readonly args: Uint8Array;
  readonly timeoutMs: number;
  readonly windowBytes: number;
}

export interface IncomingBatch {
  readonly calls: readonly IncomingCall[];
  readonly cancels: readonly number[];
  readonly credits: readonly { readonly number: number; readonly bytes: number }[];
}
