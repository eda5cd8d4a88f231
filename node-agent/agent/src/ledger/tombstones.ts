import { compareLeases, type LeaseId, type PlaceReply } from '@trainer/model';

/** What was answered for a lease id that is over, for who asks again. */
export interface Tombstone {
  readonly reserve: PlaceReply;
  readonly start: PlaceReply;
}

/** Shared by all values that grew from one another; each sees its first `size` entries. */
interface Log {
  readonly entries: Map<LeaseId, { readonly n: number; readonly tombstone: Tombstone }>;
  /** How many it had when it was last written anew. */
  readonly kept: number;
}

/** Below it, looking for what can be forgotten is not worth it. */
const FEW = 64;

/**
 * The tombstones of a ledger, as a value. Adding to the newest value takes the same time however many there are: it is written to a log that the
 * values share. An older value is copied when something is added to it.
 */
export class Tombstones implements Iterable<readonly [LeaseId, Tombstone]> {
  readonly #log: Log;
  readonly #size: number;
  /** Those below it are forgotten. */
  readonly #mark: LeaseId | null;

  private constructor(log: Log, size: number, mark: LeaseId | null) {
    this.#log = log;
    this.#size = size;
    this.#mark = mark;
  }

  static none(): Tombstones {
    return new Tombstones({ entries: new Map(), kept: 0 }, 0, null);
  }

  get(lease: LeaseId): Tombstone | undefined {
    const entry = this.#log.entries.get(lease);
    return entry === undefined || entry.n >= this.#size || this.#isForgotten(lease) ? undefined : entry.tombstone;
  }

  /** An id has one tombstone: that of one which is there stays. */
  with(lease: LeaseId, tombstone: Tombstone): Tombstones {
    if (this.get(lease) !== undefined || this.#isForgotten(lease)) return this;
    if (this.#log.entries.size !== this.#size) return this.#anew(this.#mark).with(lease, tombstone);
    this.#log.entries.set(lease, { n: this.#size, tombstone });
    return new Tombstones(this.#log, this.#size + 1, this.#mark);
  }

  /** Forgets those below the mark. */
  from(mark: LeaseId): Tombstones {
    // What is forgotten takes room until there is as much of it as was kept: so writing anew costs a step a tombstone in the long run.
    const isWorthIt = this.#size > 2 * this.#log.kept + FEW;
    return isWorthIt ? this.#anew(mark) : new Tombstones(this.#log, this.#size, mark);
  }

  *[Symbol.iterator](): Iterator<readonly [LeaseId, Tombstone]> {
    for (const [lease, { n, tombstone }] of this.#log.entries) if (n < this.#size && !this.#isForgotten(lease)) yield [lease, tombstone];
  }

  #isForgotten(lease: LeaseId): boolean {
    return this.#mark !== null && compareLeases(lease, this.#mark) < 0;
  }

  #anew(mark: LeaseId | null): Tombstones {
    const kept = [...new Tombstones(this.#log, this.#size, mark)];
    const entries = new Map(kept.map(([lease, tombstone], n) => [lease, { n, tombstone }]));
    return new Tombstones({ entries, kept: kept.length }, kept.length, mark);
  }
}
