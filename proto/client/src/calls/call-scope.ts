import type { Clock, TrainerError } from '@trainer/model';
import { CallCancelledError, CallTimeoutError, type Outcome } from '../errors.js';
import type { PendingCall } from './pending-call.js';

/** Who can take a call back, whatever its phase. */
export interface CallKeeper {
  abandon(call: PendingCall, why: (outcome: Outcome) => TrainerError): void;
}

/**
 * What `with` says of calls: their deadline, and a signal that cancels them. One listener on the signal serves all calls, since
 * signals warn at eleven.
 */
export class CallScope {
  readonly #pending = new Set<PendingCall>();
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
    if (this.#pending.size === 0) this.#signal.addEventListener('abort', this.#onAbort);
    this.#pending.add(call);
    call.guard(timer, () => this.#forget(call));
  }

  #expire(call: PendingCall): void {
    this.#keeper.abandon(call, (outcome) => new CallTimeoutError(call.method, this.timeoutMs, outcome));
  }

  #forget(call: PendingCall): void {
    this.#pending.delete(call);
    if (this.#pending.size === 0) this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    for (const call of [...this.#pending]) {
      this.#keeper.abandon(call, (outcome) => new CallCancelledError(call.method, 'its signal fired', outcome));
    }
  };
}
