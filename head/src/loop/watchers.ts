import type { Clock, Millis } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import { isolated } from './isolated.js';

/**
 * Who waits for a change of one entity. Each entity has few waiters, and each waiter a deadline or a stream that it ends with. An error
 * of one is logged, and the others are told.
 */
export class Watchers<Value> {
  readonly #listeners = new Map<string, Set<(value: Value) => void>>();

  constructor(
    private readonly of: string,
    private readonly options: { readonly clock: Clock; readonly logger: Logger },
  ) {}

  /** Calls back after every commit that changed the entity. @returns how to end it; idempotent. */
  on(key: string, listener: (value: Value) => void): () => void {
    const set = this.#listeners.get(key) ?? new Set();
    set.add(listener);
    this.#listeners.set(key, set);
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#listeners.get(key) === set) this.#listeners.delete(key);
    };
  }

  /** Entities that somebody waits for. */
  get keys(): readonly string[] {
    return [...this.#listeners.keys()];
  }

  notify(key: string, value: Value): void {
    for (const listener of [...(this.#listeners.get(key) ?? [])])
      isolated(`a watcher of ${this.of} ${key}`, this.options.logger, () => listener(value));
  }

  /** @returns the first value that passes the test, or null after `waitMs`. `now` is looked at first. */
  until(key: string, now: Value | undefined, test: (value: Value) => boolean, waitMs: Millis): Promise<Value | null> {
    if (now !== undefined && test(now)) return Promise.resolve(now);
    if (waitMs <= 0) return Promise.resolve(null);
    return new Promise((resolve) => {
      const finish = (value: Value | null): void => {
        off();
        timer.cancel();
        resolve(value);
      };
      const off = this.on(key, (value) => {
        if (test(value)) finish(value);
      });
      const timer = this.options.clock.after(waitMs, () => finish(null));
    });
  }
}
