import { Readable } from 'node:stream';
import { ObjectNotFoundError, PreconditionFailedError } from '../errors.js';
import { checkBucket, pathOfKey } from '../folder/key-path.js';
import type { ObjectInfo, ObjectStore } from '../object-store.js';

interface Held {
  readonly info: ObjectInfo;
  readonly body: Buffer;
}

/** An object store in memory, for tests; it refuses and orders as the others do. */
export function memoryStore(wallMs: () => number = () => 0): ObjectStore {
  const buckets = new Map<string, Map<string, Held>>();
  let version = 0;
  const objectsOf = (bucket: string): Map<string, Held> => {
    const objects = buckets.get(checkBucket(bucket)) ?? new Map<string, Held>();
    buckets.set(bucket, objects);
    return objects;
  };
  const store = (bucket: string, key: string, body: Buffer): ObjectInfo => {
    const info = { key, bytes: body.length, etag: `v${(version += 1)}`, modifiedAt: wallMs() };
    objectsOf(bucket).set(key, { info, body });
    return info;
  };
  const find = (bucket: string, key: string): Held => {
    pathOfKey(key);
    const held = objectsOf(bucket).get(key);
    if (held === undefined) throw new ObjectNotFoundError(bucket, key);
    return held;
  };
  return {
    async put(bucket, key, body, options = {}) {
      pathOfKey(key);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(Uint8Array.from(chunk));
      const bytes = Buffer.concat(chunks);
      if (options.ifAbsent && objectsOf(bucket).has(key)) throw new PreconditionFailedError(bucket, key, 'is there already');
      return store(bucket, key, bytes);
    },
    async get(bucket, key, options = {}) {
      const { info, body } = find(bucket, key);
      if (options.ifMatch !== undefined && options.ifMatch !== info.etag) throw new PreconditionFailedError(bucket, key, 'was overwritten');
      const part = options.range === undefined ? body : body.subarray(options.range.first, options.range.last + 1);
      return Promise.resolve({ ...info, stream: Readable.from([part]) });
    },
    async stat(bucket, key) {
      pathOfKey(key);
      return Promise.resolve(objectsOf(bucket).get(key)?.info ?? null);
    },
    async list(bucket, page) {
      const infos = [...objectsOf(bucket).values()].map((held) => held.info);
      const wanted = infos.filter(({ key }) => key.startsWith(page.prefix) && key > page.after).sort((a, b) => (a.key < b.key ? -1 : 1));
      return Promise.resolve(wanted.slice(0, page.limit));
    },
    async copy(bucket, from, to) {
      pathOfKey(to);
      return Promise.resolve(store(bucket, to, find(bucket, from).body));
    },
    async remove(bucket, keys) {
      keys.forEach(pathOfKey);
      for (const key of keys) objectsOf(bucket).delete(key);
      return Promise.resolve();
    },
    check: () => Promise.resolve(),
  };
}
