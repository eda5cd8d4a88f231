import type { NodeId } from './ids.js';
import type { Capacity, Grant, Millis } from './resources.js';

/**
 * connected: hello reconciled; draining: it is being stopped and takes nothing new; no-messages: its stream is up but not its NATS;
 * silent: no heartbeat; lost: fenced.
 */
export type NodeState = 'connected' | 'draining' | 'no-messages' | 'silent' | 'lost';

/** A node as clients see it. */
export interface NodeView {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly host: string;
  readonly version: string;
  readonly state: NodeState;
  readonly capacity: Capacity;
  readonly available: Grant;
  readonly labels: Readonly<Record<string, string>>;
  readonly leases: number;
  readonly since: Millis;
}
