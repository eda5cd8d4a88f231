/** Things sent and not yet stored, by number; sending waits while too many or too large ones are on their way. */
export class SendWindow {
  readonly #sizes = new Map<number, number>();
  readonly #waiting: (() => void)[] = [];
  #bytes = 0;
  #last = 0;

  constructor(private readonly limit: { readonly count: number; readonly bytes: number }) {}

  /** Sends at once, under a number of its own, and resolves when there is room for another. */
  async send(bytes: number, post: (number: number) => void): Promise<void> {
    this.#last += 1;
    this.#sizes.set(this.#last, bytes);
    this.#bytes += bytes;
    post(this.#last);
    while (!this.#hasRoom()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Idempotent; a number of another window is passed over. */
  stored(number: number): void {
    this.#bytes -= this.#sizes.get(number) ?? 0;
    this.#sizes.delete(number);
    if (!this.#hasRoom()) return;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #hasRoom(): boolean {
    return this.#sizes.size < this.limit.count && this.#bytes < this.limit.bytes;
  }
}
