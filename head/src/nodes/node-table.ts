import type { Capacity, EngineState, Hello, Lease, LeaseId, LeaseVerdict, Millis, NodeId, NodeState, StreamId } from '@trainer/model';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import type { LeaseEvent } from '../leases/lease-events.js';

/** A node in the head's table. */
export interface NodeEntry {
  readonly id: NodeId;
  readonly incarnation: number;
  /** Of the newest hello of this incarnation that was admitted. */
  readonly helloNumber: number;
  readonly host: string;
  readonly version: string;
  readonly capacity: Capacity;
  readonly labels: Readonly<Record<string, string>>;
  readonly engines: readonly EngineState[];
  readonly state: NodeState;
  /** The stream whose hello is reconciled; null: none is open. */
  readonly stream: StreamId | null;
  readonly since: Millis;
}

export type NodeEvent =
  /** The hello on `stream` is read and reconciled. */
  | { readonly kind: 'hello'; readonly hello: Hello; readonly stream: StreamId }
  | { readonly kind: 'heartbeat'; readonly stream: StreamId; readonly natsConnected: boolean; readonly isDraining: boolean }
  | { readonly kind: 'stream-closed'; readonly stream: StreamId }
  /** No heartbeat for the limit, though the stream is open. */
  | { readonly kind: 'silent' }
  /** It stayed away past its time: its leases are lost. */
  | { readonly kind: 'lost' };

export type NodeStep = { readonly kind: 'stepped'; readonly node: NodeEntry; readonly isChanged: boolean } | IllegalTransition;

/** What a lease goes through because of a hello; its holder (actor or rank) is told too. */
export interface ReconciledLease {
  readonly lease: Lease;
  readonly event: LeaseEvent;
}

export interface Reconciliation {
  /** One for each lease of the hello, in its order. */
  readonly verdicts: readonly LeaseVerdict[];
  readonly events: readonly ReconciledLease[];
  /** Leases counted as lost of which no process lives any more. */
  readonly gone: readonly LeaseId[];
}
