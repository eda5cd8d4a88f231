import { expect, test } from '@jest/globals';
import { nodeId } from '@trainer/model';
import type { NodeEntry } from '../nodes/node-table.js';
import { viewOf } from './view.js';

const NODE = nodeId('node-000000000001');

test('a node is seen with what its leases leave of it, and whether it is paused', () => {
  const capacity = { cpuMilli: 4000, memoryBytes: 100, gpus: [] };
  const entry: NodeEntry = {
    id: NODE,
    incarnation: 1,
    helloNumber: 1,
    host: 'h',
    version: '0.1.0',
    capacity,
    labels: {},
    engines: [],
    state: 'connected',
    stream: null,
    since: 0,
  };
  const left = { cpuMilli: 3000, memoryBytes: 80, gpus: [] };
  const view = viewOf(
    [entry],
    { availableOn: (node, whole) => (node === NODE && whole === capacity ? left : { ...left, cpuMilli: 0 }) },
    2,
    () => true,
  );
  expect(view).toMatchObject({ nodes: [{ id: NODE, available: left, isPaused: true }], runningJobs: 2 });
});
