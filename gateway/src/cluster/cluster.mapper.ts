import type { ClusterStatus } from '@trainer/client/internal';
import type { NodeView } from '@trainer/model';
import { timeOf } from '../http/times.js';
import type { ClusterView, NodeAnswer } from './cluster.answers.js';

/** The cluster as REST shows it. */
export function clusterView(status: ClusterStatus): ClusterView {
  const nodes = connected(status.nodes);
  return {
    version: status.version,
    head_epoch: status.headEpoch,
    uptime_seconds: Math.round(status.uptimeMs / 1000),
    database_connected: status.isDatabaseConnected,
    messages_connected: status.isMessagesConnected,
    store_connected: status.isStoreConnected,
    jobs_running: status.jobsRunning,
    jobs_pending: status.jobsPending,
    actors_alive: status.actorsAlive,
    nodes: nodes.length,
    ...heldBy(nodes),
  };
}

export function nodeAnswer(node: NodeView): NodeAnswer {
  const { id, host, state, version, labels, leases, capacity, available } = node;
  return {
    id,
    host,
    state,
    since: timeOf(node.since),
    version,
    labels,
    leases,
    ...heldBy([node]),
    devices: capacity.gpus.map(({ index, uuid, model, memoryBytes }) => ({
      index,
      uuid,
      model,
      memory_bytes: memoryBytes,
      free: (available.gpus.find((share) => share.index === index)?.milli ?? 0) / 1000,
    })),
  };
}

/** Those on which something can be placed. */
export function connected(nodes: readonly NodeView[]): readonly NodeView[] {
  return nodes.filter(({ state }) => state === 'connected');
}

/** What these nodes have in all, and what of it is free. */
export function heldBy(nodes: readonly NodeView[]): Pick<ClusterView, 'cpus' | 'memory_bytes' | 'gpus'> {
  const sum = (of: (node: NodeView) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  return {
    cpus: { total: sum(({ capacity }) => capacity.cpuMilli) / 1000, free: sum(({ available }) => available.cpuMilli) / 1000 },
    memory_bytes: { total: sum(({ capacity }) => capacity.memoryBytes), free: sum(({ available }) => available.memoryBytes) },
    gpus: {
      total: sum(({ capacity }) => capacity.gpus.length),
      free: sum(({ available }) => available.gpus.reduce((total, { milli }) => total + milli, 0)) / 1000,
    },
  };
}
