// An ordinary class. This module, with all that it imports, travels to the cluster: keep the program that creates actors out of it.
import { actor } from '@trainer/client';

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
  // Optional, as a pair: the state that survives a restart.
  checkpoint(): { n: number } {
    return { n: this.#n };
  }
  restore(state: { n: number }): void {
    this.#n = state.n;
  }
}

export const CounterSpec = actor(Counter, import.meta.url);
