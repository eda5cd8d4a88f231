import { expect, test } from '@jest/globals';
import { actorStateKey, actorStatesPrefix, parseActorStateKey } from './actors.js';
import { actorId } from './ids.js';

const ACTOR = actorId('actor-00000000000000af');

test('the key of a state says whose it is, of which incarnation, and which of its states', () => {
  const key = actorStateKey(ACTOR, 3, 12);
  expect(key).toBe('actors/actor-00000000000000af/3-12');
  expect(key.startsWith(actorStatesPrefix(ACTOR))).toBe(true);
  expect(parseActorStateKey(key)).toEqual({ actor: ACTOR, incarnation: 3, n: 12 });
});

test.each([
  '',
  'actors/',
  'actors/actor-00000000000000af/0-1',
  'actors/actor-00000000000000af/1-0',
  'x/actors/actor-00000000000000af/1-1',
  'actors/actor-00000000000000af/1-1/..',
])('%s is no such key', (key) => {
  expect(parseActorStateKey(key)).toBeNull();
});
