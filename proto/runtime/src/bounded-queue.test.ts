import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoundedQueue } from './bounded-queue.js';

/** Resolves to whether the promise has settled once all others that could have. */
async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return isSettled;
}

describe('a bounded queue', () => {
  it('makes who pushes into a full one wait', async () => {
    const queue = new BoundedQueue<number>(1);
    await queue.push(1);
    const second = queue.push(2);
    expect(await hasSettled(second)).toBe(false);
    expect(await queue.pull()).toEqual({ value: 1, done: false });
    await second;
    expect(queue.size).toBe(1);
  });

  it('does not take more than it holds without waiting', () => {
    const queue = new BoundedQueue<number>(2);
    expect([queue.tryPush(1), queue.tryPush(2), queue.tryPush(3)]).toEqual([true, true, false]);
  });

  it('gives an item at once to who waits for one', async () => {
    const queue = new BoundedQueue<number>(1);
    const pulled = queue.pull();
    expect(queue.tryPush(7)).toBe(true);
    expect(await pulled).toEqual({ value: 7, done: false });
  });

  it('ends when it is closed and empty', async () => {
    const queue = new BoundedQueue<number>(3);
    await queue.push(1);
    queue.close();
    const seen: number[] = [];
    for await (const item of queue) seen.push(item);
    expect(seen).toEqual([1]);
  });

  it('refuses who pushes or waits to push once it is closed', async () => {
    const queue = new BoundedQueue<number>(1);
    await queue.push(1);
    const waiting = queue.push(2);
    queue.close();
    await expect(waiting).rejects.toMatchObject({ code: 'queue.closed' });
    await expect(queue.push(3)).rejects.toMatchObject({ code: 'queue.closed' });
  });

  it('forgets who gives up waiting', async () => {
    const queue = new BoundedQueue<number>(1);
    const stop = new AbortController();
    const pulled = queue.pull(stop.signal);
    stop.abort(new Error('stopped'));
    await expect(pulled).rejects.toThrow('stopped');
    queue.tryPush(1);
    expect(queue.size).toBe(1);
    const pushed = queue.push(2, AbortSignal.abort(new Error('late')));
    await expect(pushed).rejects.toThrow('late');
    expect((await queue.pull()).value).toBe(1);
    expect(queue.size).toBe(0);
  });

  it('keeps the order and loses nothing, however pushes and pulls meet', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.boolean(), { maxLength: 60 }), async (capacity, steps) => {
        const queue = new BoundedQueue<number>(capacity);
        const pulled: Promise<IteratorResult<number, undefined>>[] = [];
        let pushed = 0;
        for (const isPush of steps) {
          if (isPush) void queue.push((pushed += 1)).catch(() => undefined);
          else pulled.push(queue.pull());
          expect(queue.size).toBeLessThanOrEqual(capacity);
        }
        while (pulled.length < pushed) pulled.push(queue.pull());
        queue.close();
        const items = (await Promise.all(pulled)).filter(({ done }) => !done).map(({ value }) => value);
        expect(items).toEqual(Array.from({ length: pushed }, (_, i) => i + 1));
      }),
    );
  });

  it('has a capacity of one at least', () => {
    expect(() => new BoundedQueue(0)).toThrow(RangeError);
  });
});
