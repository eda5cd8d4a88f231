import { afterEach, expect, test } from '@jest/globals';
import type { ClusterStatus } from '@trainer/client/internal';
import { nodeId, type NodeView } from '@trainer/model';
import { silentLogger, systemClock } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { memoryStore } from '@trainer/storage/testing';
import { startGateway, type Gateway } from '../start.js';
import { memoryHead } from '../testing/memory-head.js';
import { noActors } from '../testing/no-actors.js';
import { TEST_SETTINGS } from '../testing/settings.js';

const GPU = { index: 0, uuid: 'GPU-1', model: 'H100', memoryBytes: 80 * 2 ** 30 };
const nodeOf = (n: number, changes: Partial<NodeView> = {}): NodeView => ({
  id: nodeId(`node-00000000000${n}`),
  ...{ incarnation: 1, host: `host-${n}`, version: '0.1.0', state: 'connected', labels: { zone: 'a' }, leases: n, since: 0 },
  capacity: { cpuMilli: 4_000, memoryBytes: 8 * 2 ** 30, gpus: [GPU] },
  available: { cpuMilli: 1_500, memoryBytes: 2 ** 30, gpus: [{ index: 0, milli: 250 }] },
  ...changes,
});
const NODES = [nodeOf(1), nodeOf(2), nodeOf(3, { state: 'lost' })];
const STATUS: ClusterStatus = {
  ...{ headEpoch: 7, version: '0.1.0', uptimeMs: 61_400, jobsRunning: 2, jobsPending: 3, actorsAlive: 4, nodes: NODES },
  ...{ isDatabaseConnected: true, databaseTrouble: null, isMessagesConnected: true, isStoreConnected: true },
};

let gateway: Gateway | null = null;
afterEach(() => gateway?.close());

async function answerOf(path: string): Promise<unknown> {
  const head = { ...memoryHead(), status: () => Promise.resolve(STATUS), nodes: { list: () => Promise.resolve(NODES) } };
  const parts = { connectActors: noActors, messages: new MemoryBroker(systemClock()).connect(), store: memoryStore() };
  gateway = await startGateway({ head, ...parts, settings: TEST_SETTINGS, clock: systemClock() }, silentLogger);
  return (await fetch(`${gateway.url}${path}`)).json();
}

test('the cluster is the sum of the nodes on which something can be placed', async () => {
  expect(await answerOf('/cluster')).toEqual({
    ...{ version: '0.1.0', head_epoch: 7, uptime_seconds: 61, jobs_running: 2, jobs_pending: 3, actors_alive: 4, nodes: 2 },
    ...{ database_connected: true, messages_connected: true, store_connected: true },
    cpus: { total: 8, free: 3 },
    memory_bytes: { total: 16 * 2 ** 30, free: 2 ** 31 },
    gpus: { total: 2, free: 0.5 },
  });
});

test('each node is listed, a lost one too, with its devices', async () => {
  const nodes = (await answerOf('/cluster/nodes/')) as { id: string; state: string }[];
  expect(nodes.map(({ state }) => state)).toEqual(['connected', 'connected', 'lost']);
  expect(nodes[0]).toEqual({
    ...{ id: NODES[0]?.id, host: 'host-1', state: 'connected', since: '1970-01-01T00:00:00.000', version: '0.1.0', leases: 1 },
    labels: { zone: 'a' },
    cpus: { total: 4, free: 1.5 },
    memory_bytes: { total: 8 * 2 ** 30, free: 2 ** 30 },
    gpus: { total: 1, free: 0.25 },
    devices: [{ index: 0, uuid: 'GPU-1', model: 'H100', memory_bytes: 80 * 2 ** 30, free: 0.25 }],
  });
});
