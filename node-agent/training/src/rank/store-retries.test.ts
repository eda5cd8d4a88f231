import { expect, test } from '@jest/globals';
import { TrainerError, type Clock } from '@trainer/model';
import { STORE_PATIENCE_MS, withStoreRetries, type RetryPorts } from './store-retries.js';

/** A clock that jumps to whatever is waited for. */
function jumpingClock(): Clock & { readonly waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    wallMs: () => now,
    monotonicMs: () => now,
    after(ms, call) {
      waits.push(ms);
      now += ms;
      queueMicrotask(call);
      return { cancel: () => undefined };
    },
  };
}
const away = new TrainerError('store.unavailable', 'away', {}, 'same');
const ports = (clock: Clock, signal = new AbortController().signal): RetryPorts => ({ clock, random: () => 0, signal });

test('a store that comes back is waited for, longer each time', async () => {
  const clock = jumpingClock();
  let calls = 0;
  const answer = await withStoreRetries(ports(clock), async () => {
    calls += 1;
    if (calls < 4) throw away;
    return 'there';
  });
  expect([answer, clock.waits]).toEqual(['there', [200, 400, 800]]);
});
test('a store that stays away is given up after minutes, with its error', async () => {
  const clock = jumpingClock();
  await expect(withStoreRetries(ports(clock), () => Promise.reject(away))).rejects.toBe(away);
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(STORE_PATIENCE_MS);
  expect(Math.max(...clock.waits)).toBe(10_000);
});
test('an error for good is not tried again', async () => {
  const clock = jumpingClock();
  const gone = new TrainerError('object.not-found', 'gone', {});
  await expect(withStoreRetries(ports(clock), () => Promise.reject(gone))).rejects.toBe(gone);
  expect(clock.waits).toEqual([]);
});
test('nothing is tried again once the attempt is over', async () => {
  const clock = jumpingClock();
  await expect(withStoreRetries(ports(clock, AbortSignal.abort()), () => Promise.reject(away))).rejects.toBe(away);
  expect(clock.waits).toEqual([]);
});
