import type { Millis } from '@trainer/model';

/** A number from 0 to below 1, such as `Math.random` gives. */
export type Random = () => number;

export interface BackoffOptions {
  readonly firstMs: Millis;
  readonly maxMs: Millis;
  /** Growth from one wait to the next; default 2. */
  readonly factor?: number;
  /** Share of each wait that is random, 0..1; default 0.5, so that many who lost the same peer do not return together. */
  readonly jitter?: number;
  readonly random: Random;
}

export interface Backoff {
  /** @returns the next wait, from `(1 - jitter) * w` to `w` with `w` growing from `firstMs` to `maxMs`. */
  nextMs(): Millis;
  /** Begins anew; to be called after a success. */
  reset(): void;
}

/** Exponential backoff with jitter (Brooker, "Exponential Backoff And Jitter", 2015), bounded by `maxMs`. */
export function backoff(options: BackoffOptions): Backoff {
  const { firstMs, maxMs, factor = 2, jitter = 0.5, random } = options;
  let waitMs = Math.min(firstMs, maxMs);
  return {
    nextMs: () => {
      const nowMs = waitMs;
      waitMs = Math.min(waitMs * factor, maxMs);
      return nowMs * (1 - jitter * random());
    },
    reset: () => {
      waitMs = Math.min(firstMs, maxMs);
    },
  };
}
