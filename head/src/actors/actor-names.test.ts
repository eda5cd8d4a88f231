import { expect, test } from '@jest/globals';
import { actorId } from '@trainer/model';
import type { Actor } from '@trainer/model';
import { ClusterState } from '../loop/cluster-state.js';
import { namedActor, namesToCompare, type NoSuchNameError } from './actor-names.js';

function actorOf(n: number, name: string, namespace = 'default'): Actor {
  return {
    spec: { id: actorId(`actor-${String(n).padStart(16, '0')}`), session: null, name, namespace },
    state: { at: 'pending' },
  } as Actor;
}

function stateOf(actors: readonly Actor[]): ClusterState {
  const state = new ClusterState(1);
  state.reset({ nodes: [], sessions: [], actors, leases: [], jobs: [] });
  return state;
}

/** What a wrong name is answered with. */
function nearestTo(state: ClusterState, name: string): unknown {
  try {
    return namedActor(state, { namespace: 'default', name });
  } catch (error) {
    return (error as NoSuchNameError).facts.nearest;
  }
}

test('an actor is found by its name in its namespace', () => {
  const state = stateOf([actorOf(1, 'hits'), actorOf(2, 'hits', 'other')]);
  expect(namedActor(state, { namespace: 'other', name: 'hits' }).spec.id).toBe(actorOf(2, 'hits').spec.id);
});

test.each([0, 1, 50, 51, 10_000])('a wrong name among %i others is answered with those that may be meant', (count) => {
  const others = Array.from({ length: count }, (_, n) => actorOf(n + 10, `worker-of-the-third-shift-${n}`));
  expect(nearestTo(stateOf([...others, actorOf(1, 'parameter-server')]), 'paramter-server')).toContain('parameter-server');
});

test.each(['x', 'another '])('of 10,000 long names that begin with %j, a wrong one is compared with at most 50', (begin) => {
  const names = Array.from({ length: 10_000 }, (_, n) => `${begin}${'x'.repeat(115)}${n}`);
  expect(namesToCompare('x'.repeat(120), names).length).toBeLessThanOrEqual(50);
});
