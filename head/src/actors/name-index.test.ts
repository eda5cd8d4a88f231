import { expect, test } from '@jest/globals';
import { actorId } from '@trainer/model';
import type { Actor, ActorId } from '@trainer/model';
import { Book } from '../loop/book.js';
import { NameIndex } from './name-index.js';

function actorOf(n: number, at: 'pending' | 'dead', name: string | null, namespace = 'default'): Actor {
  return { spec: { id: actorId(`actor-${String(n).padStart(16, '0')}`), name, namespace }, state: { at } } as Actor;
}

function fixture() {
  const names = new NameIndex();
  const actors = new Book<ActorId, Actor>(({ state }) => state.at === 'dead', [names]);
  return { names, actors };
}

test('a name is held until the end of its actor is stored, and is then free', () => {
  const { names, actors } = fixture();
  const [alive, dead] = [actorOf(1, 'pending', 'a'), actorOf(1, 'dead', 'a')];
  actors.decide(alive.spec.id, alive);
  actors.decide(dead.spec.id, dead);
  expect(names.get('default', 'a')).toBe(alive.spec.id);
  actors.settle(alive.spec.id, alive);
  actors.settle(dead.spec.id, dead);
  expect([names.get('default', 'a'), names.size]).toEqual([undefined, 0]);
});

test('10,000 names in 100 namespaces leave nothing when their actors have ended', () => {
  const { names, actors } = fixture();
  for (let n = 0; n < 10_000; n += 1) {
    for (const at of ['pending', 'dead'] as const) {
      const one = actorOf(n, at, n % 7 === 0 ? null : `a${n}`, `space${n % 100}`);
      actors.decide(one.spec.id, one);
      actors.settle(one.spec.id, one);
    }
  }
  expect([names.size, actors.size]).toEqual([0, 0]);
});
