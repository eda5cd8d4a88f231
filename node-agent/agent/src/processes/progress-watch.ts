import type { Millis } from '@trainer/model';

export interface ProgressLimits {
  /** A step may take as long as this in any case. */
  readonly leastMs: Millis;
  /** And this many times as long as the longest one before it. */
  readonly times: number;
}

/**
 * Watches the steps of a rank's work, as its beats tell of them (design.md section 7). Time in which it waits for others, or for
 * the head to store what it reports, belongs to no step.
 */
export class ProgressWatch {
  #step: number | null = null;
  #sinceMs: Millis = 0;
  #longestMs: Millis = 0;

  constructor(private readonly limits: ProgressLimits) {}

  beat(step: number | null, now: Millis): void {
    if (step === this.#step) return;
    if (this.#step !== null) this.#longestMs = Math.max(this.#longestMs, now - this.#sinceMs);
    this.#step = step;
    this.#sinceMs = now;
  }

  /** The watcher stood still itself: the step under way is watched afresh. */
  refresh(now: Millis): void {
    this.#sinceMs = now;
  }

  /** @returns the limit that the step under way is over, or null */
  overdue(now: Millis): Millis | null {
    const limitMs = Math.max(this.limits.leastMs, this.limits.times * this.#longestMs);
    return this.#step !== null && now - this.#sinceMs > limitMs ? limitMs : null;
  }
}
