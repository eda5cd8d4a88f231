import { describe, expect, test } from '@jest/globals';
import { isFinalLease, LEASE_TRANSITIONS, leaseId, nodeId, jobId } from '@trainer/model';
import type { Lease, LeaseState } from '@trainer/model';
import fc from 'fast-check';
import type { LeaseEvent } from './lease-events.js';
import { stepLease } from './step-lease.js';

const STATES = Object.keys(LEASE_TRANSITIONS) as LeaseState[];
const EVENTS: Record<LeaseEvent['kind'], LeaseEvent> = {
  reserved: { kind: 'reserved' },
  started: { kind: 'started', pid: 7 },
  refused: { kind: 'refused', message: 'full' },
  ready: { kind: 'ready', address: 'h:1' },
  stop: { kind: 'stop' },
  ended: { kind: 'ended', cause: { kind: 'finished' } },
  lost: { kind: 'lost' },
};

function lease(state: LeaseState, id = '1-1'): Lease {
  return {
    id: leaseId(id),
    node: nodeId('node-000000000001'),
    nodeIncarnation: 1,
    grant: { cpuMilli: 100, memoryBytes: 1, gpus: [] },
    holder: { kind: 'rank', job: jobId('train_000000000001'), attempt: 1, rank: 0 },
    state,
    since: 0,
    pid: null,
    address: null,
    cause: null,
  };
}

/** `=`: nothing changes; `!`: illegal; `pid`: only the pid is learnt. */
const TABLE: Record<LeaseState, Record<LeaseEvent['kind'], string>> = {
  planned: { reserved: 'reserved', started: 'starting', refused: 'ended', ready: 'ready', stop: 'stopping', ended: 'ended', lost: 'lost' },
  reserved: { reserved: '=', started: 'starting', refused: 'ended', ready: 'ready', stop: 'stopping', ended: 'ended', lost: 'lost' },
  starting: { reserved: '=', started: 'pid', refused: '!', ready: 'ready', stop: 'stopping', ended: 'ended', lost: 'lost' },
  ready: { reserved: '=', started: 'pid', refused: '!', ready: '=', stop: 'stopping', ended: 'ended', lost: 'lost' },
  stopping: { reserved: '=', started: 'pid', refused: 'ended', ready: '=', stop: '=', ended: 'ended', lost: 'lost' },
  ended: { reserved: '!', started: '!', refused: '=', ready: '!', stop: '=', ended: '=', lost: '=' },
  lost: { reserved: '!', started: '!', refused: '=', ready: '!', stop: '=', ended: '=', lost: '=' },
};

describe('stepLease', () => {
  test.each(STATES.flatMap((state) => Object.values(EVENTS).map((event) => [state, event.kind, TABLE[state][event.kind]] as const)))(
    '%s, %s: %s',
    (state, kind, expected) => {
      const step = stepLease(lease(state), EVENTS[kind], 5);
      const seen = step.kind === 'illegal' ? '!' : !step.isChanged ? '=' : step.lease.state === state ? 'pid' : step.lease.state;
      expect(seen).toBe(expected);
    },
  );

  test('an illegal event names the lease, its state and what is wrong', () => {
    expect(stepLease(lease('ended'), EVENTS.ready, 5)).toMatchObject({
      machine: 'lease',
      of: '1-1',
      from: 'ended',
      event: 'ready',
      why: expect.stringContaining('stays so'),
    });
  });

  test('a repeated event gives the very same lease', () => {
    const once = stepLease(lease('starting'), EVENTS.ready, 5);
    const first = once.kind === 'stepped' ? once.lease : lease('lost');
    expect(stepLease(first, EVENTS.ready, 9)).toEqual({ kind: 'stepped', lease: first, isChanged: false });
  });

  test('a lost lease names its node as the cause', () => {
    expect(stepLease(lease('ready'), EVENTS.lost, 5)).toMatchObject({ lease: { cause: { kind: 'node-lost', node: 'node-000000000001' } } });
  });

  test('whatever happens, a lease moves along its table and never leaves a final state', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.values(EVENTS)), { minLength: 5, maxLength: 30 }), (events) => {
        let present = lease('planned');
        for (const event of events) {
          const step = stepLease(present, event, 1);
          if (step.kind === 'illegal') continue;
          const isMove = step.lease.state !== present.state;
          expect(!isMove || LEASE_TRANSITIONS[present.state].includes(step.lease.state)).toBe(true);
          expect(isFinalLease(present.state) && isMove).toBe(false);
          present = step.lease;
        }
      }),
    );
  });
});
