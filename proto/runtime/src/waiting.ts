import { TrainerError, type Clock, type Millis } from '@trainer/model';
import { deferred } from './deferred.js';

/** What was waited for did not come in time; the message tells the state at the end. */
export class WaitTimeoutError extends TrainerError<'wait.timeout', { what: string; deadlineMs: number; state: string | null }> {
  constructor(what: string, deadlineMs: number, state: string | null) {
    const told = state === null ? '' : ` The state then: ${state}`;
    super('wait.timeout', `Waited ${deadlineMs} ms for this, in vain: ${what}.${told}`, { what, deadlineMs, state }, 'same');
  }
}

/** Resolves after `ms`. @throws the signal's reason when it is aborted meanwhile */
export async function sleep(clock: Clock, ms: Millis, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const slept = deferred<void>();
  const timer = clock.after(ms, () => slept.resolve());
  const abort = (): void => slept.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await slept.promise;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', abort);
  }
}

export interface UntilOptions {
  readonly clock: Clock;
  readonly deadlineMs: Millis;
  /** Between two looks; default 20 ms. */
  readonly everyMs?: Millis;
  readonly signal?: AbortSignal;
  /** The state to tell when it gives up. */
  readonly describe?: () => string | Promise<string>;
}

/**
 * Looks again and again until `condition` gives something truthy, which it returns.
 * @throws WaitTimeoutError after the deadline, and what `condition` throws
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, options: UntilOptions): Promise<NonNullable<T>> {
  const { clock, deadlineMs, everyMs = 20, signal, describe } = options;
  const startedMs = clock.monotonicMs();
  for (;;) {
    signal?.throwIfAborted();
    const found = await condition();
    if (found) return found;
    if (clock.monotonicMs() - startedMs >= deadlineMs) {
      throw new WaitTimeoutError(what, deadlineMs, describe ? await describe() : null);
    }
    await sleep(clock, everyMs, signal);
  }
}
