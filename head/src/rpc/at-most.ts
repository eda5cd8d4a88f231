import { DatabaseBusyError } from '../store/errors.js';

/** Work of one kind, so much of it at once; the rest waits in the order in which it came. */
export class AtMost {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param atOnce fewer than the database lets wait, so that others find a place beside it
   * @param most so many may wait here
   */
  constructor(
    private readonly atOnce: number,
    private readonly most: number,
  ) {}

  /** @throws DatabaseBusyError when too many wait, what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.atOnce) this.#running += 1;
    else if (this.#waiting.length >= this.most) throw new DatabaseBusyError(this.#waiting.length);
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Its place goes on to the next.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
