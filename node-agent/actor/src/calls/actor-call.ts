import type { Timer } from '@trainer/model';
import type { AnswerBody, IncomingCall } from './answer.js';
import type { Outcome } from './errors.js';

/** Who made a call, as far as the call knows. */
export interface AnswerTaker {
  /** Takes a final answer; once a call. */
  settle(call: ActorCall, body: AnswerBody): void;
  /** Sends an item of a stream. @returns false when there is no link to send it on */
  item(call: ActorCall, value: Buffer): boolean;
}

/** One call between its arrival and its final answer. */
export class ActorCall {
  /** queued: the method was not entered; running; settled: its answer is given, even if the method still runs. */
  phase: 'queued' | 'running' | 'settled' = 'queued';
  /** What a stream may still send before its reader has taken some; may go below zero by one item. */
  creditBytes: number;
  hasItems = false;
  /** Wakes a stream that waits for credit or a link, or was given up. */
  wake: (() => void) | null = null;
  /** Told once when the call is settled, by whatever; does not throw. */
  whenSettled: (() => void) | null = null;
  deadline: Timer | null = null;

  constructor(
    readonly taker: AnswerTaker,
    readonly incoming: IncomingCall,
    maxWindowBytes: number,
  ) {
    this.creditBytes = Math.min(incoming.windowBytes, maxWindowBytes);
  }

  get outcome(): Outcome {
    return this.phase === 'queued' ? 'not-run' : 'unknown';
  }

  /** Answers the call unless it is answered. */
  settle(body: AnswerBody): void {
    if (this.phase === 'settled') return;
    this.phase = 'settled';
    this.deadline?.cancel();
    this.taker.settle(this, body);
    this.wake?.();
    this.whenSettled?.();
  }
}
