import { describe, expect, test } from '@jest/globals';
import { headId } from '@trainer/model';
import type { Leadership } from './leadership.js';

/** Two candidates for one row, and a clock that both go by. */
export interface LeadershipFixture {
  readonly first: Leadership;
  readonly second: Leadership;
  readonly stillMs: number;
  advance(ms: number): void;
}

const FIRST = headId('head-000000000001');
const SECOND = headId('head-000000000002');

/** What every adapter of Leadership promises. */
export function describeLeadership(name: string, open: () => Promise<LeadershipFixture>): void {
  describe(`leadership in ${name}`, () => {
    test('the first candidate leads and the second waits', async () => {
      const { first, second } = await open();
      const epoch = await first.acquire(FIRST);
      expect(epoch).toBeGreaterThan(0);
      expect(await second.acquire(SECOND)).toBeNull();
      expect(await first.renew(FIRST, epoch ?? 0)).toBe('held');
    });

    test('a leader that stands still is followed with a higher head epoch, and then told that it has lost', async () => {
      const { first, second, stillMs, advance } = await open();
      const old = (await first.acquire(FIRST)) ?? 0;
      await second.acquire(SECOND);
      advance(stillMs);
      const next = (await second.acquire(SECOND)) ?? 0;
      expect(next).toBe(old + 1);
      expect(await first.renew(FIRST, old)).toBe('lost');
      expect(await second.renew(SECOND, next)).toBe('held');
    });

    test('a leader that renews is not followed', async () => {
      const { first, second, stillMs, advance } = await open();
      const epoch = (await first.acquire(FIRST)) ?? 0;
      await second.acquire(SECOND);
      advance(stillMs - 1);
      await first.renew(FIRST, epoch);
      advance(1);
      expect(await second.acquire(SECOND)).toBeNull();
    });

    test('a leader that resigned, twice, is followed at once', async () => {
      const { first, second } = await open();
      const epoch = (await first.acquire(FIRST)) ?? 0;
      await first.resign(FIRST, epoch);
      await first.resign(FIRST, epoch);
      expect(await second.acquire(SECOND)).toBe(epoch + 1);
    });

    test('a leader that raises its head epoch, twice, leads under the new one', async () => {
      const { first } = await open();
      const old = (await first.acquire(FIRST)) ?? 0;
      expect(await first.raise(FIRST, old, old + 7)).toBe('held');
      expect(await first.raise(FIRST, old, old + 7)).toBe('held');
      expect(await first.renew(FIRST, old + 7)).toBe('held');
      expect(await first.renew(FIRST, old)).toBe('lost');
    });

    test('a head that was followed raises nothing', async () => {
      const { first, second } = await open();
      const old = (await first.acquire(FIRST)) ?? 0;
      await first.resign(FIRST, old);
      const next = (await second.acquire(SECOND)) ?? 0;
      expect(await first.raise(FIRST, old, next + 1)).toBe('lost');
      expect(await second.renew(SECOND, next)).toBe('held');
    });

    test('a raise that comes late changes nothing of a later one', async () => {
      const { first } = await open();
      const old = (await first.acquire(FIRST)) ?? 0;
      await first.raise(FIRST, old, old + 1);
      await first.raise(FIRST, old + 1, old + 2);
      expect(await first.raise(FIRST, old, old + 1)).toBe('lost');
      expect(await first.renew(FIRST, old + 2)).toBe('held');
    });

    test('a candidate follows a raised leader with a head epoch above the raised one', async () => {
      const { first, second } = await open();
      const old = (await first.acquire(FIRST)) ?? 0;
      await first.raise(FIRST, old, old + 7);
      await first.resign(FIRST, old + 7);
      expect(await second.acquire(SECOND)).toBe(old + 8);
    });

    test('a late resignation of a head that was followed changes nothing', async () => {
      const { first, second } = await open();
      const old = (await first.acquire(FIRST)) ?? 0;
      await first.resign(FIRST, old);
      const next = (await second.acquire(SECOND)) ?? 0;
      await first.resign(FIRST, old);
      expect(await second.renew(SECOND, next)).toBe('held');
    });
  });
}
