import type { NodeId, Resources } from '@trainer/model';

/** The filters in the order in which they look at a node; the first that turns it away is counted. */
export type FilterName = 'connection' | 'engine' | 'capacity' | 'available';

/** What a node lacks for one bundle of the demand; zero: enough of it. */
export interface NodeShortfall {
  readonly node: NodeId;
  /** What a person calls it: its host, with its id where another node is on that host. */
  readonly name: string;
  /** The filter that turned it away; null: one bundle fits here, but not the whole gang. */
  readonly turnedAwayBy: FilterName | null;
  readonly missing: Resources;
  /** What it has free now, and in all; GPUs: all devices together. */
  readonly free: Resources;
  readonly whole: Resources;
  /** Why the engine is not there, or the node can't be talked to; else null. */
  readonly note: string | null;
  /** How many of the demand's bundles it holds as it is now; and empty. */
  readonly holdsNow: number;
  readonly holdsEmpty: number;
}

/** What a node must set free for the part of a demand that would lie there. */
export interface Need {
  readonly node: NodeId;
  /** As in `NodeShortfall`. */
  readonly name: string;
  readonly missing: Resources;
}

/** What would let the demand go on. */
export type Unblock =
  /** This set free, on each of these nodes; at least one. */
  | { readonly kind: 'free'; readonly needs: readonly Need[] }
  /** The node is asked again: it has just refused what seemed to fit. */
  | { readonly kind: 'asked-again' }
  /** A job ends, as MAX_PARALLEL_JOBS are running. */
  | { readonly kind: 'job-ends'; readonly running: number; readonly limit: number }
  /** An older or more important demand is placed, for which resources are kept. */
  | { readonly kind: 'placed-before'; readonly demand: string }
  /** A node connects. */
  | { readonly kind: 'node-connects' }
  /** A node joins that has this for one bundle, and the engine. */
  | { readonly kind: 'node-joins'; readonly bundle: Resources; readonly bundles: number; readonly engine: string | null };

/**
 * Why a demand was not placed. `waits`: it fits on the nodes of today once something is free; `infeasible`: on none of
 * them, even empty.
 */
export interface Explanation {
  readonly verdict: 'waits' | 'infeasible';
  /** What one bundle asks for: the largest. */
  readonly bundle: Resources;
  readonly bundles: number;
  readonly engine: string | null;
  /** How many nodes each filter turned away. */
  readonly turnedAway: Readonly<Record<FilterName, number>>;
  /** All nodes of the cluster; `nodes` shows at most `SHOWN_NODES` of them, those nearest to fitting first. */
  readonly nodeCount: number;
  readonly nodes: readonly NodeShortfall[];
  readonly best: NodeId | null;
  readonly unblock: Unblock;
}

/** More nodes than a person reads; the rest is counted. */
export const SHOWN_NODES = 10;
