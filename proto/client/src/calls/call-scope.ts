import type { Clock, TrainerError } from '@trainer/model';
import { CallCancelledError, CallTimeoutError, type Outcome } from '../errors.js';
import type { PendingCall } from './pending-call.js';
import { whenAborted } from './shared-signal.js';

/** Who can take a call back, whatever its phase. */
export interface CallKeeper {
  abandon(call: PendingCall, why: (outcome: Outcome) => TrainerError): void;
}

/**
 * What `with` says of calls: their deadline, and a signal that cancels them.
 */
export class CallScope {
  readonly #clock: Clock;
  readonly #keeper: CallKeeper;
  readonly #signal: AbortSignal | null;
  readonly timeoutMs: number;

  /** `timeoutMs` 0: no deadline. */
  constructor(clock: Clock, keeper: CallKeeper, timeoutMs: number, signal: AbortSignal | null) {
    this.#clock = clock;
    this.#keeper = keeper;
    this.timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  /** @returns false when the signal fired already: the call is not to be made. */
  get isOpen(): boolean {
    return this.#signal?.aborted !== true;
  }

  /** The error of a call that was not made since the signal had fired. */
  refusal(method: string): CallCancelledError {
    return new CallCancelledError(method, 'its signal had fired before', 'not-run');
  }

  /** Watches over a call until it is settled. */
  watch(call: PendingCall): void {
    const timer = this.timeoutMs > 0 ? this.#clock.after(this.timeoutMs, () => this.#expire(call)) : null;
    if (this.#signal === null) {
      call.guard(timer, null);
      return;
    }
    call.guard(
      timer,
      whenAborted(this.#signal, () => this.#cancel(call)),
    );
  }

  #expire(call: PendingCall): void {
    this.#keeper.abandon(call, (outcome) => new CallTimeoutError(call.method, this.timeoutMs, outcome));
  }

  #cancel(call: PendingCall): void {
    this.#keeper.abandon(call, (outcome) => new CallCancelledError(call.method, 'its signal fired', outcome));
  }
}
