import { expect, test } from '@jest/globals';
import { leaseId, nodeId } from '@trainer/model';
import type { Fact } from '@trainer/model';
import type { StoredNode } from '../store/cluster-store.js';
import { ClusterState } from './cluster-state.js';
import { FactGapError, OldStreamError, storeFacts } from './facts.js';
import { Turn } from './turn.js';

const NODE = nodeId('node-000000000001');

/** A turn of a head that has stored so many facts of the node's second incarnation, on the stream of its fourth hello. */
function turnAfter(storedFact: number): Turn {
  const state = new ClusterState(1);
  const capacity = { cpuMilli: 1_000, memoryBytes: 1, gpus: [] };
  const entry = {
    id: NODE,
    incarnation: 2,
    helloNumber: 4,
    host: 'h',
    version: '0',
    capacity,
    labels: {},
    engines: [],
    stream: null,
    since: 0,
  };
  const node: StoredNode = { entry: { ...entry, state: 'silent' }, storedFact };
  state.reset({ nodes: [node], sessions: [], actors: [], leases: [], jobs: [] });
  return new Turn(state, 0);
}

const NEWEST = { node: NODE, incarnation: 2, number: 4 };

const ended = (number: number): Fact => ({ number, lease: leaseId(`1-${number}`), body: { kind: 'ended', cause: { kind: 'finished' } } });

test('what was stored before is skipped, and the rest is stored in order', () => {
  const turn = turnAfter(1);
  expect(storeFacts(turn, NEWEST, [ended(1), ended(2), ended(3)])).toEqual({ storedFact: 3, refused: [] });
  expect(turn.node(NODE)?.storedFact).toBe(3);
});

test('a gap is refused', () => {
  expect(() => storeFacts(turnAfter(1), NEWEST, [ended(3)])).toThrow(FactGapError);
});

test('facts of an incarnation that was followed are not taken for those of the newer one', () => {
  const turn = turnAfter(0);
  expect(() => storeFacts(turn, { node: NODE, incarnation: 1, number: 4 }, [ended(1)])).toThrow(OldStreamError);
  expect(turn.isEmpty).toBe(true);
});

test('facts of a stream that the agent has left are not stored beside those of its newest', () => {
  const turn = turnAfter(0);
  expect(() => storeFacts(turn, { ...NEWEST, number: 3 }, [ended(1)])).toThrow(OldStreamError);
  expect(turn.isEmpty).toBe(true);
});
