import { describe, expect, test } from '@jest/globals';
import { actorId, compareLeases, leaseId, nodeId } from '@trainer/model';
import type { Lease, LeaseId, LeaseState } from '@trainer/model';
import fc from 'fast-check';
import { Book } from '../loop/book.js';
import type { LeaseEvent } from './lease-events.js';
import { LowWater } from './low-water.js';
import { stepLease } from './step-lease.js';

function lease(id: string, state: LeaseState = 'planned', pid: number | null = null): Lease {
  return {
    id: leaseId(id),
    node: nodeId('node-000000000001'),
    nodeIncarnation: 1,
    grant: { cpuMilli: 0, memoryBytes: 0, gpus: [] },
    holder: { kind: 'actor', actor: actorId('actor-0000000000000001'), incarnation: 1 },
    state,
    since: 0,
    pid,
    address: null,
    cause: null,
  };
}

const NEXT = leaseId('9-1');

/** A book of leases, and its mark. */
function book(stored: readonly Lease[] = []) {
  const low = new LowWater();
  const leases = new Book<LeaseId, Lease>((one) => one.state === 'ended' || one.state === 'lost', [low]);
  leases.reset(stored.map((one) => [one.id, one]));
  return { low, leases, mark: () => low.mark(NEXT) };
}

describe('the low-water mark', () => {
  test.each([
    ['planned', null, '1-1'],
    ['reserved', null, '1-1'],
    ['starting', null, '9-1'],
    ['ready', 7, '9-1'],
    ['stopping', null, '1-1'],
    ['stopping', 7, '9-1'],
    ['lost', null, '9-1'],
  ] as [LeaseState, number | null, string][])('a %s lease with pid %s: %s', (state, pid, expected) => {
    expect(book([lease('1-1', state, pid)]).mark()).toBe(expected);
  });
  test('is the least of those that wait, in whatever order they are read', () => {
    expect(book([lease('2-5'), lease('2-4'), lease('1-9', 'ready', 1), lease('10-1')]).mark()).toBe('2-4');
  });
  test('waits for the commit: until then a sender sees the lease as it was', () => {
    const { leases, mark } = book([lease('1-1'), lease('1-2')]);
    const granted = lease('1-1', 'starting');
    leases.decide(granted.id, granted);
    expect(mark()).toBe('1-1');
    leases.settle(granted.id, granted);
    expect(mark()).toBe('1-2');
  });
  test('is the next id where nothing waits', () => {
    expect(book().mark()).toBe(NEXT);
  });
  test('one lease that lives on does not hold it back, and what is remembered stays small: 20,000 leases', () => {
    const { low, leases, mark } = book();
    const decide = (one: Lease): void => {
      leases.decide(one.id, one);
      leases.settle(one.id, one);
    };
    for (const state of ['planned', 'starting', 'ready'] as const) decide(lease('1-1', state, 1));
    let most = 0;
    for (let n = 2; n <= 20_000; n += 1) {
      for (const state of ['planned', 'starting', 'ready', 'ended'] as const) decide(lease(`1-${n}`, state, n));
      expect(mark()).toBe(NEXT);
      most = Math.max(most, low.size);
    }
    expect([most, leases.size]).toEqual([0, 1]);
  });
  test('beside one that waits for ever what is remembered stays small', () => {
    const { low, leases, mark } = book([lease('1-1')]);
    let most = 0;
    for (let n = 2; n <= 20_000; n += 1) {
      for (const state of ['planned', 'starting', 'ended'] as const) {
        const one = lease(`1-${n}`, state, n);
        leases.decide(one.id, one);
        leases.settle(one.id, one);
      }
      most = Math.max(most, low.size);
    }
    expect([mark(), most]).toEqual(['1-1', 64]);
  });
});

const event = fc.constantFrom<LeaseEvent>(
  { kind: 'reserved' },
  { kind: 'started', pid: null },
  { kind: 'started', pid: 7 },
  { kind: 'ready', address: 'h:1' },
  { kind: 'refused', message: 'full' },
  { kind: 'stop' },
  { kind: 'ended', cause: { kind: 'released' } },
  { kind: 'lost' },
);

test('whatever happens to leases, it never falls, and never passes one whose placement a sender may still send', () => {
  const act = fc.oneof(
    fc.constant({ do: 'plan' } as const),
    fc.record({ do: fc.constant('step' as const), which: fc.nat({ max: 30 }), event }),
    fc.constant({ do: 'settle' } as const),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const { low, leases } = book();
      const ids: LeaseId[] = [];
      const decided: Lease[] = [];
      let last = leaseId('1-1');
      for (const one of acts) {
        const target = one.do === 'step' ? leases.get(ids[one.which % Math.max(1, ids.length)] ?? leaseId('1-1')) : undefined;
        const stepped = target && one.do === 'step' ? stepLease(target, one.event, 1) : null;
        const next =
          one.do === 'plan' ? lease(`1-${ids.push(leaseId(`1-${ids.length + 1}`))}`) : stepped?.kind === 'stepped' ? stepped.lease : null;
        if (next !== null) {
          leases.decide(next.id, next);
          decided.push(next);
        }
        const settled = one.do === 'settle' ? decided.shift() : undefined;
        if (settled !== undefined) leases.settle(settled.id, settled);
        const mark = low.mark(leaseId(`1-${ids.length + 1}`));
        expect(compareLeases(last, mark)).toBeLessThanOrEqual(0);
        last = mark;
        // What the placer asks: is it planned or reserved as everybody sees it, or decided and not seen yet?
        const maySend = ids.filter((id) => ['planned', 'reserved'].includes((leases.seen(id) ?? leases.get(id))?.state ?? 'ended'));
        expect(maySend.filter((id) => compareLeases(id, mark) < 0)).toEqual([]);
      }
    }),
  );
});
