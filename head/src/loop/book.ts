/** What is kept up to date with a book, so that no turn has to look at all that there is. */
export interface BookIndex<Value> {
  /** What is decided changed; undefined: it was not there before, or left the book. */
  changed(before: Value | undefined, after: Value | undefined): void;
  /** The decision was committed. */
  settled?(value: Value): void;
  /** The book begins anew: all that it holds is told again. */
  clear(): void;
}

/**
 * Entities of one kind, twice: as the next turn sees them (decided, perhaps not yet committed), and as everybody else may
 * see them (committed). An entity is immutable; a change replaces it.
 */
export class Book<Key, Value> {
  readonly #decided = new Map<Key, Value>();
  readonly #committed = new Map<Key, Value>();
  readonly #indexes: BookIndex<Value>[];

  constructor(
    private readonly isOver: (value: Value) => boolean,
    indexes: readonly BookIndex<Value>[] = [],
  ) {
    this.#indexes = [...indexes];
  }

  /** From now on `index` is told; of what is in the book already, too. */
  index(index: BookIndex<Value>): void {
    this.#indexes.push(index);
    for (const value of this.#decided.values()) index.changed(undefined, value);
  }

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

  /** How many are decided and not over, or over and not committed. */
  get size(): number {
    return this.#decided.size;
  }

  decide(key: Key, value: Value): void {
    const before = this.#decided.get(key);
    this.#decided.set(key, value);
    for (const index of this.#indexes) index.changed(before, value);
  }

  /** To be called in the order of the decisions. What is over leaves the book; it lies in the store. */
  settle(key: Key, value: Value): void {
    for (const index of this.#indexes) index.settled?.(value);
    if (!this.isOver(value)) {
      this.#committed.set(key, value);
      return;
    }
    this.#committed.delete(key);
    if (this.#decided.get(key) === value) this.#leave(key);
  }

  forget(key: Key): void {
    this.#committed.delete(key);
    this.#leave(key);
  }

  #leave(key: Key): void {
    const before = this.#decided.get(key);
    if (before === undefined) return;
    this.#decided.delete(key);
    for (const index of this.#indexes) index.changed(before, undefined);
  }

  /** Begins anew with what the store holds. */
  reset(entries: Iterable<readonly [Key, Value]>): void {
    this.#decided.clear();
    this.#committed.clear();
    for (const index of this.#indexes) index.clear();
    for (const [key, value] of entries) {
      this.#decided.set(key, value);
      this.#committed.set(key, value);
      for (const index of this.#indexes) index.changed(undefined, value);
    }
  }
}
