import { expect, test } from '@jest/globals';
import { actorId } from '@trainer/model';
import type { Actor } from '@trainer/model';
import { ClusterState } from '../loop/cluster-state.js';
import { namedActor } from './actor-names.js';

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

/** What a wrong name is answered, and the processor time that it took at best, in milliseconds. */
function wrong(state: ClusterState, name: string): { nearest: unknown; cpuMs: number } {
  let nearest: unknown = null;
  const times = Array.from({ length: 7 }, () => {
    const from = process.cpuUsage();
    try {
      namedActor(state, { namespace: 'default', name });
    } catch (error) {
      nearest = (error as { facts: { nearest: unknown } }).facts.nearest;
    }
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1_000;
  });
  return { nearest, cpuMs: Math.min(...times) };
}

test('an actor is found by its name in its namespace', () => {
  const state = stateOf([actorOf(1, 'hits'), actorOf(2, 'hits', 'other')]);
  expect(namedActor(state, { namespace: 'other', name: 'hits' }).spec.id).toBe(actorOf(2, 'hits').spec.id);
});

test.each([0, 1, 50, 51, 10_000])('a wrong name among %i others is answered with those that may be meant', (count) => {
  const others = Array.from({ length: count }, (_, n) => actorOf(n + 10, `worker-of-the-third-shift-${n}`));
  const { nearest } = wrong(stateOf([...others, actorOf(1, 'parameter-server')]), 'paramter-server');
  expect(nearest).toContain('parameter-server');
});

test('a wrong name costs no more among 10,000 long names than among 100', () => {
  const long = (count: number): ClusterState => stateOf(Array.from({ length: count }, (_, n) => actorOf(n, `${'x'.repeat(120)}${n}`)));
  const [few, many] = [wrong(long(100), 'x'.repeat(122)), wrong(long(10_000), 'x'.repeat(122))];
  // Comparing all took a hundred times as long.
  expect(many.cpuMs).toBeLessThan(10 * few.cpuMs + 5);
});
