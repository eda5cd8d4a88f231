import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { describeFullStore, ROOM_BYTES, type FullStoreScene } from '../full-store.contract.js';
import { describeObjectStore } from '../object-store.contract.js';
import { s3Program, smallDisk, startS3Server, type S3Server } from '../testing/index.js';
import type { S3Config } from './client.js';
import { openS3Store } from './s3-store.js';
import { openSignedStore } from './signed-store.js';
import { openSigner } from './signer.js';

const program = s3Program();
const small = program === null ? null : await smallDisk(ROOM_BYTES);
await small?.close();

if (program === null) it.skip('an S3 server (.ci/servers.mjs builds one)', () => undefined);
else withServer(program);

function withServer(found: string): void {
  let server: S3Server;
  let buckets = 0;
  const bucket = (): string => `bucket-${(buckets += 1)}`;
  beforeAll(async () => {
    server = await startS3Server(found);
  });
  afterAll(() => server?.close());

  describeObjectStore('S3', async () => ({ store: await openS3Store(server.config), bucket: bucket() }), { keysArePaths: true });
  describeObjectStore(
    'S3, by requests that somebody else signs',
    async () => {
      const [store, sign] = await Promise.all([openS3Store(server.config), openSigner(server.config)]);
      const signed = openSignedStore(sign, server.config.silentMs);
      const { list, copy, remove } = store;
      return {
        store: {
          put: signed.put.bind(signed),
          get: signed.get.bind(signed),
          stat: signed.stat.bind(signed),
          list: list.bind(store),
          copy: copy.bind(store),
          remove: remove.bind(store),
        },
        bucket: bucket(),
      };
    },
    { keysArePaths: true },
  );
  if (small === null) it.skip('S3, full (a small disk takes root and Linux)', () => undefined);
  else describeFullStore('S3', () => fullScene(found));

  describe('the S3 store', () => {
    const own: S3Server[] = [];
    const ownServer = async (): Promise<S3Server> => {
      const started = await startS3Server(found);
      own.push(started);
      return started;
    };
    afterEach(() => Promise.all(own.splice(0).map((one) => one.close())));

    it('whose secret is wrong says so, and what to check', async () => {
      const store = await openS3Store({ ...server.config, secretKey: 'wrong' });
      await expect(store.put('bucket', 'a', Buffer.from('x'))).rejects.toMatchObject({
        code: 'store.unavailable',
        message: expect.stringMatching(/refuses the credentials.*MINIO_SECRET_KEY/),
      });
      await expect(store.stat('bucket', 'a')).rejects.toMatchObject({ code: 'store.unavailable' });
    });

    it('lists more than a page of the server', async () => {
      const store = await openS3Store(server.config);
      const of = bucket();
      const keys = Array.from({ length: 1_050 }, (_, i) => `k/${String(i).padStart(4, '0')}`);
      for (let at = 0; at < keys.length; at += 50)
        await Promise.all(keys.slice(at, at + 50).map((key) => store.put(of, key, Buffer.from('x'))));
      expect((await store.list(of, { prefix: 'k/', after: '', limit: 2_000 })).map(({ key }) => key)).toEqual(keys);
      expect((await store.list(of, { prefix: 'k/', after: 'k/0010', limit: 1_001 })).map(({ key }) => key)).toEqual(keys.slice(11, 1_012));
      await store.remove(of, keys);
      expect(await store.list(of, { prefix: '', after: '', limit: 10 })).toEqual([]);
    });

    it('keeps two uploads in parts to one key apart', async () => {
      const store = await openS3Store(server.config);
      const of = bucket();
      const body = (letter: string): AsyncIterable<Uint8Array> =>
        (async function* () {
          for (let i = 0; i < 20; i += 1) yield Buffer.alloc(2 ** 20, letter);
        })();
      const stored = await Promise.all(['a', 'b'].map((letter) => store.put(of, 'large', body(letter))));
      const { stream, etag } = await store.get(of, 'large');
      const letters = new Set(await text(stream));
      expect(letters.size).toBe(1);
      expect(stored.map((version) => version.etag)).toContain(etag);
    });

    it('that ends in the middle of an upload and a download fails both, and serves again once it is back', async () => {
      const mortal = await ownServer();
      const store = await openS3Store(mortal.config);
      await store.put('bucket', 'large', Buffer.alloc(40 * 2 ** 20, 1));
      const body = (async function* () {
        yield Buffer.alloc(20 * 2 ** 20);
        await mortal.kill();
        yield Buffer.alloc(20 * 2 ** 20);
      })();
      const { stream } = await store.get('bucket', 'large');
      await expect(store.put('bucket', 'a', body)).rejects.toMatchObject({ code: 'store.unavailable', retry: 'same' });
      await expect(text(stream)).rejects.toMatchObject({ code: 'store.unavailable' });
      await mortal.start();
      expect(await store.stat('bucket', 'a')).toBeNull();
      expect(await store.stat('bucket', 'large')).toMatchObject({ bytes: 40 * 2 ** 20 });
    });

    it('that is frozen is given up after its silence', async () => {
      const frozen = await ownServer();
      const store = await openS3Store({ ...frozen.config, silentMs: 300 });
      await store.put('bucket', 'a', Buffer.from('x'));
      frozen.freeze();
      try {
        await expect(store.stat('bucket', 'a')).rejects.toMatchObject({
          code: 'store.unavailable',
          message: expect.stringContaining('no answer within 0.3 s'),
        });
      } finally {
        frozen.thaw();
      }
    });

    it('waits for a reader who is slower than any silence', async () => {
      const [store, impatient] = [await openS3Store(server.config), await openS3Store({ ...server.config, silentMs: 1_000 })];
      const of = bucket();
      await store.put(of, 'large', Buffer.alloc(30 * 2 ** 20));
      const { stream } = await impatient.get(of, 'large');
      let bytes = 0;
      let pauses = 1;
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        // The time is what is asked for: two silences.
        if ((pauses -= 1) >= 0) await new Promise((resolve) => setTimeout(resolve, 2_500));
      }
      expect(bytes).toBe(30 * 2 ** 20);
    });
  });
}

