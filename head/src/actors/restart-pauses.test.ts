import { expect, test } from '@jest/globals';
import { actorId } from '@trainer/model';
import type { Actor } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { RestartPauses } from './restart-pauses.js';

const ID = actorId('actor-0000000000000001');
const again = (restarts: number, quickRestarts: number): Actor => ({ spec: { id: ID }, restarts, quickRestarts }) as Actor;

function pauses() {
  const clock = manualClock(0);
  const over: string[] = [];
  const counted = new RestartPauses(clock);
  const begin = (actor: Actor): void => counted.begin(actor, () => over.push(`restart ${actor.restarts}`));
  return { clock, counted, begin, over };
}

test('a first quick restart is due at once, and counts nothing', () => {
  const { counted, begin, over } = pauses();
  begin(again(1, 1));
  expect([over, counted.size]).toEqual([['restart 1'], 0]);
});

test('a second one is due after its pause, and is then forgotten', () => {
  const { clock, counted, begin, over } = pauses();
  begin(again(2, 2));
  clock.advance(99);
  expect([over, counted.size]).toEqual([[], 1]);
  clock.advance(1);
  expect([over, counted.size]).toEqual([['restart 2'], 0]);
});

test('the next restart has a pause of its own', () => {
  const { clock, begin, over } = pauses();
  begin(again(2, 2));
  clock.advance(50);
  begin(again(3, 3));
  clock.advance(199);
  expect(over).toEqual([]);
  clock.advance(1);
  expect(over).toEqual(['restart 3']);
});

test('one that waits no more is forgotten, and its timer with it', () => {
  const { clock, counted, begin, over } = pauses();
  begin(again(2, 2));
  counted.end(ID);
  clock.advance(60_000);
  expect([over, counted.size]).toEqual([[], 0]);
});
