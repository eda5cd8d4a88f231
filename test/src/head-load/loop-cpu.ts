import { closeSync, openSync, readSync } from 'node:fs';

/**
 * CPU time of this thread, by rounds of its event loop. Wall time says nothing on a busy machine; and no probe that waits for a timer
 * sees a block that is shorter than its pause. Linux only.
 */
export class LoopCpu {
  readonly #file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  readonly #text = Buffer.alloc(64);
  #longestNs = 0;
  #lastNs = 0;
  #isRunning = true;

  /** Keeps its core busy until it is stopped: it looks in every round. */
  start(): void {
    this.#lastNs = this.ns();
    const look = (): void => {
      if (!this.#isRunning) return;
      const now = this.ns();
      this.#longestNs = Math.max(this.#longestNs, now - this.#lastNs);
      this.#lastNs = now;
      setImmediate(look);
    };
    setImmediate(look);
  }

  /** @returns the longest round, in milliseconds */
  stop(): number {
    this.#isRunning = false;
    closeSync(this.#file);
    return this.#longestNs / 1e6;
  }

  /** CPU time of this thread until now, in nanoseconds. */
  ns(): number {
    return Number(this.#text.toString('latin1', 0, readSync(this.#file, this.#text, 0, this.#text.length, 0)).split(' ')[0]);
  }
}
