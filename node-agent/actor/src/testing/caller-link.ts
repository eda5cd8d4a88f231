import { decodeValue, encodeValue, type HandleHook } from '@trainer/wire';
import type { CallAnswer, IncomingCall } from '../calls/answer.js';
import type { AnswerLink, Caller } from '../calls/caller.js';

/** A link of a caller that keeps what it is sent. */
export class Link implements AnswerLink {
  readonly sent: CallAnswer[] = [];
  isClosed = false;
  send(answer: CallAnswer): void {
    this.sent.push(answer);
  }
  close(): void {
    this.isClosed = true;
  }
  /** Each answer as number and value, or number and code. */
  told(): unknown[] {
    return this.sent.map(({ number, body }) => {
      switch (body.kind) {
        case 'value':
          return [number, decodeValue(body.value)];
        case 'item':
          return [number, 'item', decodeValue(body.value)];
        case 'threw':
          return [number, 'threw', body.failure.name];
        case 'failed':
          return [number, body.error.code, body.error.facts['outcome']];
        case 'done':
          return [number, 'done'];
      }
    });
  }
}

export const NO_HANDLES: HandleHook = { toData: () => null, fromData: () => null };

export function make(number: number, method: string, args: readonly unknown[] = [], changes: Partial<IncomingCall> = {}): IncomingCall {
  return { number, method, args: encodeValue(args), timeoutMs: 0, windowBytes: 0, ...changes };
}

export function calls(to: Caller, ...made: IncomingCall[]): void {
  to.receive({ calls: made, cancels: [], credits: [] });
}
