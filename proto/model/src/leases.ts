import type { DeathCause } from './causes.js';
import type { JobId, ActorId, LeaseId, NodeId } from './ids.js';
import type { Grant, Millis } from './resources.js';

/**
 * The states of a lease in the head's rows. A rank, an actor and (later) a bundle of a placement group are the same thing.
 *
 *   planned --granted--> reserved --started--> starting --ready--> ready
 *   planned --granted (one round trip)--> starting
 *   planned | reserved | starting | ready --stop/release sent--> stopping
 *   any of these --lease-ended--> ended;  --node lost--> lost
 *
 * `ended` and `lost` are final. `planned` is committed before anything is sent to the agent.
 */
export type LeaseState = 'planned' | 'reserved' | 'starting' | 'ready' | 'stopping' | 'ended' | 'lost';

/** What a lease is for. */
export type LeaseHolder =
  | { readonly kind: 'actor'; readonly actor: ActorId; readonly incarnation: number }
  | { readonly kind: 'rank'; readonly job: JobId; readonly attempt: number; readonly rank: number };

/** A lease as the head records it. */
export interface Lease {
  readonly id: LeaseId;
  readonly node: NodeId;
  readonly nodeIncarnation: number;
  readonly grant: Grant;
  readonly holder: LeaseHolder;
  readonly state: LeaseState;
  readonly since: Millis;
  readonly pid: number | null;
  readonly address: string | null;
  readonly cause: DeathCause | null;
}

/** The transition table: from each state to those that may follow it. A repeated event is no transition. */
export const LEASE_TRANSITIONS: Readonly<Record<LeaseState, readonly LeaseState[]>> = {
  planned: ['reserved', 'starting', 'ready', 'stopping', 'ended', 'lost'],
  reserved: ['starting', 'ready', 'stopping', 'ended', 'lost'],
  starting: ['ready', 'stopping', 'ended', 'lost'],
  ready: ['stopping', 'ended', 'lost'],
  stopping: ['ended', 'lost'],
  ended: [],
  lost: [],
};

export function isFinalLease(state: LeaseState): boolean {
  return LEASE_TRANSITIONS[state].length === 0;
}

/** What an agent holds for a lease id, as its hello says it. */
export type AgentLeaseState = 'reserved' | 'starting' | 'ready' | 'stopping' | 'ended';
