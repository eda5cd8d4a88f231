import { available } from '@trainer/model';
import type { Grant, Lease, NodeId } from '@trainer/model';
import { holdsResources } from '../leases/step-lease.js';
import type { NodeEntry } from '../nodes/node-table.js';
import type { ClusterView } from './demand.js';

/**
 * The picture that a plan is made on.
 * @param leases all that are not ended; lost ones hold nothing that could be given out, as their node takes no work
 * @param runningJobs jobs that hold leases
 * @param isPaused has it just refused what was planned on it?
 */
export function viewOf(
  nodes: readonly NodeEntry[],
  leases: readonly Lease[],
  runningJobs: number,
  isPaused: (node: NodeId) => boolean,
): ClusterView {
  const grants = new Map<NodeId, Grant[]>();
  for (const lease of leases) {
    if (!holdsResources(lease)) continue;
    const list = grants.get(lease.node);
    if (list) list.push(lease.grant);
    else grants.set(lease.node, [lease.grant]);
  }
  return {
    nodes: nodes.map(({ id, incarnation, host, state, capacity, engines }) => ({
      id,
      incarnation,
      host,
      state,
      capacity,
      engines,
      available: available(capacity, grants.get(id) ?? []),
      isPaused: isPaused(id),
    })),
    runningJobs,
  };
}
