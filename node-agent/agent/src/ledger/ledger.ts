import {
  compareLeases,
  type AgentLeaseState,
  type Capacity,
  type Grant,
  type HeldLease,
  type LeaseId,
  type Millis,
  type PlaceReply,
  type StreamId,
} from '@trainer/model';

/*
 * The agent's book of leases, which is the truth of what is held. A value: every change gives another.
 *
 *   (unknown) --reserve--> reserved --start--> starting --ready--> ready
 *   (unknown) --reserve and start--> starting
 *   reserved --10 s--> over;  starting | ready --stop--> stopping;  any --its process is gone, or released unstarted--> over
 *   (unknown) --refused, or released--> over
 *
 * Invariants, held by the property tests:
 * I1. What held leases have together is never above the capacity, in CPU, memory and each device.
 * I2. A share of a device lies on one known device; several devices are whole ones.
 * I3. The first answer to a lease id is final: asked again, the same is answered, whatever has happened since.
 * I4. An id that is over never holds anything again. It is forgotten only when the low-water mark has passed it, and unknown ids
 *     below the mark are refused.
 * I5. The newest headEpoch never falls, and nothing of an older one is done.
 * I6. A placement that names another stream than the current one is refused, and nothing of it is remembered.
 * I7. Equal requests, in any number, leave the ledger as the first of them did.
 */

export type LeaseEntry =
  | { readonly at: 'reserved'; readonly grant: Grant; readonly expiresAt: Millis }
  | { readonly at: 'starting' | 'ready' | 'stopping'; readonly grant: Grant }
  /** A tombstone; what was answered, for who asks again. */
  | { readonly at: 'over'; readonly reserve: PlaceReply; readonly start: PlaceReply };

export interface Ledger {
  readonly capacity: Capacity;
  /** null: no stream's hello is reconciled. */
  readonly stream: StreamId | null;
  readonly newestHeadEpoch: number;
  /** The least id the head may still send; null: not heard yet. */
  readonly lowWater: LeaseId | null;
  readonly isDraining: boolean;
  readonly leases: ReadonlyMap<LeaseId, LeaseEntry>;
}

export const GRANTED: PlaceReply = { kind: 'granted' };

export function emptyLedger(capacity: Capacity, newestHeadEpoch: number): Ledger {
  return { capacity, stream: null, newestHeadEpoch, lowWater: null, isDraining: false, leases: new Map() };
}

/** Grants of all leases that hold something. */
export function heldGrants(ledger: Ledger): Grant[] {
  return [...ledger.leases.values()].flatMap((entry) => (entry.at === 'over' ? [] : [entry.grant]));
}

/** What the hello says of the leases. */
export function heldLeases(ledger: Ledger): HeldLease[] {
  return [...ledger.leases].flatMap(([lease, entry]) =>
    entry.at === 'over' ? [] : [{ lease, state: entry.at satisfies AgentLeaseState }],
  );
}

export function withEntry(ledger: Ledger, lease: LeaseId, entry: LeaseEntry): Ledger {
  return { ...ledger, leases: new Map(ledger.leases).set(lease, entry) };
}

/** @returns null when the headEpoch is older than the newest: nothing of it may be done (I5). */
export function hear(ledger: Ledger, headEpoch: number): Ledger | null {
  if (headEpoch < ledger.newestHeadEpoch) return null;
  return headEpoch === ledger.newestHeadEpoch ? ledger : { ...ledger, newestHeadEpoch: headEpoch };
}

/** The hello of a stream is reconciled: placements that name it may come. */
export function welcomed(ledger: Ledger, stream: StreamId, lowWater: LeaseId): Ledger {
  return raiseLowWater({ ...ledger, stream }, lowWater);
}

export function disconnected(ledger: Ledger): Ledger {
  return ledger.stream === null ? ledger : { ...ledger, stream: null };
}

export function draining(ledger: Ledger): Ledger {
  return { ...ledger, isDraining: true };
}

/** Forgets tombstones that the mark has passed (I4). */
export function raiseLowWater(ledger: Ledger, lowWater: LeaseId): Ledger {
  if (ledger.lowWater !== null && compareLeases(lowWater, ledger.lowWater) <= 0) return ledger;
  const leases = new Map([...ledger.leases].filter(([lease, entry]) => entry.at !== 'over' || compareLeases(lease, lowWater) >= 0));
  return { ...ledger, lowWater, leases };
}

/** A held lease goes on; one that is over, or would go back, stays. */
export function advance(ledger: Ledger, lease: LeaseId, to: 'ready' | 'stopping'): Ledger {
  const entry = ledger.leases.get(lease);
  if (entry === undefined || entry.at === 'over' || entry.at === 'stopping' || entry.at === to) return ledger;
  return withEntry(ledger, lease, { at: to, grant: entry.grant });
}

const RELEASED: PlaceReply = { kind: 'refused', reason: 'tombstone', message: 'The lease was released.' };

/** The lease's process is gone, or there never was one: what it held is free. Idempotent; an unknown id becomes a tombstone. */
export function finish(ledger: Ledger, lease: LeaseId): Ledger {
  const entry = ledger.leases.get(lease);
  if (entry?.at === 'over') return ledger;
  if (ledger.lowWater !== null && entry === undefined && compareLeases(lease, ledger.lowWater) < 0) return ledger;
  const reserve = entry === undefined ? RELEASED : GRANTED;
  const start = entry === undefined || entry.at === 'reserved' ? RELEASED : GRANTED;
  return withEntry(ledger, lease, { at: 'over', reserve, start });
}

/** Frees reservations that were not started in time. @returns their ids too */
export function expire(ledger: Ledger, now: Millis): { readonly ledger: Ledger; readonly expired: readonly LeaseId[] } {
  const expired = [...ledger.leases].flatMap(([lease, entry]) => (entry.at === 'reserved' && entry.expiresAt <= now ? [lease] : []));
  return { ledger: expired.reduce(finish, ledger), expired };
}
