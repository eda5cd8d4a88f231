import type { Capacity, EngineState, Grant, Millis, NodeId, NodeState, Resources } from '@trainer/model';
import type { Explanation } from './explanation.js';

/** A gang that waits for nodes: an actor is a gang of one, a job's next attempt a gang of its world size. */
export interface Demand {
  /** The actor's or job's id; unique in a queue. */
  readonly id: string;
  readonly kind: 'actor' | 'job';
  /** By rank; at least one. */
  readonly bundles: readonly Resources[];
  /** 0..99, higher first. */
  readonly priority: number;
  /** When it began to wait. */
  readonly since: Millis;
  /** An engine that each of its nodes must have, such as `xgboost`, or null. */
  readonly needsEngine: string | null;
}

/** A node as the scheduler sees it. */
export interface ViewNode {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly host: string;
  readonly state: NodeState;
  readonly capacity: Capacity;
  /** Capacity less every lease that holds something. */
  readonly available: Grant;
  readonly engines: readonly EngineState[];
  /** It has just refused what was planned on it, and is left alone for a while (pauses.ts). */
  readonly isPaused: boolean;
}

/** An immutable picture of the cluster. */
export interface ClusterView {
  readonly nodes: readonly ViewNode[];
  /** Jobs that hold leases. */
  readonly runningJobs: number;
}

export interface Policy {
  /** MAX_PARALLEL_JOBS: how many jobs may hold leases at once; at least 1. */
  readonly maxParallelJobs: number;
  /** How long smaller demands may pass one that does not fit; afterwards resources are kept for it. */
  readonly patienceMs: Millis;
}

/** Where one bundle goes, and which devices it gets. */
export interface BundlePlacement {
  /** Index in the demand's bundles: the rank. */
  readonly bundle: number;
  readonly node: NodeId;
  readonly incarnation: number;
  readonly grant: Grant;
}

/** A whole gang; bundles in the order of their number. */
export interface Placement {
  readonly demand: string;
  readonly kind: Demand['kind'];
  readonly bundles: readonly BundlePlacement[];
}

/** A proposal made on a view: the agents check it again. Each demand is in exactly one of the two lists. */
export interface Plan {
  readonly placements: readonly Placement[];
  readonly explanations: readonly Explanation[];
}
