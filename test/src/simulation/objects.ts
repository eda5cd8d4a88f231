import { Readable } from 'node:stream';
import { ObjectNotFoundError } from '@trainer/storage';
import type { ObjectInfo, ObjectStore } from '@trainer/storage';
import type { SimProcess } from './world.js';

/** The object store's truth: sizes and versions by bucket and key; the bytes are nobody's business here. */
export class SimObjects {
  readonly #objects = new Map<string, ObjectInfo>();
  #version = 0;

  put(bucket: string, key: string, bytes: number): ObjectInfo {
    this.#version += 1;
    const info = { key, bytes, etag: `v${this.#version}`, modifiedAt: 0 };
    this.#objects.set(`${bucket}/${key}`, info);
    return info;
  }

  keys(bucket: string, prefix: string): string[] {
    return this.#list(bucket, prefix).map(({ key }) => key);
  }

  #list(bucket: string, prefix: string): ObjectInfo[] {
    const start = `${bucket}/${prefix}`;
    const found = [...this.#objects].filter(([path]) => path.startsWith(start)).map(([, info]) => info);
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The store as a process sees it. */
  openFor(process: SimProcess): ObjectStore {
    const { world } = process;
    const later = <T>(run: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        world.after(world.random.int(1, 30), () => {
          if (!process.isAlive) return;
          try {
            const value = run();
            process.io(() => resolve(value));
          } catch (error) {
            process.io(() => reject(error as Error));
          }
        });
      });
    const get = (bucket: string, key: string): ObjectInfo => {
      const info = this.#objects.get(`${bucket}/${key}`);
      if (info === undefined) throw new ObjectNotFoundError(bucket, key);
      return info;
    };
    return {
      put: (bucket, key) => later(() => this.put(bucket, key, 1)),
      get: (bucket, key) => later(() => ({ ...get(bucket, key), stream: Readable.from([]) })),
      stat: (bucket, key) => later(() => this.#objects.get(`${bucket}/${key}`) ?? null),
      list: (bucket, { prefix, after, limit }) =>
        later(() =>
          this.#list(bucket, prefix)
            .filter(({ key }) => key > after)
            .slice(0, limit),
        ),
      copy: (bucket, from, to) => later(() => this.put(bucket, to, get(bucket, from).bytes)),
      remove: (bucket, keys) => later(() => keys.forEach((key) => void this.#objects.delete(`${bucket}/${key}`))),
    };
  }
}
