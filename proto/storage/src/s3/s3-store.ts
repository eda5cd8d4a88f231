import type http from 'node:http';
import { Readable } from 'node:stream';
import type { Client, CopyConditions } from 'minio';
import { ObjectNotFoundError, PreconditionFailedError } from '../errors.js';
import { checkBucket, checkKey } from '../object-key.js';
import type { ByteSpan, ObjectBody, ObjectInfo, ObjectStore, ObjectVersion, StoredObject } from '../object-store.js';
import { openClient, type S3Config } from './client.js';
import { bareEtag, infoOf } from './object-headers.js';
import { listObjects, type ListedObjects, type ListedPage } from './list-objects.js';
import { putInParts } from './put-in-parts.js';
import { inWords, isAbsent, isBucketMissing } from './s3-errors.js';

const REMOVED_AT_ONCE = 8;

/** Objects on an S3 server, such as MinIO. A bucket is created with its first object, where the credentials may do so. */
export async function openS3Store(config: S3Config): Promise<ObjectStore> {
  const { client, minio } = await openClient(config);
  return new S3Store(client, config.endpoint, () => new minio.CopyConditions());
}

class S3Store implements ObjectStore {
  constructor(
    private readonly client: Client,
    private readonly endpoint: string,
    private readonly conditions: () => CopyConditions,
  ) {}

  async put(bucket: string, key: string, body: ObjectBody): Promise<ObjectVersion> {
    check(bucket, key);
    const { client } = this;
    const stored = await putInParts(body, {
      whole: async (bytes) => (await this.#creating(bucket, key, () => client.putObject(bucket, key, bytes))).etag,
      begin: () => this.#creating(bucket, key, () => client.initiateNewMultipartUpload(bucket, key, {})),
      part: async (uploadID, partNumber, bytes) => {
        const config = { bucketName: bucket, objectName: key, uploadID, partNumber, headers: {} };
        return (await this.#asked(bucket, key, () => client.uploadPart(config, bytes))).etag;
      },
      complete: async (uploadID, etags) => {
        const parts = etags.map((etag, at) => ({ part: at + 1, etag }));
        return bareEtag((await this.#asked(bucket, key, () => client.completeMultipartUpload(bucket, key, uploadID, parts))).etag);
      },
      abort: (uploadID) => client.abortMultipartUpload(bucket, key, uploadID),
    });
    return { key, ...stored };
  }

  async get(bucket: string, key: string, options: { range?: ByteSpan; ifMatch?: string } = {}): Promise<StoredObject> {
    check(bucket, key);
    const { first, length } = options.range ? { first: options.range.first, length: lengthOf(options.range) } : { first: 0, length: 0 };
    const answer = (await this.#asked(bucket, key, () => this.client.getPartialObject(bucket, key, first, length))) as http.IncomingMessage;
    const info = infoOf(key, answer);
    if (options.ifMatch !== undefined && info.etag !== options.ifMatch) {
      answer.destroy();
      throw new PreconditionFailedError(bucket, key);
    }
    return { ...info, stream: Readable.from(this.#read(bucket, key, answer), { objectMode: false }) };
  }

  async stat(bucket: string, key: string): Promise<ObjectInfo | null> {
    check(bucket, key);
    return this.#asked(bucket, key, async () => {
      const found = await unlessAbsent(this.client.statObject(bucket, key));
      return found && { key, bytes: found.size, etag: bareEtag(found.etag), modifiedAt: found.lastModified.getTime() };
    });
  }

  async list(bucket: string, page: { prefix: string; after: string; limit: number }): Promise<readonly ObjectInfo[]> {
    checkBucket(bucket);
    return this.#asked(bucket, page.prefix, async () => {
      const found: ObjectInfo[] = [];
      let token: string | null = null;
      do {
        const asked: ListedPage = { ...page, limit: page.limit - found.length, token };
        const listed: ListedObjects | null = await unlessAbsent(listObjects(this.client, bucket, asked));
        found.push(...(listed?.objects ?? []));
        token = listed?.token ?? null;
      } while (token !== null && found.length < page.limit);
      return found;
    });
  }

  async copy(bucket: string, from: string, to: string): Promise<ObjectVersion> {
    checkKey(to);
    const source = await this.stat(bucket, from);
    if (source === null) throw new ObjectNotFoundError(bucket, from);
    const unchanged = this.conditions();
    unchanged.setMatchETag(source.etag);
    const copied = await this.#asked(bucket, to, () => this.client.copyObject(bucket, to, `/${bucket}/${from}`, unchanged));
    return { key: to, bytes: source.bytes, etag: bareEtag((copied as { etag?: string }).etag) };
  }

  async remove(bucket: string, keys: readonly string[]): Promise<void> {
    for (const key of keys) check(bucket, key);
    const left = [...keys];
    const one = async (): Promise<void> => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) {
        const removed = key;
        await this.#asked(bucket, removed, () => unlessAbsent(this.client.removeObject(bucket, removed)));
      }
    };
    await Promise.all(Array.from({ length: REMOVED_AT_ONCE }, one));
  }

  async *#read(bucket: string, key: string, answer: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* answer;
    } catch (error) {
      throw inWords(error, { endpoint: this.endpoint, bucket, key });
    }
  }

  async #asked<T>(bucket: string, key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw inWords(error, { endpoint: this.endpoint, bucket, key });
    }
  }

  /** Creates the bucket where it is missing, and asks again: somebody else may just have created it. */
  async #creating<T>(bucket: string, key: string, work: () => Promise<T>): Promise<T> {
    return this.#asked(bucket, key, async () => {
      try {
        return await work();
      } catch (error) {
        if (!isBucketMissing(error)) throw error;
      }
      const refused = await this.client.makeBucket(bucket).then(
        () => null,
        (error: unknown) => error,
      );
      try {
        return await work();
      } catch (error) {
        throw isBucketMissing(error) ? (refused ?? error) : error;
      }
    });
  }
}

function check(bucket: string, key: string): void {
  checkBucket(bucket);
  checkKey(key);
}

function lengthOf({ first, last }: ByteSpan): number {
  return last - first + 1;
}

async function unlessAbsent<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
