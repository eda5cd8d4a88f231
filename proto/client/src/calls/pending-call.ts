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
  /** waiting: not written yet, so it has no number; sent: written, whether it runs is unknown; settled: its sink has its end. */
  phase: 'waiting' | 'sent' | 'settled' = 'waiting';
  /** From 1, in the order of writing. */
  number = 0;
  /** Answers have begun to come; only a stream's call stays pending then. */
  hasItems = false;
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
    return this.phase === 'waiting' ? 'not-run' : 'unknown';
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
}
