import type { DeathCause } from './causes.js';
import type { ActorId, BundleHash, LeaseId, NodeId, SessionId } from './ids.js';
import type { Millis, Resources } from './resources.js';

/** Where an actor's class comes from: a bundle uploaded by a client, or a module of an installed package of ours. */
export type ActorClassRef =
  | { readonly kind: 'bundle'; readonly hash: BundleHash; readonly exportName: string }
  | { readonly kind: 'module'; readonly specifier: string; readonly exportName: string };

/** What a client asks for; it never changes. `args` is MessagePack of the constructor's arguments. */
export interface ActorSpec {
  readonly id: ActorId;
  readonly session: SessionId | null;
  readonly classRef: ActorClassRef;
  readonly className: string;
  readonly args: Uint8Array;
  readonly resources: Resources;
  readonly concurrency: number;
  readonly priority: number;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * pending --placed--> starting --ready--> alive --ended--> dead, or (second half) restarting;
 * every unended state --kill--> stopping --lease ended--> dead.
 */
export type ActorState =
  | { readonly at: 'pending'; readonly since: Millis; readonly reason: string | null }
  | { readonly at: 'starting'; readonly since: Millis; readonly lease: LeaseId; readonly incarnation: number }
  | {
      readonly at: 'alive';
      readonly since: Millis;
      readonly lease: LeaseId;
      readonly incarnation: number;
      readonly node: NodeId;
      readonly address: string;
    }
  | { readonly at: 'stopping'; readonly since: Millis; readonly lease: LeaseId; readonly cause: DeathCause }
  | { readonly at: 'dead'; readonly since: Millis; readonly cause: DeathCause };

export type ActorStateName = ActorState['at'];

export interface Actor {
  readonly spec: ActorSpec;
  readonly state: ActorState;
  readonly restarts: number;
}

/** An actor as clients see it. */
export interface ActorView {
  readonly id: ActorId;
  readonly className: string;
  readonly session: SessionId | null;
  readonly resources: Resources;
  readonly restarts: number;
  readonly state: ActorState;
  /** What callers show the incarnation that lives; null where the reader may not call it, or none lives. */
  readonly token: string | null;
}

export const ACTOR_TRANSITIONS: Readonly<Record<ActorStateName, readonly ActorStateName[]>> = {
  pending: ['starting', 'dead'],
  starting: ['alive', 'stopping', 'pending', 'dead'],
  alive: ['stopping', 'pending', 'dead'],
  stopping: ['dead'],
  dead: [],
};
