import type { Readable } from 'node:stream';

/** What was stored under a key. */
export interface ObjectVersion {
  readonly key: string;
  readonly bytes: number;
  /** Differs between any two versions of a key whose bytes differ; opaque. */
  readonly etag: string;
}

/** An object as the store lists it. */
export interface ObjectInfo extends ObjectVersion {
  /** Milliseconds since 1970, UTC. */
  readonly modifiedAt: number;
}

/** An object being read; a stream that is not read to its end must be destroyed. */
export interface StoredObject extends ObjectInfo {
  readonly stream: Readable;
}

/** What can be stored: bytes, or a stream of them, such as a Readable. */
export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>;

/** Inclusive offsets. */
export interface ByteSpan {
  readonly first: number;
  readonly last: number;
}

/**
 * Objects by bucket and key, as S3 has them. A bucket comes to be with its first object. Every method throws
 * `ObjectKeyInvalidError` for a key that would leave its bucket, `StoreFullError` where no room is left, and
 * `StoreUnavailableError` where the store can't be reached.
 */
export interface ObjectStore {
  /**
   * Stores the body under the key, visible only when whole; the memory it takes does not grow with the body. Repeating it is
   * harmless. A body that errors leaves nothing, and its error is thrown.
   */
  put(bucket: string, key: string, body: ObjectBody): Promise<ObjectVersion>;
  /** @throws ObjectNotFoundError; PreconditionFailedError when `ifMatch` is not the object's etag */
  get(bucket: string, key: string, options?: { readonly range?: ByteSpan; readonly ifMatch?: string }): Promise<StoredObject>;
  /** @returns null when there is none. */
  stat(bucket: string, key: string): Promise<ObjectInfo | null>;
  /** Objects whose key starts with `prefix` and comes after `after`, in the order of their keys, at most `limit`. */
  list(bucket: string, page: { readonly prefix: string; readonly after: string; readonly limit: number }): Promise<readonly ObjectInfo[]>;
  /** Copies within a bucket, inside the store, replacing what was there. @throws ObjectNotFoundError */
  copy(bucket: string, from: string, to: string): Promise<ObjectVersion>;
  /** Idempotent; reads that run go on. */
  remove(bucket: string, keys: readonly string[]): Promise<void>;
}

/** What a process that works on single objects needs of a store. */
export type ObjectAccess = Pick<ObjectStore, 'put' | 'get' | 'stat'>;
