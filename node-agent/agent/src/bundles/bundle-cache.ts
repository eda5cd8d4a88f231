import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TrainerError, type BundleHash } from '@trainer/model';

/** Where bundles come from, by hash. @throws what the head says, such as `bundle.unknown` */
export interface BundleSource {
  fetch(hash: BundleHash, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** What came is not what the hash names. */
export class BundleHashError extends TrainerError<'bundle.hash', { hash: string; got: string }> {
  constructor(hash: string, got: string) {
    super(
      'bundle.hash',
      `The bundle ${hash.slice(0, 12)} arrived damaged (its hash is ${got.slice(0, 12)}); create the actor again.`,
      { hash, got },
      'same',
    );
  }
}

export class BundleTooLargeError extends TrainerError<'bundle.too-large', { hash: string; limitBytes: number }> {
  constructor(hash: string, limitBytes: number) {
    super('bundle.too-large', `The bundle ${hash.slice(0, 12)} is above ${limitBytes / 2 ** 20} MiB.`, { hash, limitBytes });
  }
}

export interface BundleLimits {
  /** Of one bundle: twice what clients may upload. */
  readonly bundleBytes: number;
  /** Of the folder: the least recently used go first. */
  readonly cacheBytes: number;
  /** A fetch that takes longer is given up. */
  readonly fetchMs: number;
}

export const BUNDLE_LIMITS: BundleLimits = { bundleBytes: 64 * 2 ** 20, cacheBytes: 512 * 2 ** 20, fetchMs: 60_000 };

const ENDING = '.mjs';

/** Bundles of user code in a folder, by hash; what lies there was checked when it came. */
export class BundleCache {
  readonly #folder: string;
  readonly #source: BundleSource;
  readonly #limits: BundleLimits;
  readonly #fetching = new Map<BundleHash, Promise<void>>();
  /** Milliseconds since 1970 that the newest use was marked with. */
  #lastUse = 0;

  constructor(folder: string, source: BundleSource, limits: BundleLimits = BUNDLE_LIMITS) {
    this.#folder = folder;
    this.#source = source;
    this.#limits = limits;
  }

  /**
   * @returns the URL of the bundle's file, fetched if it is not there; at once for several who ask together
   * @throws BundleHashError, BundleTooLargeError, what the source throws
   */
  async ensure(hash: BundleHash): Promise<string> {
    const file = join(this.#folder, `${hash}${ENDING}`);
    if (!(await this.#markUsed(file))) {
      const fetching = this.#fetching.get(hash) ?? this.#fetch(hash, file).finally(() => this.#fetching.delete(hash));
      this.#fetching.set(hash, fetching);
      await fetching;
    }
    return pathToFileURL(file).href;
  }

  async #fetch(hash: BundleHash, file: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const partial = `${file}.partial`;
    try {
      const target = await open(partial, 'w', 0o600);
      const sha256 = createHash('sha256');
      try {
        await this.#receive(hash, target, sha256);
      } finally {
        await target.close();
      }
      const got = sha256.digest('hex');
      if (got !== hash) throw new BundleHashError(hash, got);
      await this.#makeRoom((await stat(partial)).size);
      await this.#markUsed(partial);
      await rename(partial, file);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async #receive(hash: BundleHash, target: FileHandle, sha256: Hash): Promise<void> {
    let bytes = 0;
    for await (const chunk of this.#source.fetch(hash, AbortSignal.timeout(this.#limits.fetchMs))) {
      bytes += chunk.length;
      if (bytes > this.#limits.bundleBytes) throw new BundleTooLargeError(hash, this.#limits.bundleBytes);
      sha256.update(chunk);
      // Not `write`: a disk that becomes full takes a part of it, and says nothing.
      await target.appendFile(chunk);
    }
  }

  /**
   * Marks the file as just used, later than every one before: a time of the system's own has another grain, and two uses may
   * fall into one millisecond. @returns whether it is there
   */
  async #markUsed(file: string): Promise<boolean> {
    this.#lastUse = Math.max(Date.now(), this.#lastUse + 1);
    const now = new Date(this.#lastUse);
    try {
      await utimes(file, now, now);
      return true;
    } catch {
      return false;
    }
  }

  /** Processes that run have read their bundles: a file may go at any time. */
  async #makeRoom(bytes: number): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(ENDING));
    const files = await Promise.all(names.map(async (name) => ({ name, ...(await stat(join(this.#folder, name))) })));
    let total = files.reduce((sum, { size }) => sum + size, bytes);
    for (const { name, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (total <= this.#limits.cacheBytes) return;
      await rm(join(this.#folder, name), { force: true });
      total -= size;
    }
  }
}
