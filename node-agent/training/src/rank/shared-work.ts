/** Millionths are fine enough for a share, and fit into an Int32. */
const WHOLE = 1_000_000;
const [CANCELLED, TICKS, DONE] = [0, 1, 2];
const NUMBERS = 3;

/**
 * What the worker thread and the main thread of a rank share while a step runs, without a turn of either's loop: whether the job is
 * cancelled, how often the step has ticked, and the share of the attempt's work that is done.
 */
export class SharedWork {
  readonly #numbers: Int32Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(NUMBERS * Int32Array.BYTES_PER_ELEMENT)) {
    this.#numbers = new Int32Array(memory);
  }

  cancel(): void {
    Atomics.store(this.#numbers, CANCELLED, 1);
  }

  get isCancelled(): boolean {
    return Atomics.load(this.#numbers, CANCELLED) === 1;
  }

  /** @param done 0..1 */
  tick(done: number): void {
    Atomics.add(this.#numbers, TICKS, 1);
    Atomics.store(this.#numbers, DONE, Math.round(done * WHOLE));
  }

  get ticks(): number {
    return Atomics.load(this.#numbers, TICKS);
  }

  get done(): number {
    return Atomics.load(this.#numbers, DONE) / WHOLE;
  }
}
