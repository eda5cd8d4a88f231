import type { Timer, TrainerError } from '@trainer/model';
import type { Outcome } from '../errors.js';

/** What becomes of a call's answers. A value's sink gets `value` or `fail`, a stream's any `item`s, then `done` or `fail`. */
export interface AnswerSink {
  value(bytes: Uint8Array): void;
  item(bytes: Uint8Array): void;
  done(): void;
  fail(error: TrainerError): void;
}

/** One call from the moment it is made to the moment it is settled. */
export class PendingCall {
  /** waiting: to be written; sent: written, whether it runs is unknown; settled: its sink has its end. */
  phase: 'waiting' | 'sent' | 'settled' = 'waiting';
  /** From 1, in the order of writing; a call that is made again gets another. */
  number = 0;
  /** Answers have begun to come; only a stream's call stays pending then. */
  hasItems = false;
  /** How many incarnations ended while it was sent: it may have run in one of them. */
  losses = 0;
  #timer: Timer | null = null;
  #onSettled: (() => void) | null = null;

  /** `args` is the encoded list; `windowBytes` above 0 asks for a stream; `timeoutMs` 0: no deadline. */
  constructor(
    readonly method: string,
    readonly args: Buffer,
    readonly windowBytes: number,
    readonly timeoutMs: number,
    readonly sink: AnswerSink,
  ) {}

  get outcome(): Outcome {
    return this.phase === 'waiting' && this.losses === 0 ? 'not-run' : 'unknown';
  }

  /** The timer and what else ends with the call. */
  guard(timer: Timer | null, onSettled: (() => void) | null): void {
    this.#timer = timer;
    this.#onSettled = onSettled;
  }

  /** Ends the call; the sink is told by who settles it. */
  settle(): void {
    this.phase = 'settled';
    this.#timer?.cancel();
    this.#onSettled?.();
  }

  /** Ends the call with an error, unless it has ended. */
  fail(why: (outcome: Outcome, method: string) => TrainerError): void {
    if (this.phase === 'settled') return;
    const error = why(this.outcome, this.method);
    this.settle();
    this.sink.fail(error);
  }
}
