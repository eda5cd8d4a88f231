import type { Actor, DeathCause, LeaseId, Millis, NodeId, SessionId } from '@trainer/model';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import type { Explanation } from '../scheduling/explanation.js';

export type ActorEvent =
  /** The plan that holds the lease is committed. */
  | { readonly kind: 'placed'; readonly lease: LeaseId; readonly incarnation: number }
  /** The agent refused the lease; it holds nothing. */
  | { readonly kind: 'refused'; readonly lease: LeaseId; readonly message: string }
  /** The scheduler says why it waits. */
  | { readonly kind: 'waits'; readonly reason: string }
  | { readonly kind: 'ready'; readonly lease: LeaseId; readonly node: NodeId; readonly address: string }
  | { readonly kind: 'lease-ended'; readonly lease: LeaseId; readonly cause: DeathCause }
  | { readonly kind: 'lease-lost'; readonly lease: LeaseId; readonly node: NodeId }
  | { readonly kind: 'kill'; readonly by: string }
  | { readonly kind: 'session-ended'; readonly session: SessionId }
  | { readonly kind: 'infeasible'; readonly explanation: Explanation }
  /** Its creator waited `afterMs` for the constructor and gave up. */
  | { readonly kind: 'create-deadline'; readonly afterMs: Millis };

/** What the loop has to do; every effect may be done twice. */
export type ActorEffect =
  /** Send reserve-and-start of this lease, unless the agent answered already. */
  | { readonly kind: 'place'; readonly lease: LeaseId; readonly incarnation: number }
  /** Ask the process to end; answered by the lease's end. */
  | { readonly kind: 'stop'; readonly lease: LeaseId; readonly cause: DeathCause }
  /** Whoever waits in `create` gets the actor: alive, or dead with its cause. */
  | { readonly kind: 'answer-creators' };

export type ActorStep =
  /** `isChanged` is false for a repeated or overtaken event. */
  | { readonly kind: 'stepped'; readonly actor: Actor; readonly isChanged: boolean; readonly effects: readonly ActorEffect[] }
  | IllegalTransition;
