/** The addresses at which a head may lead, and the one that is tried now: stream and bundles go to the same. */
export class HeadAddresses {
  #index = 0;

  /** @param all host:port of each, at least one */
  constructor(private readonly all: readonly string[]) {}

  get count(): number {
    return this.all.length;
  }

  get current(): string {
    return this.all[this.#index] ?? '';
  }

  /** The one at `address` refused, did not answer, or does not lead: the next is tried. Without effect when another is tried by now. */
  moveOn(address: string): void {
    if (address === this.current) this.#index = (this.#index + 1) % this.all.length;
  }
}
