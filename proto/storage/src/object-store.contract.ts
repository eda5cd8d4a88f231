import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ObjectStore } from './object-store.js';

/** What every adapter of the object store must do. */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
  const read = async (store: ObjectStore, key: string): Promise<string> => text((await store.get('bucket', key)).stream);

  describe(`the object store: ${name}`, () => {
    it('gives back what was stored', async () => {
      const store = await open();
      const { bytes: size } = await store.put('bucket', 'a/b.txt', Readable.from([bytes('one '), bytes('two')]));
      expect(size).toBe(7);
      expect(await read(store, 'a/b.txt')).toBe('one two');
    });

    it('replaces an object and changes its etag', async () => {
      const store = await open();
      const first = await store.put('bucket', 'a', bytes('first'));
      const second = await store.put('bucket', 'a', bytes('other'));
      expect(second.etag).not.toBe(first.etag);
      expect(await read(store, 'a')).toBe('other');
    });

    it('tells the etag of the put at every stat', async () => {
      const store = await open();
      const put = await store.put('bucket', 'a', bytes('x'));
      expect(await store.stat('bucket', 'a')).toEqual(put);
    });

    it('has no object where none was stored', async () => {
      const store = await open();
      expect(await store.stat('bucket', 'none')).toBeNull();
      await expect(store.get('bucket', 'none')).rejects.toMatchObject({ code: 'object.not-found' });
    });

    it('keeps an object and the objects below its name apart', async () => {
      const store = await open();
      await store.put('bucket', 'a', bytes('file'));
      await store.put('bucket', 'a/b', bytes('below'));
      expect([await read(store, 'a'), await read(store, 'a/b')]).toEqual(['file', 'below']);
    });

    it.each([
      "it's",
      'a*b',
      'ünï cödé',
      'sp ace',
      '100%25',
      '.hidden',
      'at@',
      '@',
      'a"b',
      'q?x=1&y',
      'end+',
      'a+b',
      'x'.repeat(1024),
      'é'.repeat(512),
      `${'p'.repeat(249)}.%@/x`,
      '日本語/データ.csv',
      '__proto__',
      'con:|<>',
    ])('takes the odd key %s', async (key) => {
      const store = await open();
      await store.put('bucket', key, bytes(key));
      expect(await read(store, key)).toBe(key);
      expect((await store.list('bucket', { prefix: '', after: '', limit: 10 })).map((object) => object.key)).toEqual([key]);
    });

    it.each(['', '/a', 'a//b', '..', 'a/../../b', './a', 'a/.', 'x'.repeat(1025), 'half\ud800'])('refuses the key %s', async (key) => {
      const store = await open();
      await expect(store.put('bucket', key, bytes('x'))).rejects.toMatchObject({ code: 'object.key-invalid' });
      await expect(store.stat('bucket', key)).rejects.toMatchObject({ code: 'object.key-invalid' });
    });

    it('tells long keys apart that begin alike, and lists them in order', async () => {
      const store = await open();
      const long = 'k'.repeat(250);
      const keys = [long, `${long}!`, `${long}/below`, `${long}z`, `${long}z/below`, `${'k'.repeat(249)}l`];
      for (const key of [...keys].reverse()) await store.put('bucket', key, bytes(key));
      expect((await store.list('bucket', { prefix: '', after: '', limit: 10 })).map((object) => object.key)).toEqual(keys);
      expect(await read(store, `${long}z/below`)).toBe(`${long}z/below`);
    });

    it('never gives two versions one etag, however quickly they follow', async () => {
      const store = await open();
      const etags = new Set<string>();
      for (let i = 0; i < 40; i += 1) etags.add((await store.put('bucket', 'a', bytes(String(i % 2)))).etag);
      expect(etags.size).toBe(40);
    });

    it('tells each of several puts at once the version that it stored', async () => {
      const store = await open();
      const stored = await Promise.all(Array.from({ length: 20 }, (_, i) => store.put('bucket', 'a', bytes('x'.repeat(i)))));
      expect(stored.map((info) => info.bytes)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(new Set(stored.map((info) => info.etag)).size).toBe(20);
      expect(stored).toContainEqual(await store.stat('bucket', 'a'));
      const copied = await Promise.all(Array.from({ length: 20 }, () => store.copy('bucket', 'a', 'b')));
      expect(new Set(copied.map((info) => info.etag)).size).toBe(20);
      expect(copied).toContainEqual(await store.stat('bucket', 'b'));
    });

    it('reads on in the version that was opened', async () => {
      const store = await open();
      await store.put('bucket', 'a', bytes('old'));
      const { stream } = await store.get('bucket', 'a');
      await store.put('bucket', 'a', bytes('new and longer'));
      await store.remove('bucket', ['a']);
      expect(await text(stream)).toBe('old');
    });

    it('stores an empty object', async () => {
      const store = await open();
      expect((await store.put('bucket', 'empty', new Uint8Array())).bytes).toBe(0);
      expect(await read(store, 'empty')).toBe('');
    });

    it('stores what any async iterable yields', async () => {
      const store = await open();
      const body = (async function* () {
        yield bytes('one ');
        yield bytes('two');
      })();
      await store.put('bucket', 'a', body);
      expect(await read(store, 'a')).toBe('one two');
    });

    it('lets one of two win who store only where nothing is', async () => {
      const store = await open();
      const tries = ['x', 'y'].map((content) => store.put('bucket', 'a', bytes(content), { ifAbsent: true }));
      const won = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled');
      expect(won).toHaveLength(1);
    });

    it('bears puts and removals of neighbours at once', async () => {
      const store = await open();
      const work = Array.from({ length: 20 }, async (_, i) => {
        await store.put('bucket', `d/${i}`, bytes('x'));
        if (i % 2 === 0) await store.remove('bucket', [`d/${i}`]);
      });
      await Promise.all(work);
      expect(await store.list('bucket', { prefix: 'd/', after: '', limit: 100 })).toHaveLength(10);
    });

    it('passes the error of a body on as it is, whatever its code', async () => {
      const store = await open();
      const broken = Readable.from(
        (function* () {
          yield bytes('half');
          throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
        })(),
      );
      await expect(store.put('bucket', 'a', broken)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await store.stat('bucket', 'a')).toBeNull();
    });

    it('can be asked whether it is there', async () => {
      await expect((await open()).check()).resolves.toBeUndefined();
    });

    it('refuses a bucket that is a path', async () => {
      const store = await open();
      await expect(store.put('../bucket', 'a', bytes('x'))).rejects.toMatchObject({ code: 'object.key-invalid' });
    });

    it('lists keys in order, by prefix, page by page', async () => {
      const store = await open();
      for (const key of ['b', 'a/2', 'a/1', 'a-x', 'a', 'c/d/e']) await store.put('bucket', key, bytes(key));
      const keys = async (prefix: string, after: string, limit: number): Promise<string[]> =>
        (await store.list('bucket', { prefix, after, limit })).map((object) => object.key);
      expect(await keys('', '', 100)).toEqual(['a', 'a-x', 'a/1', 'a/2', 'b', 'c/d/e']);
      expect(await keys('a/', '', 100)).toEqual(['a/1', 'a/2']);
      expect(await keys('', 'a/1', 2)).toEqual(['a/2', 'b']);
    });

    it('reads a range of bytes', async () => {
      const store = await open();
      await store.put('bucket', 'a', bytes('0123456789'));
      expect(await text((await store.get('bucket', 'a', { range: { first: 2, last: 4 } })).stream)).toBe('234');
    });

    it('refuses to read an object that was overwritten', async () => {
      const store = await open();
      const { etag } = await store.put('bucket', 'a', bytes('old'));
      await store.put('bucket', 'a', bytes('new'));
      await expect(store.get('bucket', 'a', { ifMatch: etag })).rejects.toMatchObject({ code: 'object.precondition-failed' });
    });

    it('stores only where nothing is, when asked', async () => {
      const store = await open();
      await store.put('bucket', 'a', bytes('mine'), { ifAbsent: true });
      await expect(store.put('bucket', 'a', bytes('theirs'), { ifAbsent: true })).rejects.toMatchObject({
        code: 'object.precondition-failed',
      });
      expect(await read(store, 'a')).toBe('mine');
    });

    it('keeps nothing of a body that breaks, and the object before it', async () => {
      const store = await open();
      await store.put('bucket', 'a', bytes('before'));
      const broken = Readable.from(
        (function* () {
          yield bytes('half');
          throw new Error('the client went away');
        })(),
      );
      await expect(store.put('bucket', 'a', broken)).rejects.toThrow('the client went away');
      expect(await read(store, 'a')).toBe('before');
      expect(await store.list('bucket', { prefix: '', after: '', limit: 10 })).toHaveLength(1);
    });

    it('copies within the bucket', async () => {
      const store = await open();
      await store.put('bucket', 'attempts/1/m', bytes('model'));
      await store.copy('bucket', 'attempts/1/m', 'final/m');
      expect(await read(store, 'final/m')).toBe('model');
      await expect(store.copy('bucket', 'none', 'x')).rejects.toMatchObject({ code: 'object.not-found' });
    });

    it('removes, also twice', async () => {
      const store = await open();
      await store.put('bucket', 'a/b/c', bytes('x'));
      await store.remove('bucket', ['a/b/c', 'none']);
      await store.remove('bucket', ['a/b/c']);
      expect(await store.stat('bucket', 'a/b/c')).toBeNull();
    });
  });
}
