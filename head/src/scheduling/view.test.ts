import { expect, test } from '@jest/globals';
import { actorId, leaseId, nodeId } from '@trainer/model';
import type { Lease, LeaseState } from '@trainer/model';
import { viewOf } from './view.js';

const NODE = nodeId('node-000000000001');

function lease(n: number, state: LeaseState): Lease {
  return {
    id: leaseId(`1-${n}`),
    node: NODE,
    nodeIncarnation: 1,
    grant: { cpuMilli: 500, memoryBytes: 10, gpus: [{ index: 0, milli: 250 }] },
    holder: { kind: 'actor', actor: actorId('actor-0000000000000001'), incarnation: 1 },
    state,
    since: 0,
    pid: null,
    address: null,
    cause: null,
  };
}

test('what is available is the capacity less all leases that are not ended or lost', () => {
  const capacity = { cpuMilli: 4000, memoryBytes: 100, gpus: [{ index: 0, uuid: 'u', model: 'T', memoryBytes: 1 }] };
  const node = {
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
  } as const;
  const states: LeaseState[] = ['planned', 'stopping', 'ended', 'lost'];
  expect(
    viewOf(
      [node],
      states.map((state, n) => lease(n + 1, state)),
      0,
      () => false,
    ).nodes[0]?.available,
  ).toEqual({ cpuMilli: 3000, memoryBytes: 80, gpus: [{ index: 0, milli: 500 }] });
});
