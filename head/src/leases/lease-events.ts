import type { DeathCause, Lease } from '@trainer/model';
import type { IllegalTransition } from './illegal-transition.js';

/** What happens to a lease: answers of the agent, its facts, what the head commands, and the loss of its node. */
export type LeaseEvent =
  /** The agent granted a reservation. */
  | { readonly kind: 'reserved' }
  /** The agent granted the start (of a reservation, or in one round trip). */
  | { readonly kind: 'started'; readonly pid: number | null }
  /** The agent's final answer to a reserve or start: it holds nothing. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The constructor has run; `address` is the process's own listener, host:port. */
  | { readonly kind: 'ready'; readonly address: string }
  /** The head decided to end it; committed before stop or release is sent. */
  | { readonly kind: 'stop' }
  /** The process is gone and the resources are free. */
  | { readonly kind: 'ended'; readonly cause: DeathCause }
  /** The node's silence passed the limit; the lease is fenced, its process may still live for a while. */
  | { readonly kind: 'lost' };

/** `isChanged` is false for a repeated or overtaken event: the same lease comes back, and nothing has to be stored. */
export type LeaseStep = { readonly kind: 'stepped'; readonly lease: Lease; readonly isChanged: boolean } | IllegalTransition;
