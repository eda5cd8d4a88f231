import { type Clock, isTrainerError } from '@trainer/model';
import { backoff, sleep, type Random } from '@trainer/runtime';

/** How long an object store that is away is waited for; then the attempt fails with its error. A store that restarts is back by then. */
export const STORE_PATIENCE_MS = 180_000;

export interface RetryPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Default `STORE_PATIENCE_MS`. */
  readonly patienceMs?: number;
}

/**
 * Calls until it succeeds, fails for good (an error whose `retry` is not `same`), or the store was away for too long.
 * An aborted signal ends the wait with its reason. The call must be harmless when repeated.
 */
export async function withStoreRetries<T>(ports: RetryPorts, call: () => Promise<T>): Promise<T> {
  const waits = backoff({ firstMs: 200, maxMs: 10_000, random: ports.random });
  const deadlineMs = ports.clock.monotonicMs() + (ports.patienceMs ?? STORE_PATIENCE_MS);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const mayRetry = isTrainerError(error) && error.retry === 'same' && !ports.signal.aborted;
      if (!mayRetry || ports.clock.monotonicMs() >= deadlineMs) throw error;
      await sleep(ports.clock, waits.nextMs(), ports.signal);
    }
  }
}
