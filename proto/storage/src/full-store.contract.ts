import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ObjectStore } from './object-store.js';

/** How much fits into a store under test. */
export const ROOM_BYTES = 2 ** 20;

/** A store with so much room, in all. */
export interface FullStoreScene {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

/** What a store promises whose disk is full: it says so by name, keeps what it had, and goes on when there is room. */
export function describeFullStore(name: string, open: () => Promise<FullStoreScene>): void {
  describe(`${name}, full`, () => {
    let scene: FullStoreScene;
    let store: ObjectStore;
    beforeEach(async () => {
      scene = await open();
      ({ store } = scene);
    });
    afterEach(() => scene.close());

    const keys = async (): Promise<string[]> => (await store.list('bucket', { prefix: '', after: '', limit: 100 })).map(({ key }) => key);
    const FULL = { code: 'store.full', retry: 'same', message: expect.stringMatching(/disk of the object store .*is full.*too-large/) };
    async function* pieces(bytes: number): AsyncGenerator<Uint8Array> {
      for (let left = bytes; left > 0; left -= 2 ** 16) yield Buffer.alloc(Math.min(left, 2 ** 16));
    }

    it.each([
      ['bytes', (bytes: number) => Buffer.alloc(bytes)],
      ['a stream', pieces],
    ])('refuses %s that do not fit, keeps nothing of them, and what it had', async (_what, body) => {
      await store.put('bucket', 'kept', Buffer.from('kept'));
      await expect(store.put('bucket', 'too-large', body(2 * ROOM_BYTES))).rejects.toMatchObject(FULL);
      expect(await keys()).toEqual(['kept']);
      expect(await store.stat('bucket', 'too-large')).toBeNull();
      // Nothing of it takes room: nearly all of it is free again.
      await store.put('bucket', 'large', body(0.75 * ROOM_BYTES));
      expect(await keys()).toEqual(['kept', 'large']);
    });

    it('keeps the version that a larger one was to replace', async () => {
      const { etag } = await store.put('bucket', 'too-large', Buffer.from('old'));
      await expect(store.put('bucket', 'too-large', pieces(2 * ROOM_BYTES))).rejects.toMatchObject(FULL);
      expect(await store.stat('bucket', 'too-large')).toMatchObject({ bytes: 3, etag });
    });

    it('refuses a copy that does not fit', async () => {
      await store.put('bucket', 'a', Buffer.alloc(0.6 * ROOM_BYTES));
      await expect(store.copy('bucket', 'a', 'too-large')).rejects.toMatchObject(FULL);
      expect(await keys()).toEqual(['a']);
    });

    it('goes on when there is room', async () => {
      await store.put('bucket', 'a', Buffer.alloc(0.6 * ROOM_BYTES));
      await expect(store.put('bucket', 'too-large', Buffer.alloc(0.6 * ROOM_BYTES))).rejects.toMatchObject(FULL);
      await store.remove('bucket', ['a']);
      await store.put('bucket', 'b', Buffer.alloc(0.6 * ROOM_BYTES));
      expect(await keys()).toEqual(['b']);
    });

    it('says so to each of several at once, and stores those that fit', async () => {
      const puts = Array.from({ length: 8 }, (_, i) => store.put('bucket', `too-large-${i}`, pieces(0.4 * ROOM_BYTES)));
      const results = await Promise.allSettled(puts);
      const stored = results.filter(({ status }) => status === 'fulfilled').length;
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject(FULL);
      expect(await keys()).toHaveLength(stored);
      expect(stored).toBeLessThanOrEqual(2);
    });
  });
}
