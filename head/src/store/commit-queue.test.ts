import { expect, test } from '@jest/globals';
import { deferred } from '@trainer/runtime';
import type { Change } from './cluster-store.js';
import { CommitQueue } from './commit-queue.js';

const change = (name: string): Change => ({ bundles: [{ hash: name, bytes: 1, createdAt: 0 }] });
const names = (changes: readonly Change[]): string => changes.map((one) => one.bundles?.[0]?.hash).join('');

test('changes of one turn of the event loop, and those that come meanwhile, share a transaction in their order', async () => {
  const written: string[] = [];
  const first = deferred<void>();
  const queue = new CommitQueue(async (changes) => {
    written.push(names(changes));
    if (written.length === 1) await first.promise;
    return changes.length;
  });
  const early = [queue.push(change('a')), queue.push(change('b'))];
  await new Promise((resolve) => setImmediate(resolve));
  const late = [queue.push(change('c')), queue.push(change('d'))];
  first.resolve();
  await Promise.all([...early, ...late]);
  expect(written).toEqual(['ab', 'cd']);
});

test('after a failure everything that waits fails, and so does what comes later, until state was read anew', async () => {
  let isAway = true;
  const queue = new CommitQueue(async () => {
    if (isAway) throw new Error('away');
    return 1;
  });
  const results = await Promise.allSettled([queue.push(change('a')), queue.push(change('b'))]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isAway = false;
  await expect(queue.push(change('c'))).rejects.toThrow('away');
  queue.mend();
  await expect(queue.push(change('d'))).resolves.toBeUndefined();
});

test('what a transaction does not take goes into the next, in order', async () => {
  const written: string[] = [];
  const queue = new CommitQueue(async (changes) => {
    written.push(names(changes.slice(0, 2)));
    return Math.min(2, changes.length);
  });
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => queue.push(change(name))));
  expect(written).toEqual(['ab', 'cd', 'e']);
});
