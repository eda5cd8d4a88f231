import { compareLeases } from '@trainer/model';
import type { Lease, LeaseId } from '@trainer/model';
import type { BookIndex } from '../loop/book.js';

/**
 * The low-water mark (design.md section 3): the least id that the head may still send, or that its agent may not have answered. Ids
 * below it that an agent does not know are refused; its memory of answers and tombstones below it may go.
 *
 *   M1. It never falls, and no placement of a lease below it is sent any more.
 *   M2. Only leases that wait for their agent's answer hold it back: what runs, however long, does not. What is asked of those goes
 *       down the stream, and asks for nothing that the agent does not hold.
 *   M3. Finding it costs the same for any number of leases.
 */
export class LowWater implements BookIndex<Lease> {
  /** Ids that wait or waited, as they were given out: in rising order. */
  #order: LeaseId[] = [];
  /** Those before it wait no more. */
  #from = 0;
  readonly #waiting = new Set<LeaseId>();
  /** What is read from the store comes in any order. */
  #isSorted = true;

  /** @param next the id that the head will give out next */
  mark(next: LeaseId): LeaseId {
    if (!this.#isSorted) this.#order.sort(compareLeases);
    this.#isSorted = true;
    for (let id = this.#order[this.#from]; id !== undefined; id = this.#order[this.#from]) {
      if (this.#waiting.has(id)) return id;
      this.#from += 1;
    }
    this.#order = [];
    this.#from = 0;
    return next;
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#order.length;
  }

  changed(before: Lease | undefined, after: Lease | undefined): void {
    if (after === undefined) {
      if (before !== undefined) this.#waiting.delete(before.id);
      return;
    }
    if (before !== undefined || !isUnanswered(after)) return;
    this.#compact();
    this.#waiting.add(after.id);
    const last = this.#order.at(-1);
    this.#order.push(after.id);
    if (last !== undefined && compareLeases(after.id, last) < 0) this.#isSorted = false;
  }

  /** Until then a sender may still see it as it was. */
  settled(lease: Lease): void {
    if (!isUnanswered(lease)) this.#waiting.delete(lease.id);
  }

  clear(): void {
    this.#order = [];
    this.#from = 0;
    this.#isSorted = true;
    this.#waiting.clear();
  }

  #compact(): void {
    if (this.#order.length < 64 || this.#waiting.size > this.#order.length / 2) return;
    this.#order = this.#order.filter((id) => this.#waiting.has(id));
    this.#from = 0;
  }
}

/** A release of what was never granted is answered by its end; until then its placement may be on its way. */
function isUnanswered({ state, pid }: Lease): boolean {
  return state === 'planned' || state === 'reserved' || (state === 'stopping' && pid === null);
}
