import { available, PROTOCOL } from '@trainer/model';
import type { Clock, Grant, NodeId, NodeView } from '@trainer/model';
import type { Logger, Messages } from '@trainer/runtime';
import { sleep } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type { ClusterServiceServer } from '@trainer/wire';
import { encodeNodeView, encodeProtocol } from '@trainer/wire';
import { holdsResources } from '../leases/step-lease.js';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { ClusterState } from '../loop/cluster-state.js';
import { unary } from './answering.js';

export interface ClusterRules {
  readonly loop: ClusterLoop;
  readonly messages: Messages;
  readonly objects: ObjectStore;
  readonly dataBucket: string;
  /** What may stop the database soon and what to do, as people read it; null: nothing that is known. It must answer in time. */
  readonly databaseOutlook: () => Promise<string | null>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}

/** `/health` answers within 1 s whatever is down. */
const STORE_ANSWER_MS = 500;

export function clusterService(rules: ClusterRules): ClusterServiceServer {
  const { loop, messages, clock } = rules;
  const startedMs = clock.monotonicMs();
  return {
    status: unary(rules.logger, async () => {
      const jobs = [...loop.state.jobs.committed()].map((record) => record.job.status);
      const [storeConnected, outlook] = await Promise.all([isStoreConnected(rules), loop.trouble ?? rules.databaseOutlook()]);
      return {
        headEpoch: loop.state.headEpoch,
        version: rules.version,
        uptimeMs: Math.round(clock.monotonicMs() - startedMs),
        databaseConnected: loop.isRunning,
        databaseTrouble: outlook ?? '',
        messagesConnected: messages.isConnected,
        storeConnected,
        nodes: nodeViews(loop.state).map(encodeNodeView),
        jobsRunning: jobs.filter((status) => status === 'running').length,
        jobsPending: jobs.filter((status) => status === 'pending').length,
        actorsAlive: [...loop.state.actors.committed()].filter((actor) => actor.state.at === 'alive').length,
        protocol: encodeProtocol(PROTOCOL),
      };
    }),
  };
}

function nodeViews(state: ClusterState): readonly NodeView[] {
  const grants = new Map<NodeId, Grant[]>();
  for (const lease of state.leases.committed()) {
    if (!holdsResources(lease)) continue;
    const known = grants.get(lease.node);
    if (known === undefined) grants.set(lease.node, [lease.grant]);
    else known.push(lease.grant);
  }
  return [...state.nodes.committed()].map(({ entry }) => {
    const held = grants.get(entry.id) ?? [];
    const { id, incarnation, host, version, capacity, labels, since, state: nodeState } = entry;
    return {
      id,
      incarnation,
      host,
      version,
      state: nodeState,
      capacity,
      available: available(capacity, held),
      labels,
      leases: held.length,
      since,
    };
  });
}

function isStoreConnected({ objects, dataBucket, clock }: ClusterRules): Promise<boolean> {
  const asked = objects.stat(dataBucket, 'health').then(
    () => true,
    () => false,
  );
  return Promise.race([asked, sleep(clock, STORE_ANSWER_MS).then(() => false)]);
}
