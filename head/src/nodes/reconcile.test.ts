import { describe, expect, test } from '@jest/globals';
import { jobId, LEASE_TRANSITIONS, leaseId, nodeId, PROTOCOL } from '@trainer/model';
import type { AgentLeaseState, Hello, Lease, LeaseState } from '@trainer/model';
import fc from 'fast-check';
import { stepLease } from '../leases/step-lease.js';
import { reconcile } from './reconcile.js';

const NODE = nodeId('node-000000000001');

function hello(leases: Record<string, AgentLeaseState>, incarnation = 2): Hello {
  return {
    protocol: PROTOCOL,
    node: NODE,
    incarnation,
    number: 1,
    host: 'h',
    version: '0.1.0',
    capacity: { cpuMilli: 2000, memoryBytes: 1, gpus: [] },
    labels: {},
    leases: Object.entries(leases).map(([id, state]) => ({ lease: leaseId(id), state })),
    newestFact: 0,
    newestHeadEpoch: 1,
    natsConnected: true,
    isDraining: false,
    engines: [],
  };
}

function row(id: string, state: LeaseState, nodeIncarnation = 2): Lease {
  return {
    id: leaseId(id),
    node: NODE,
    nodeIncarnation,
    grant: { cpuMilli: 100, memoryBytes: 1, gpus: [] },
    holder: { kind: 'rank', job: jobId('train_000000000001'), attempt: 1, rank: 0 },
    state,
    since: 0,
    pid: null,
    address: null,
    cause: null,
  };
}

describe('reconcile', () => {
  test.each([
    ['what the head does not know is ended', 'ready', null, 'end'],
    ['what runs as wanted is kept', 'ready', 'ready', 'keep'],
    ['what is being stopped is kept until the stop is sent again', 'ready', 'stopping', 'keep'],
    ['what the head counts as lost is ended', 'ready', 'lost', 'end'],
    ['what the head counts as ended is ended', 'ready', 'ended', 'end'],
    ['a grant whose answer was lost is kept', 'starting', 'planned', 'keep'],
    ['a tombstone is ended', 'ended', 'ended', 'end'],
  ] as [string, AgentLeaseState, LeaseState | null, string][])('%s', (_, held, wanted, verdict) => {
    const { verdicts } = reconcile(hello({ '1-1': held }), wanted ? [row('1-1', wanted)] : []);
    expect(verdicts).toEqual([{ lease: '1-1', verdict }]);
  });

  test.each([
    ['planned', undefined, null],
    ['planned', 'reserved', 'reserved'],
    ['planned', 'starting', 'started'],
    ['reserved', 'ready', 'started'],
    ['reserved', undefined, 'ended'],
    ['starting', undefined, 'ended'],
    ['ready', undefined, 'ended'],
    ['stopping', undefined, 'ended'],
    ['stopping', 'ended', 'ended'],
    ['ready', 'ready', null],
    ['lost', 'ready', null],
    ['ended', undefined, null],
  ] as [LeaseState, AgentLeaseState | undefined, string | null][])(
    'a %s lease that the agent has as %s: event %s',
    (wanted, held, expected) => {
      const { events } = reconcile(hello(held ? { '1-1': held } : {}), [row('1-1', wanted)]);
      expect(events.map(({ event }) => event.kind)).toEqual(expected ? [expected] : []);
    },
  );

  test('a newer incarnation has buried the leases of the older one', () => {
    const { events, gone } = reconcile(hello({}, 3), [row('1-1', 'ready'), row('1-2', 'planned'), row('1-3', 'lost')]);
    expect(events.map(({ event }) => event)).toEqual(Array(2).fill({ kind: 'ended', cause: { kind: 'node-lost', node: NODE } }));
    expect(gone).toEqual(['1-3']);
  });

  test('a lost lease that the agent has no longer is gone', () => {
    expect(reconcile(hello({ '1-2': 'ready' }), [row('1-1', 'lost'), row('1-2', 'lost')]).gone).toEqual(['1-1']);
  });

  test('after its own events it has none left', () => {
    const held = fc.option(fc.constantFrom<AgentLeaseState>('reserved', 'starting', 'ready', 'stopping', 'ended'), { nil: undefined });
    const state = fc.constantFrom(...(Object.keys(LEASE_TRANSITIONS) as LeaseState[]));
    fc.assert(
      fc.property(fc.array(fc.tuple(state, held, fc.integer({ min: 1, max: 2 }))), (cases) => {
        const rows = cases.map(([wanted, , incarnation], i) => row(`1-${i + 1}`, wanted, incarnation));
        const said = hello(Object.fromEntries(cases.flatMap(([, state], i) => (state ? [[`1-${i + 1}`, state]] : []))));
        const events = new Map(reconcile(said, rows).events.map(({ lease, event }) => [lease.id, event]));
        const after = rows.map((lease) => {
          const event = events.get(lease.id);
          const step = event ? stepLease(lease, event, 1) : null;
          return step?.kind === 'stepped' ? step.lease : lease;
        });
        expect(reconcile(said, after).events).toEqual([]);
      }),
    );
  });
});
