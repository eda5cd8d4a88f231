import type { HeldIndex } from '../loop/indexes.js';
import type { NodeId } from '@trainer/model';
import type { NodeEntry } from '../nodes/node-table.js';
import type { ClusterView } from './demand.js';

/**
 * The picture that a plan is made on.
 * @param held what leases hold on each node
 * @param runningJobs jobs that hold leases
 * @param isPaused has it just refused what was planned on it?
 */
export function viewOf(
  nodes: readonly NodeEntry[],
  held: Pick<HeldIndex, 'availableOn'>,
  runningJobs: number,
  isPaused: (node: NodeId) => boolean,
): ClusterView {
  return {
    nodes: nodes.map(({ id, incarnation, host, state, capacity, engines }) => ({
      id,
      incarnation,
      host,
      state,
      capacity,
      engines,
      available: held.availableOn(id, capacity),
      isPaused: isPaused(id),
    })),
    runningJobs,
  };
}
