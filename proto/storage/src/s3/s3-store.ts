import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import type { Client, CopyConditions } from 'minio';
import { ObjectNotFoundError, PreconditionFailedError } from '../errors.js';
import { checkBucket, checkKey } from '../object-key.js';
import type { ByteSpan, ObjectBody, ObjectInfo, ObjectStore, ObjectVersion, StoredObject } from '../object-store.js';
import { boundedTransport } from './bounded-transport.js';
import { cutToParts } from './cut-to-parts.js';
import { bareEtag } from './etag.js';
import { listObjects, type ListedObjects, type ListedPage } from './list-objects.js';
import { inWords, isAbsent, isBucketMissing } from './s3-errors.js';

/** An S3 server, and who asks it. */
export interface S3Config {
  readonly kind: 's3';
  /** http(s)://host:port */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** How long a connection may be silent before what is asked over it fails. */
  readonly silentMs: number;
}

/** What an upload holds in memory; with S3's most parts, 10,000, an object has at most 78 GiB. */
const PART_BYTES = 8 * 2 ** 20;
/** Of one process: uploads, downloads, and the short requests beside them. */
const MOST_CONNECTIONS = 64;
const REMOVED_AT_ONCE = 8;

/** Objects on an S3 server, such as MinIO. A bucket is created with its first object, where the credentials may do so. */
export async function openS3Store(config: S3Config): Promise<ObjectStore> {
  // Loaded where it is used alone: it takes tens of milliseconds.
  const minio = await import('minio');
  const { hostname, port, protocol } = new URL(config.endpoint);
  const isSecure = protocol === 'https:';
  const client = new minio.Client({
    endPoint: hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    useSSL: isSecure,
    region: config.region,
    accessKey: config.accessKey,
    secretKey: config.secretKey,
    partSize: PART_BYTES,
    transport: boundedTransport(isSecure, config.silentMs),
    transportAgent: new (isSecure ? https : http).Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS }),
    // Whoever asks knows better whether to try again.
    retryOptions: { disableRetry: true },
  });
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
    const parts = cutToParts(body, PART_BYTES);
    try {
      const [first, second] = [await parts.next(), await parts.next()];
      if (first.done || second.done) return await this.#putWhole(bucket, key, first.value ?? Buffer.alloc(0));
      return await this.#putParts(bucket, key, chained([first.value, second.value], parts));
    } finally {
      await parts.return();
    }
  }

  async #putWhole(bucket: string, key: string, bytes: Buffer): Promise<ObjectVersion> {
    const { etag } = await this.#creating(bucket, key, () => this.client.putObject(bucket, key, bytes));
    return { key, bytes: bytes.length, etag };
  }

  /** Of an upload of its own: two at once to one key don't mix. */
  async #putParts(bucket: string, key: string, parts: AsyncIterable<Buffer>): Promise<ObjectVersion> {
    const uploadID = await this.#creating(bucket, key, () => this.client.initiateNewMultipartUpload(bucket, key, {}));
    try {
      const stored: { part: number; etag: string }[] = [];
      let bytes = 0;
      for await (const part of parts) {
        const config = { bucketName: bucket, objectName: key, uploadID, partNumber: stored.length + 1, headers: {} };
        stored.push(await this.#asked(bucket, key, () => this.client.uploadPart(config, part)));
        bytes += part.length;
      }
      const whole = await this.#asked(bucket, key, () => this.client.completeMultipartUpload(bucket, key, uploadID, stored));
      return { key, bytes, etag: bareEtag(whole.etag) };
    } catch (error) {
      await this.client.abortMultipartUpload(bucket, key, uploadID).catch(() => undefined); // the server drops it in time
      throw error;
    }
  }

  async get(bucket: string, key: string, options: { range?: ByteSpan; ifMatch?: string } = {}): Promise<StoredObject> {
    check(bucket, key);
    const { first, length } = options.range ? { first: options.range.first, length: lengthOf(options.range) } : { first: 0, length: 0 };
    const answer = (await this.#asked(bucket, key, () => this.client.getPartialObject(bucket, key, first, length))) as http.IncomingMessage;
    const { etag, 'last-modified': modified, 'content-length': sent, 'content-range': range } = answer.headers;
    if (options.ifMatch !== undefined && bareEtag(etag) !== options.ifMatch) {
      answer.destroy();
      throw new PreconditionFailedError(bucket, key);
    }
    return {
      key,
      bytes: Number(range?.split('/')[1] ?? sent),
      etag: bareEtag(etag),
      modifiedAt: Date.parse(modified ?? ''),
      stream: Readable.from(this.#read(bucket, key, answer), { objectMode: false }),
    };
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

async function* chained(first: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* rest;
}

async function unlessAbsent<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
