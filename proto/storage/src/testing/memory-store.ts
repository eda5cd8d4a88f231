import { Readable } from 'node:stream';
import { ObjectNotFoundError, PreconditionFailedError, StoreFullError } from '../errors.js';
import { checkBucket, checkKey } from '../object-key.js';
import type { ObjectInfo, ObjectStore, ObjectVersion } from '../object-store.js';

interface Held {
  readonly info: ObjectInfo;
  readonly body: Buffer;
}

/**
 * An object store in memory, for tests; it refuses and orders as the others do.
 * @param roomBytes how much it takes, with what is being stored
 */
export function memoryStore(wallMs: () => number = () => 0, roomBytes = Number.POSITIVE_INFINITY): ObjectStore {
  const buckets = new Map<string, Map<string, Held>>();
  let version = 0;
  let draftBytes = 0;
  const claim = (key: string, bytes: number): void => {
    const held = [...buckets.values()].flatMap((objects) => [...objects.values()]).reduce((sum, { info }) => sum + info.bytes, 0);
    if (held + draftBytes + bytes > roomBytes) throw new StoreFullError(key, 'memory', { cause: null });
    draftBytes += bytes;
  };
  const objectsOf = (bucket: string): Map<string, Held> => {
    const objects = buckets.get(checkBucket(bucket)) ?? new Map<string, Held>();
    buckets.set(bucket, objects);
    return objects;
  };
  const store = (bucket: string, key: string, body: Buffer): ObjectVersion => {
    const stored = { key, bytes: body.length, etag: `v${(version += 1)}` };
    objectsOf(bucket).set(key, { info: { ...stored, modifiedAt: wallMs() }, body });
    return stored;
  };
  const find = (bucket: string, key: string): Held => {
    checkKey(key);
    const held = objectsOf(bucket).get(key);
    if (held === undefined) throw new ObjectNotFoundError(bucket, key);
    return held;
  };
  return {
    async put(bucket, key, body) {
      checkKey(key);
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      try {
        for await (const chunk of body instanceof Uint8Array ? [body] : body) {
          claim(key, chunk.length);
          bytes += chunk.length;
          chunks.push(Uint8Array.from(chunk));
        }
      } finally {
        draftBytes -= bytes;
      }
      return store(bucket, key, Buffer.concat(chunks));
    },
    async get(bucket, key, options = {}) {
      const { info, body } = find(bucket, key);
      if (options.ifMatch !== undefined && options.ifMatch !== info.etag) throw new PreconditionFailedError(bucket, key);
      const part = options.range === undefined ? body : body.subarray(options.range.first, options.range.last + 1);
      return Promise.resolve({ ...info, stream: Readable.from([part]) });
    },
    async stat(bucket, key) {
      checkKey(key);
      return Promise.resolve(objectsOf(bucket).get(key)?.info ?? null);
    },
    async list(bucket, page) {
      const infos = [...objectsOf(bucket).values()].map((held) => held.info);
      const wanted = infos.filter(({ key }) => key.startsWith(page.prefix) && key > page.after).sort((a, b) => (a.key < b.key ? -1 : 1));
      return Promise.resolve(wanted.slice(0, page.limit));
    },
    async copy(bucket, from, to) {
      checkKey(to);
      const { body } = find(bucket, from);
      claim(to, body.length);
      draftBytes -= body.length;
      return Promise.resolve(store(bucket, to, body));
    },
    async remove(bucket, keys) {
      keys.forEach(checkKey);
      for (const key of keys) objectsOf(bucket).delete(key);
      return Promise.resolve();
    },
  };
}