describe('the S3 store, without a server', () => {
  let server: Server | null = null;
  afterEach(() => new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve()))));

  const config = (port: number): S3Config => ({
    ...{ kind: 's3', endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1' },
    ...{ accessKey: 'a', secretKey: 'b', silentMs: 200 },
  });

  it('says where it asked', async () => {
    const store = await openS3Store(config(1));
    await expect(store.stat('bucket', 'a')).rejects.toMatchObject({
      code: 'store.unavailable',
      message: expect.stringMatching(/http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/),
    });
  });

  it.each([
    ['what is no HTTP', 'hello\r\n\r\n'],
    ['a web page', 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>'],
    ['an error without a text', 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'],
    ['too few requests', 'HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n'],
    ['half of an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<ListBucketResult>'],
  ])('answered with %s fails as unavailable', async (_what, answer) => {
    const listening = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(answer));
    });
    server = listening;
    const port = await new Promise<number>((resolve) =>
      listening.listen(0, '127.0.0.1', () => resolve((listening.address() as { port: number }).port)),
    );
    const store = await openS3Store(config(port));
    await expect(store.list('bucket', { prefix: '', after: '', limit: 5 })).rejects.toMatchObject({ code: 'store.unavailable' });
  });
});

async function fullScene(found: string): Promise<FullStoreScene> {
  const disk = await smallDisk(ROOM_BYTES);
  if (disk === null) throw new Error('no small disk could be made');
  const server = await startS3Server(found, disk.path);
  const close = async (): Promise<void> => {
    await server.close();
    await disk.close();
  };
  return { store: await openS3Store(server.config), close };
}
