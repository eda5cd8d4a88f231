import type { Capacity, EngineState, Grant, Millis, NodeId, NodeState, Resources } from '@trainer/model';

/** What a gang asks for: an actor is a gang of one, a job's next attempt a gang of its world size. */
export interface Want {
  readonly kind: 'actor' | 'job';
  /** By rank; at least one. */
  readonly bundles: readonly Resources[];
  /** An engine that each of its nodes must have, such as `xgboost`, or null. */
  readonly needsEngine: string | null;
}

/** A gang that waits for nodes. */
export interface Demand {
  /** The actor's or job's id; unique in a queue. */
  readonly id: string;
  /** Demands that ask for the same share the object: a plan looks at it once, however many wait for it. */
  readonly want: Want;
  /** 0..99, higher first. */
  readonly priority: number;
  /** When it began to wait. */
  readonly since: Millis;
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
  /** One plan places so many demands at most, so that no turn is long; the next one goes on. */
  readonly mostPlacements: number;
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
  readonly kind: Want['kind'];
  readonly bundles: readonly BundlePlacement[];
}

/** Why the plan did not place what asks for a want. */
export type Obstacle =
  | { readonly kind: 'parallel-limit'; readonly running: number; readonly limit: number }
  /** Resources are kept for this demand, which comes before it. */
  | { readonly kind: 'kept'; readonly forDemand: string }
  | { readonly kind: 'no-room' };
