import { actor, ActorDiedError, type ActorHandle } from '@trainer/client';

/** An actor whose state survives it: it counts, tells of its process, and calls others. */
export class Keeper {
  #n: number;
  #ballast = '';
  #saves = 0;
  #friend: ActorHandle<Keeper> | null = null;

  constructor(start = 0, friend: ActorHandle<Keeper> | null = null) {
    this.#n = start;
    this.#friend = friend;
  }

  add(by = 1): number {
    return (this.#n += by);
  }

  total(): number {
    return this.#n;
  }

  pid(): number {
    return process.pid;
  }

  /** How many states were taken. Each was stored before the next is taken. */
  saves(): number {
    return this.#saves;
  }

  async waitFor(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Makes its state larger than a fact may be. */
  grow(bytes: number): void {
    this.#ballast = 'x'.repeat(bytes);
  }

  ballast(): number {
    return this.#ballast.length;
  }

  fail(): never {
    this.#n += 1;
    throw new RangeError('after it counted');
  }

  async *countTo(limit: number): AsyncGenerator<number> {
    while (this.#n < limit) yield this.add();
  }

  meet(friend: ActorHandle<Keeper>): ActorHandle<Keeper> {
    this.#friend = friend;
    return friend;
  }

  /** @returns what the friend answers; -1: it has died, which this class tells by the error's own class. */
  async addToFriend(by: number): Promise<number> {
    try {
      return (await this.#friend?.call.add(by)) ?? Number.NaN;
    } catch (error) {
      if (error instanceof ActorDiedError) return -1;
      throw error;
    }
  }

  async endFriend(): Promise<void> {
    await this.#friend?.kill();
  }

  checkpoint(): unknown {
    this.#saves += 1;
    return { n: this.#n, ballast: this.#ballast, friend: this.#friend };
  }

  async restore(state: { n: number; ballast: string; friend: ActorHandle<Keeper> | null }): Promise<void> {
    await Promise.resolve();
    this.#n = state.n;
    this.#ballast = state.ballast;
    this.#friend = state.friend;
  }
}

export const KeeperSpec = actor(Keeper, import.meta.url);
