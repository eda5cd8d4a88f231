import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { ObjectStore } from './object-store.js';

/** A store, and a bucket of it in which nothing is. */
export interface StoreScene {
  readonly store: ObjectStore;
  readonly bucket: string;
}

/** What a store under test can't keep, by no fault of its adapter. */
export interface StoreLimits {
  /** Its keys are paths of files as they stand: no part above 255 bytes, and no `a/b` beside `a`. */
  readonly keysArePaths?: true;
}

/** What every adapter of the object store must do. @param open gives a bucket of its own to each test */
export function describeObjectStore(name: string, open: () => Promise<StoreScene>, limits: StoreLimits = {}): void {
  const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
  const read = async ({ store, bucket }: StoreScene, key: string): Promise<string> => text((await store.get(bucket, key)).stream);
  const unlessPaths = limits.keysArePaths ? it.skip : it;

  describe(`the object store: ${name}`, () => {
    it('gives back what was stored', async () => {
      const { store, bucket } = await open();
      const { bytes: size } = await store.put(bucket, 'a/b.txt', Readable.from([bytes('one '), bytes('two')]));
      expect(size).toBe(7);
      expect(await read({ store, bucket }, 'a/b.txt')).toBe('one two');
    });

    it('replaces an object and changes its etag', async () => {
      const { store, bucket } = await open();
      const first = await store.put(bucket, 'a', bytes('first'));
      const second = await store.put(bucket, 'a', bytes('other'));
      expect(second.etag).not.toBe(first.etag);
      expect(await read({ store, bucket }, 'a')).toBe('other');
    });

    it('tells the etag of the put at every stat', async () => {
      const { store, bucket } = await open();
      const put = await store.put(bucket, 'a', bytes('x'));
      expect(await store.stat(bucket, 'a')).toEqual({ ...put, modifiedAt: expect.any(Number) });
    });

    it('has no object where none was stored', async () => {
      const { store, bucket } = await open();
      expect(await store.stat(bucket, 'none')).toBeNull();
      await expect(store.get(bucket, 'none')).rejects.toMatchObject({ code: 'object.not-found' });
    });

    unlessPaths('keeps an object and the objects below its name apart', async () => {
      const { store, bucket } = await open();
      await store.put(bucket, 'a', bytes('file'));
      await store.put(bucket, 'a/b', bytes('below'));
      expect([await read({ store, bucket }, 'a'), await read({ store, bucket }, 'a/b')]).toEqual(['file', 'below']);
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
      `${'p'.repeat(249)}.%@/x`,
      '日本語/データ.csv',
      '__proto__',
      'con:|<>',
      '&amp;<a>"',
      ...(limits.keysArePaths ? [] : ['x'.repeat(1024), 'é'.repeat(512)]),
    ])('takes the odd key %s', async (key) => {
      const { store, bucket } = await open();
      await store.put(bucket, key, bytes(key));
      expect(await read({ store, bucket }, key)).toBe(key);
      expect((await store.list(bucket, { prefix: '', after: '', limit: 10 })).map((object) => object.key)).toEqual([key]);
    });

    it.each(['', '/a', 'a//b', 'a/', '..', 'a/../../b', './a', 'a/.', 'x'.repeat(1025), 'é'.repeat(513), 'half\ud800'])(
      'refuses the key %s',
      async (key) => {
        const { store, bucket } = await open();
        await expect(store.put(bucket, key, bytes('x'))).rejects.toMatchObject({ code: 'object.key-invalid' });
        await expect(store.stat(bucket, key)).rejects.toMatchObject({ code: 'object.key-invalid' });
      },
    );

    unlessPaths('tells long keys apart that begin alike, and lists them in order', async () => {
      const { store, bucket } = await open();
      const long = 'k'.repeat(250);
      const keys = [long, `${long}!`, `${long}/below`, `${long}z`, `${long}z/below`, `${'k'.repeat(249)}l`];
      for (const key of [...keys].reverse()) await store.put(bucket, key, bytes(key));
      expect((await store.list(bucket, { prefix: '', after: '', limit: 10 })).map((object) => object.key)).toEqual(keys);
      expect(await read({ store, bucket }, `${long}z/below`)).toBe(`${long}z/below`);
    });

    it('gives different bytes different etags, however quickly they follow', async () => {
      const { store, bucket } = await open();
      const etags = new Set<string>();
      for (let i = 10; i < 50; i += 1) etags.add((await store.put(bucket, 'a', bytes(String(i)))).etag);
      expect(etags.size).toBe(40);
    });

    it('tells each of several puts at once the version that it stored', async () => {
      const { store, bucket } = await open();
      const stored = await Promise.all(Array.from({ length: 20 }, (_, i) => store.put(bucket, 'a', bytes('x'.repeat(i)))));
      expect(stored.map((info) => info.bytes)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(new Set(stored.map((info) => info.etag)).size).toBe(20);
      const last = await store.stat(bucket, 'a');
      expect(stored.map(({ etag }) => etag)).toContain(last?.etag);
      const copied = await Promise.all(Array.from({ length: 20 }, () => store.copy(bucket, 'a', 'b')));
      expect(copied.map((version) => version.bytes)).toEqual(copied.map(() => last?.bytes));
      expect(copied.map(({ etag }) => etag)).toContain((await store.stat(bucket, 'b'))?.etag);
    });

    it('reads on in the version that was opened', async () => {
      const { store, bucket } = await open();
      await store.put(bucket, 'a', bytes('old'));
      const { stream } = await store.get(bucket, 'a');
      await store.put(bucket, 'a', bytes('new and longer'));
      await store.remove(bucket, ['a']);
      expect(await text(stream)).toBe('old');
    });

    it('stores an empty object', async () => {
      const { store, bucket } = await open();
      expect((await store.put(bucket, 'empty', new Uint8Array())).bytes).toBe(0);
      expect(await read({ store, bucket }, 'empty')).toBe('');
    });

    it('stores what any async iterable yields', async () => {
      const { store, bucket } = await open();
      const body = (async function* () {
        yield bytes('one ');
        yield bytes('two');
      })();
      await store.put(bucket, 'a', body);
      expect(await read({ store, bucket }, 'a')).toBe('one two');
    });

    it('stores a stream of many megabytes as it came', async () => {
      const { store, bucket } = await open();
      const chunk = Buffer.from(Array.from({ length: 70_001 }, (_, i) => (i * 31) % 251));
      const [sent, came] = [createHash('sha256'), createHash('sha256')];
      const body = (async function* () {
        for (let i = 0; i < 300; i += 1) {
          sent.update(chunk.subarray(i));
          yield chunk.subarray(i);
        }
      })();
      const { bytes: size, etag } = await store.put(bucket, 'large', body);
      const found = await store.get(bucket, 'large');
      for await (const part of found.stream as AsyncIterable<Buffer>) came.update(part);
      expect(came.digest('hex')).toBe(sent.digest('hex'));
      expect([found.bytes, found.etag]).toEqual([size, etag]);
      const across = await store.get(bucket, 'large', { range: { first: 70_000, last: 70_003 } });
      expect([...(await buffer(across.stream))]).toEqual([chunk[70_000], chunk[1], chunk[2], chunk[3]]);
      expect(across.bytes).toBe(size);
    });

    it('bears puts and removals of neighbours at once', async () => {
      const { store, bucket } = await open();
      const work = Array.from({ length: 20 }, async (_, i) => {
        await store.put(bucket, `d/${i}`, bytes('x'));
        if (i % 2 === 0) await store.remove(bucket, [`d/${i}`]);
      });
      await Promise.all(work);
      expect(await store.list(bucket, { prefix: 'd/', after: '', limit: 100 })).toHaveLength(10);
    });

    it('passes the error of a body on as it is, whatever its code', async () => {
      const { store, bucket } = await open();
      const broken = Readable.from(
        (function* () {
          yield bytes('half');
          throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
        })(),
      );
      await expect(store.put(bucket, 'a', broken)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await store.stat(bucket, 'a')).toBeNull();
    });

    it('refuses a bucket that is a path', async () => {
      const { store } = await open();
      await expect(store.put('../bucket', 'a', bytes('x'))).rejects.toMatchObject({ code: 'object.key-invalid' });
    });

    it('lists keys in order, by prefix, page by page', async () => {
      const { store, bucket } = await open();
      const all = ['b', 'a/2', 'a/1', 'a-x', 'a.b', 'c/d/e'];
      for (const key of all) await store.put(bucket, key, bytes(key));
      const keys = async (prefix: string, after: string, limit: number): Promise<string[]> =>
        (await store.list(bucket, { prefix, after, limit })).map((object) => object.key);
      expect(await keys('', '', 100)).toEqual(['a-x', 'a.b', 'a/1', 'a/2', 'b', 'c/d/e']);
      expect(await keys('a/', '', 100)).toEqual(['a/1', 'a/2']);
      expect(await keys('', 'a/1', 2)).toEqual(['a/2', 'b']);
    });

    it('reads a range of bytes', async () => {
      const { store, bucket } = await open();
      await store.put(bucket, 'a', bytes('0123456789'));
      expect(await text((await store.get(bucket, 'a', { range: { first: 2, last: 4 } })).stream)).toBe('234');
    });

    it('refuses to read an object that was overwritten', async () => {
      const { store, bucket } = await open();
      const { etag } = await store.put(bucket, 'a', bytes('old'));
      await store.put(bucket, 'a', bytes('new'));
      await expect(store.get(bucket, 'a', { ifMatch: etag })).rejects.toMatchObject({ code: 'object.precondition-failed' });
    });

    it('keeps nothing of a body that breaks, and the object before it', async () => {
      const { store, bucket } = await open();
      await store.put(bucket, 'a', bytes('before'));
      const broken = Readable.from(
        (function* () {
          yield bytes('half');
          throw new Error('the client went away');
        })(),
      );
      await expect(store.put(bucket, 'a', broken)).rejects.toThrow('the client went away');
      expect(await read({ store, bucket }, 'a')).toBe('before');
      expect(await store.list(bucket, { prefix: '', after: '', limit: 10 })).toHaveLength(1);
    });

    it('copies within the bucket', async () => {
      const { store, bucket } = await open();
      await store.put(bucket, 'attempts/1/m', bytes('model'));
      await store.copy(bucket, 'attempts/1/m', 'final/m');
      expect(await read({ store, bucket }, 'final/m')).toBe('model');
      await expect(store.copy(bucket, 'none', 'x')).rejects.toMatchObject({ code: 'object.not-found' });
    });

    it('removes, also twice', async () => {
      const { store, bucket } = await open();
      await store.put(bucket, 'a/b/c', bytes('x'));
      await store.remove(bucket, ['a/b/c', 'none']);
      await store.remove(bucket, ['a/b/c']);
      expect(await store.stat(bucket, 'a/b/c')).toBeNull();
    });
  });
}
