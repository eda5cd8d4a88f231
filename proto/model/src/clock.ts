import type { Millis } from './resources.js';

/** A timer's handle. */
export interface Timer {
  /** Idempotent. */
  cancel(): void;
}

/** Time as code sees it; the system's adapter is in runtime, tests use `manualClock`. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  wallMs(): Millis;
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): Millis;
  /** Calls back once after `ms`, unless cancelled. */
  after(ms: Millis, call: () => void): Timer;
}
