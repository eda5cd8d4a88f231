import type { Change } from './cluster-store.js';
import { StoreUnavailableError } from './errors.js';

interface Waiting {
  readonly change: Change;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** So many changes wait at most; PostgreSQL takes 13,000 transactions a second, so more means that it is away. */
const MAX_WAITING = 20_000;
/** So many changes share a transaction at most: larger ones would make the first of them wait without need. */
const MAX_BATCH = 500;

/**
 * Writes as many of these changes as a transaction takes, from the first on, in their order.
 * @returns how many were written, at least one
 */
export type WriteChanges = (changes: readonly Change[]) => Promise<number>;

/**
 * Group commit: changes that come while a transaction is in flight are written together in the next one, in their order.
 * After a failure everything that waits fails too, as it builds on what was not written.
 */
export class CommitQueue {
  #waiting: Waiting[] = [];
  #isWriting = false;
  #broken: unknown = null;

  constructor(private readonly write: WriteChanges) {}

  push(change: Change): Promise<void> {
    if (this.#broken !== null) return Promise.reject(this.#broken as Error);
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new StoreUnavailableError('too many changes wait'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      if (!this.#isWriting) {
        this.#isWriting = true;
        // What is asked for in the same round of the event loop goes into the first transaction.
        setImmediate(() => void this.#drain());
      }
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 && this.#broken === null) {
      try {
        const written = await this.write(this.#waiting.slice(0, MAX_BATCH).map(({ change }) => change));
        for (const { resolve } of this.#waiting.splice(0, written)) resolve();
      } catch (error) {
        this.#broken = error;
        for (const { reject } of this.#waiting.splice(0)) reject(error);
      }
    }
    this.#isWriting = false;
  }

  /** Begins anew after a failure: state has been read again. */
  mend(): void {
    this.#broken = null;
  }
}
