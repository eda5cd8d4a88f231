import { expect, test } from '@jest/globals';
import type { ClusterStatus, HeadConnection } from '@trainer/client/internal';
import { nodeId, type NodeView } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { TEST_SETTINGS } from '../testing/settings.js';
import { CheckHealth } from './check-health.js';

const ALL = { cpuMilli: 1_000, memoryBytes: 2 ** 30, gpus: [] };
const IDLE: NodeView = {
  ...{ id: nodeId('node-000000000001'), incarnation: 1, host: 'h', version: '0.1.0', state: 'connected', labels: {}, leases: 0, since: 0 },
  capacity: ALL,
  available: ALL,
};
const WELL: ClusterStatus = {
  ...{ headEpoch: 1, version: '0.1.0', uptimeMs: 5, jobsRunning: 0, jobsPending: 0, actorsAlive: 0, nodes: [IDLE] },
  ...{ isDatabaseConnected: true, databaseTrouble: null, isMessagesConnected: true, isStoreConnected: true },
};
const WHY = 'The disk of /data is nearly full (12 MB free): make room on it before changes fail.';

const healthOf = (status: ClusterStatus) => {
  const head: Pick<HeadConnection, 'status'> = { status: () => Promise.resolve(status) };
  return new CheckHealth(head as HeadConnection, TEST_SETTINGS, manualClock()).execute();
};

test('is well while nothing is missing', async () => {
  expect(await healthOf(WELL)).toMatchObject({ status: 'ok', missing: [], reasons: [] });
});

test('is degraded while the disk is nearly full, and misses nothing: changes still work', async () => {
  const health = await healthOf({ ...WELL, databaseTrouble: WHY });
  expect(health).toMatchObject({ status: 'degraded', missing: [], reasons: [WHY], postgres_connected: true });
});
