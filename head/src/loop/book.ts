/**
 * Entities of one kind, twice: as the next turn sees them (decided, perhaps not yet committed), and as everybody else may
 * see them (committed). An entity is immutable; a change replaces it.
 */
export class Book<Key, Value> {
  readonly #decided = new Map<Key, Value>();
  readonly #committed = new Map<Key, Value>();

  constructor(private readonly isOver: (value: Value) => boolean) {}

  /** As decided. */
  get(key: Key): Value | undefined {
    return this.#decided.get(key);
  }

  /** As committed. */
  seen(key: Key): Value | undefined {
    return this.#committed.get(key);
  }

  decided(): IterableIterator<Value> {
    return this.#decided.values();
  }

  committed(): IterableIterator<Value> {
    return this.#committed.values();
  }

  decide(key: Key, value: Value): void {
    this.#decided.set(key, value);
  }

  /** To be called in the order of the decisions. What is over leaves the book; it lies in the store. */
  settle(key: Key, value: Value): void {
    if (!this.isOver(value)) {
      this.#committed.set(key, value);
      return;
    }
    this.#committed.delete(key);
    if (this.#decided.get(key) === value) this.#decided.delete(key);
  }

  forget(key: Key): void {
    this.#decided.delete(key);
    this.#committed.delete(key);
  }

  /** Begins anew with what the store holds. */
  reset(entries: Iterable<readonly [Key, Value]>): void {
    this.#decided.clear();
    this.#committed.clear();
    for (const [key, value] of entries) {
      this.#decided.set(key, value);
      this.#committed.set(key, value);
    }
  }
}
