import { expect, test } from '@jest/globals';
import { actorId } from '@trainer/model';
import type { Actor } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { RestartPauses } from './restart-pauses.js';

const ID = actorId('actor-0000000000000001');
const again = (restarts: number, quickRestarts: number): Actor => ({ spec: { id: ID }, restarts, quickRestarts }) as Actor;

function pauses() {
  const clock = manualClock(0);
  let over = 0;
  const counted = new RestartPauses(clock, () => (over += 1));
  return { clock, counted, over: () => over };
}

test('a first quick restart is due at once, and counts nothing', () => {
  const { clock, counted, over } = pauses();
  expect(counted.due([again(1, 1)])).toHaveLength(1);
  clock.advance(60_000);
  expect(over()).toBe(0);
});

test('a second one is due after its pause, and says when', () => {
  const { clock, counted, over } = pauses();
  expect(counted.due([again(2, 2)])).toHaveLength(0);
  clock.advance(99);
  expect([counted.due([again(2, 2)]).length, over()]).toEqual([0, 0]);
  clock.advance(1);
  expect([counted.due([again(2, 2)]).length, over()]).toEqual([1, 1]);
});

test('the next restart has a pause of its own', () => {
  const { clock, counted } = pauses();
  counted.due([again(2, 2)]);
  clock.advance(100);
  expect(counted.due([again(3, 3)])).toHaveLength(0);
  clock.advance(200);
  expect(counted.due([again(3, 3)])).toHaveLength(1);
});

test('one that waits no more is forgotten, and its timer with it', () => {
  const { clock, counted, over } = pauses();
  counted.due([again(2, 2)]);
  counted.due([]);
  clock.advance(60_000);
  expect(over()).toBe(0);
});
