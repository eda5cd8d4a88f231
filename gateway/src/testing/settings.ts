import type { GatewaySettings } from '../config.js';

/** Of a gateway in tests: any free port of loopback, small limits, and waits that no test sits out. */
export const TEST_SETTINGS: GatewaySettings = {
  host: '127.0.0.1',
  port: 0,
  serviceName: 'trainer',
  version: '0.1.0',
  buckets: { data: 'data', models: 'models' },
  publicUrls: [],
  privateNames: ['trainer', 'Node-7.Lan'],
  corsOrigins: ['https://ml.example'],
  auth: 'loopback',
  clusterSecret: 'secret of tests',
  uploadLimitBytes: 1000,
  mostUploads: 8,
  mostConnections: 200,
  bodyIdleMs: 60_000,
  requestWithinMs: 60_000,
  profile: { withinMs: 10_000, memoryBytes: 2 ** 30, most: 3 },
  cancelWaitMs: 10,
  healthTimeoutMs: 50,
  eventsFillMs: 60_000,
};
