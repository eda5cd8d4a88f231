import { copyFile, open, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { randomBytes, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { ObjectNotFoundError, PreconditionFailedError, StoreFullError, StoreUnavailableError } from '../errors.js';
import { checkBucket } from '../object-key.js';
import type { ByteSpan, ObjectBody, ObjectInfo, ObjectStore, ObjectVersion, StoredObject } from '../object-store.js';
import { pathOfKey } from './key-path.js';
import { listFolder } from './list-folder.js';
import { removeAbandonedDrafts } from './drafts.js';
import { makeFolders } from './make-folders.js';

/** Where unfinished uploads lie; the same file system as the objects, so that a rename is all it takes. */
const DRAFTS = '.drafts';
/** How often a folder that another process removed meanwhile is made again. */
const RENAME_TRIES = 5;

/**
 * An object store in a folder, for processes of one machine: a file an object, written under a temporary name, made durable,
 * then renamed. A file that somebody else puts there is an object too. Unfinished uploads of processes that are gone are removed.
 * @throws StoreUnavailableError when the folder can't be made
 */
export async function openFolderStore(path: string): Promise<ObjectStore> {
  return translated(path, path, async () => {
    await makeFolders(join(path, DRAFTS));
    await removeAbandonedDrafts(join(path, DRAFTS));
    return new FolderStore(path);
  });
}

class FolderStore implements ObjectStore {
  #lastStampUs = 0;

  constructor(private readonly root: string) {}

  async put(bucket: string, key: string, body: ObjectBody): Promise<ObjectVersion> {
    const file = this.#fileOf(bucket, key);
    const draft = this.#draft();
    const handle = await this.#translated(key, () => open(draft, 'wx', 0o600));
    let version: ObjectVersion;
    try {
      try {
        // Only what the disk says is translated: an error of the body is its own.
        for await (const chunk of body instanceof Uint8Array ? [body] : body) await this.#translated(key, () => writeAll(handle, chunk));
        version = await this.#translated(key, () => this.#seal(key, handle));
      } finally {
        await handle.close();
      }
      await this.#translated(key, () => this.#publish(draft, file));
      return version;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /**
   * Makes a draft a version of its own, on disk: its time is a microsecond that this process gives to no other. The file
   * system's own time stands still for milliseconds, in which an object can be replaced twice.
   * @returns the version; once it has its name, another one may take that
   */
  async #seal(key: string, handle: FileHandle): Promise<ObjectVersion> {
    this.#lastStampUs = Math.max(this.#lastStampUs + 1, Date.now() * 1000 + (randomBytes(2).readUInt16BE() % 1000));
    // Half a microsecond more: Node takes seconds as a fraction and cuts them to microseconds, which made neighbours equal.
    const seconds = (this.#lastStampUs + 0.5) / 1e6;
    await handle.utimes(seconds, seconds);
    await handle.sync();
    const { bytes, etag } = infoOf(key, await handle.stat({ bigint: true }));
    return { key, bytes, etag };
  }

  async get(bucket: string, key: string, options: { range?: ByteSpan; ifMatch?: string } = {}): Promise<StoredObject> {
    const file = this.#fileOf(bucket, key);
    const handle = await this.#translated(key, () => openOrNull(file));
    if (handle === null) throw new ObjectNotFoundError(bucket, key);
    try {
      const info = infoOf(key, await handle.stat({ bigint: true }));
      if (options.ifMatch !== undefined && options.ifMatch !== info.etag) throw new PreconditionFailedError(bucket, key);
      const span = options.range === undefined ? {} : { start: options.range.first, end: options.range.last };
      return { ...info, stream: handle.createReadStream({ ...span, highWaterMark: 2 ** 18 }) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async stat(bucket: string, key: string): Promise<ObjectInfo | null> {
    const file = this.#fileOf(bucket, key);
    return this.#translated(key, async () => {
      const found = await unlessAbsent(stat(file, { bigint: true }));
      return found?.isFile() ? infoOf(key, found) : null;
    });
  }

  async list(bucket: string, page: { prefix: string; after: string; limit: number }): Promise<readonly ObjectInfo[]> {
    const folder = join(this.root, checkBucket(bucket));
    return this.#translated(bucket, async () => {
      const found: ObjectInfo[] = [];
      for await (const { key, file } of listFolder(folder, page)) {
        const stats = await unlessAbsent(stat(file, { bigint: true }));
        if (stats?.isFile()) found.push(infoOf(key, stats));
        if (found.length >= page.limit) break;
      }
      return found;
    });
  }

  async copy(bucket: string, from: string, to: string): Promise<ObjectVersion> {
    const [source, target] = [this.#fileOf(bucket, from), this.#fileOf(bucket, to)];
    return this.#translated(to, async () => {
      const draft = this.#draft();
      try {
        if ((await unlessAbsent(copyFile(source, draft).then(() => true))) === null) throw new ObjectNotFoundError(bucket, from);
        const handle = await open(draft, 'r+');
        const version = await this.#seal(to, handle).finally(() => handle.close());
        await this.#publish(draft, target);
        return version;
      } finally {
        await rm(draft, { force: true });
      }
    });
  }

  async remove(bucket: string, keys: readonly string[]): Promise<void> {
    const bucketFolder = join(this.root, checkBucket(bucket));
    for (const key of keys) {
      const file = this.#fileOf(bucket, key);
      await this.#translated(key, () => rm(file, { force: true }));
      for (let folder = dirname(file); folder !== bucketFolder; folder = dirname(folder)) {
        if (
          !(await rmdir(folder).then(
            () => true,
            () => false,
          ))
        )
          break; // it holds other objects, or is gone
      }
    }
  }

  #translated<T>(key: string, work: () => Promise<T>): Promise<T> {
    return translated(this.root, key, work);
  }

  #fileOf(bucket: string, key: string): string {
    return join(this.root, checkBucket(bucket), pathOfKey(key));
  }

  #draft(): string {
    return join(this.root, DRAFTS, `${process.pid}-${randomUUID()}`);
  }

  /** Gives a whole, durable draft its name. A folder may vanish between its making and the rename: `remove` tidies up. */
  async #publish(draft: string, file: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await makeFolders(dirname(file), this.root);
        await rename(draft, file);
        break;
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt === RENAME_TRIES) throw error;
      }
    }
    // Folders that were just made are on disk only when their own folders are.
    for (let folder = dirname(file); folder.length >= this.root.length; folder = dirname(folder)) await syncFolder(folder);
  }
}

