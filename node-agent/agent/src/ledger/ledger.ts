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
import { Tombstones, type Tombstone } from './tombstones.js';

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

/** A lease that holds something. */
export type HeldEntry =
  | { readonly at: 'reserved'; readonly grant: Grant; readonly expiresAt: Millis }
  | { readonly at: 'starting' | 'ready' | 'stopping'; readonly grant: Grant };

export type LeaseEntry = HeldEntry | ({ readonly at: 'over' } & Tombstone);

export interface Ledger {
  readonly capacity: Capacity;
  /** null: no stream's hello is reconciled. */
  readonly stream: StreamId | null;
  readonly newestHeadEpoch: number;
  /** The least id the head may still send; null: not heard yet. */
  readonly lowWater: LeaseId | null;
  readonly isDraining: boolean;
  /** As many as the machine has room for: small, and copied with each change. */
  readonly held: ReadonlyMap<LeaseId, HeldEntry>;
  /** As many as have ended since the mark: any number beside a lease that lives long. */
  readonly over: Tombstones;
}

export const GRANTED: PlaceReply = { kind: 'granted' };

export function emptyLedger(capacity: Capacity, newestHeadEpoch: number): Ledger {
  return { capacity, stream: null, newestHeadEpoch, lowWater: null, isDraining: false, held: new Map(), over: Tombstones.none() };
}

/** Grants of all leases that hold something. */
export function heldGrants(ledger: Ledger): Grant[] {
  return [...ledger.held.values()].map(({ grant }) => grant);
}

/** What the hello says of the leases. */
export function heldLeases(ledger: Ledger): HeldLease[] {
  return [...ledger.held].map(([lease, { at }]) => ({ lease, state: at satisfies AgentLeaseState }));
}

export function entryOf(ledger: Ledger, lease: LeaseId): LeaseEntry | undefined {
  const held = ledger.held.get(lease);
  if (held !== undefined) return held;
  const tombstone = ledger.over.get(lease);
  return tombstone === undefined ? undefined : { at: 'over', ...tombstone };
}

export function withHeld(ledger: Ledger, lease: LeaseId, entry: HeldEntry): Ledger {
  return { ...ledger, held: new Map(ledger.held).set(lease, entry) };
}

/** The lease holds nothing any more, and never again. */
export function withOver(ledger: Ledger, lease: LeaseId, tombstone: Tombstone): Ledger {
  const over = ledger.over.with(lease, tombstone);
  if (!ledger.held.has(lease)) return { ...ledger, over };
  const held = new Map(ledger.held);
  held.delete(lease);
  return { ...ledger, held, over };
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
  return { ...ledger, lowWater, over: ledger.over.from(lowWater) };
}

/** A held lease goes on; one that is over, or would go back, stays. */
export function advance(ledger: Ledger, lease: LeaseId, to: 'ready' | 'stopping'): Ledger {
  const entry = ledger.held.get(lease);
  if (entry === undefined || entry.at === 'stopping' || entry.at === to) return ledger;
  return withHeld(ledger, lease, { at: to, grant: entry.grant });
}

const RELEASED: PlaceReply = { kind: 'refused', reason: 'tombstone', message: 'The lease was released.' };

/** The lease's process is gone, or there never was one: what it held is free. Idempotent; an unknown id becomes a tombstone. */
export function finish(ledger: Ledger, lease: LeaseId): Ledger {
  const entry = entryOf(ledger, lease);
  if (entry?.at === 'over') return ledger;
  if (ledger.lowWater !== null && entry === undefined && compareLeases(lease, ledger.lowWater) < 0) return ledger;
  const reserve = entry === undefined ? RELEASED : GRANTED;
  const start = entry === undefined || entry.at === 'reserved' ? RELEASED : GRANTED;
  return withOver(ledger, lease, { reserve, start });
}

/** Frees reservations that were not started in time. @returns their ids too */
export function expire(ledger: Ledger, now: Millis): { readonly ledger: Ledger; readonly expired: readonly LeaseId[] } {
  const expired = [...ledger.held].flatMap(([lease, entry]) => (entry.at === 'reserved' && entry.expiresAt <= now ? [lease] : []));
  return { ledger: expired.reduce(finish, ledger), expired };
}
