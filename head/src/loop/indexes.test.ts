import { describe, expect, test } from '@jest/globals';
import { actorId, available, leaseId, nodeId } from '@trainer/model';
import type { Capacity, Lease, LeaseId, LeaseState, NodeId } from '@trainer/model';
import fc from 'fast-check';
import { holdsResources } from '../leases/step-lease.js';
import { Book } from './book.js';
import { CountIndex, GroupIndex, HeldIndex } from './indexes.js';

const NODES = ['node-000000000001', 'node-000000000002'].map(nodeId);
const STATES: LeaseState[] = ['planned', 'reserved', 'starting', 'ready', 'stopping', 'ended', 'lost'];
const CAPACITY: Capacity = {
  cpuMilli: 100_000,
  memoryBytes: 100_000,
  gpus: [0, 1].map((index) => ({ index, uuid: `u${index}`, model: 'T', memoryBytes: 1 })),
};

function lease(n: number, state: LeaseState): Lease {
  return {
    id: leaseId(`1-${n + 1}`),
    node: NODES[n % 2] as NodeId,
    nodeIncarnation: 1,
    grant: { cpuMilli: n * 10, memoryBytes: n, gpus: n % 3 === 0 ? [{ index: n % 2, milli: 100 }] : [] },
    holder: { kind: 'actor', actor: actorId('actor-0000000000000001'), incarnation: 1 },
    state,
    since: 0,
    pid: null,
    address: null,
    cause: null,
  };
}

function fixture() {
  const of = new GroupIndex<NodeId, LeaseId, Lease>(
    (one) => one.node,
    (one) => one.id,
  );
  const held = new HeldIndex();
  const ready = new CountIndex<Lease>((one) => one.state === 'ready');
  const book = new Book<LeaseId, Lease>((one) => one.state === 'ended', [of, held, ready]);
  return { of, held, ready, book };
}

const act = fc.record({
  n: fc.nat({ max: 8 }),
  does: fc.constantFrom('decide', 'decide', 'settle', 'forget', 'reset'),
  state: fc.constantFrom(...STATES),
});

describe('indexes of a book', () => {
  test('say at any time what a look at the whole book would say', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const { of, held, ready, book } = fixture();
        for (const { n, does, state } of acts) {
          const one = lease(n, state);
          const known = book.get(one.id);
          if (does === 'decide') book.decide(one.id, one);
          else if (does === 'settle' && known !== undefined) book.settle(one.id, known);
          else if (does === 'forget') book.forget(one.id);
          else if (does === 'reset') book.reset([[one.id, one]]);
          const all = [...book.decided()];
          expect(ready.count).toBe(all.filter((it) => it.state === 'ready').length);
          for (const node of NODES) {
            const mine = all.filter((it) => it.node === node);
            expect([...of.of(node)].sort()).toEqual(mine.map((it) => it.id).sort());
            expect(held.availableOn(node, CAPACITY)).toEqual(
              available(
                CAPACITY,
                mine.filter(holdsResources).map((it) => it.grant),
              ),
            );
          }
        }
      }),
    );
  });
  test('a later index is told of what is there already', () => {
    const { book } = fixture();
    book.reset([[lease(1, 'ready').id, lease(1, 'ready')]]);
    const late = new CountIndex<Lease>(() => true);
    book.index(late);
    expect(late.count).toBe(1);
  });
  test('10,000 leases that came and ended leave nothing', () => {
    const { of, held, ready, book } = fixture();
    for (let n = 0; n < 10_000; n += 1) {
      for (const state of ['planned', 'ready', 'ended'] as const) {
        book.decide(lease(n, state).id, lease(n, state));
        book.settle(lease(n, state).id, book.get(lease(n, state).id) ?? lease(n, state));
      }
    }
    expect([book.size, of.size, held.size, ready.count]).toEqual([0, 0, 0, 0]);
  });
});
