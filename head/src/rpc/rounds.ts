/**
 * Gives way: of all who have much to do, one goes on in each round of the event loop, in turn, so that heartbeats, renewals and small
 * requests come between.
 */
export class Rounds {
  readonly #waiting: (() => void)[] = [];

  /** @returns when it is one's turn */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setImmediate(() => this.#run());
    });
  }

  #run(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(() => this.#run());
  }
}
