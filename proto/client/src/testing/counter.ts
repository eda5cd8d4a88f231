import { actor } from '@trainer/client';

/** The class of the tests; this module is bundled as a user's would be. */
export class Counter {
  #n: number;
  constructor(start = 0) {
    this.#n = start;
  }
  increment(by = 1): number {
    return (this.#n += by);
  }
  async *countTo(limit: number): AsyncGenerator<number> {
    while (this.#n < limit) yield this.increment();
  }
}
export const CounterSpec = actor(Counter, import.meta.url);
