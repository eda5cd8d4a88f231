import { expect, test } from '@jest/globals';
import { deferred } from '@trainer/runtime';
import { AtMost } from './at-most.js';

test.each([1, 99, 100, 101, 1_000])('of %i at once 100 run, and all are done in their order', async (count) => {
  const gate = new AtMost(100, 1_000);
  const go = deferred<void>();
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const all = Array.from({ length: count }, (_, n) =>
    gate.run(async () => {
      begun.push(n);
      running += 1;
      most = Math.max(most, running);
      await go.promise;
      running -= 1;
      return n;
    }),
  );
  go.resolve();
  expect(await Promise.all(all)).toEqual(Array.from({ length: count }, (_, n) => n));
  expect([most, begun]).toEqual([Math.min(count, 100), [...begun].sort((a, b) => a - b)]);
});

test('more than may wait are refused, and one that fails leaves its place to the next', async () => {
  const gate = new AtMost(1, 1);
  const go = deferred<void>();
  const failing = gate.run(async () => {
    await go.promise;
    throw new Error('it broke');
  });
  const next = gate.run(async () => 'next');
  await expect(gate.run(async () => 'refused')).rejects.toMatchObject({ code: 'cluster.unavailable' });
  go.resolve();
  await expect(failing).rejects.toThrow('it broke');
  expect([await next, await gate.run(async () => 'later')]).toEqual(['next', 'later']);
});