/** The version of a file; `#seal` and the size tell any two apart, and an edit by hand changes the time. */
function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  const etag = [stats.mtimeNs, stats.size].map((part) => part.toString(36)).join('-');
  return { key, bytes: Number(stats.size), etag, modifiedAt: Math.floor(Number(stats.mtimeMs)) };
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done);
    done += bytesWritten;
  }
}

async function openOrNull(file: string): Promise<FileHandle | null> {
  const handle = await unlessAbsent(open(file, 'r'));
  if (handle !== null && !(await handle.stat()).isFile()) {
    await handle.close();
    return null;
  }
  return handle;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await unlessAbsent(open(folder, 'r')); // it may be removed meanwhile, with its last object
  await handle?.sync().finally(() => handle.close());
}

async function unlessAbsent<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/** The system's code of an error, such as `ENOENT`; told by its shape, as errors of another realm are no `Error` of ours. */
function codeOf(error: unknown): string | null {
  return isSystemError(error) ? error.code : null;
}

function isSystemError(error: unknown): error is { code: string; syscall: string; message: string } {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

/** Says the file system's failures in the store's words; errors of a body that is being stored pass as they are. */
async function translated<T>(root: string, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT') throw new StoreFullError(key, root, { cause: error });
    throw new StoreUnavailableError(error.message, { cause: error });
  }
}
