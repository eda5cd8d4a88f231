import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { type Checkpoint, isTrainerError, type StoredFile, type TrainingAssignment } from '@trainer/model';
import type { ObjectAccess } from '@trainer/storage';
import type { ExportedFile } from '../artifacts/exported-model.js';
import { DatasetChangedError } from '../data/errors.js';
import { fetchDataset } from './fetch-dataset.js';
import type { CheckpointBytes, DatasetFile } from './rank-messages.js';
import { withStoreRetries, type RetryPorts } from './store-retries.js';

/** An attempt's reads and writes in the object store: the dataset and a checkpoint in, files under `attempts/{job}/{n}/` out. */
export class AttemptStore {
  constructor(
    private readonly store: Promise<ObjectAccess>,
    private readonly assignment: TrainingAssignment,
    private readonly scratchDir: string,
    private readonly retries: RetryPorts,
  ) {}

  /** Downloads the dataset as it was submitted. @throws DatasetChangedError when the key holds another object now, or none */
  downloadDataset(): Promise<DatasetFile> {
    return fetchDataset(this.store, this.assignment.dataset, this.scratchDir, this.retries);
  }

  /** Looks whether the key still holds what was submitted. @throws DatasetChangedError */
  async checkDataset(): Promise<void> {
    const { bucket, key, etag } = this.assignment.dataset;
    const found = await withStoreRetries(this.retries, async () => (await this.store).stat(bucket, key));
    if (found?.etag !== etag) throw new DatasetChangedError(key, found === null ? 'deleted' : 'overwritten');
  }

  /** @returns the bytes to resume from, or null where the stored object is gone or not what was stored. */
  async downloadCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array | null> {
    try {
      const bytes = await withStoreRetries(this.retries, async () => {
        const { stream } = await (await this.store).get(this.assignment.modelsBucket, checkpoint.file.key);
        return buffer(stream);
      });
      return createHash('sha256').update(bytes).digest('hex') === checkpoint.file.sha256 ? bytes : null;
    } catch (error) {
      if (codeOf(error) === 'object.not-found') return null;
      throw error;
    }
  }

  async putCheckpoint({ epoch, bytes, metrics }: CheckpointBytes): Promise<Checkpoint> {
    const key = this.#key(`checkpoint-${epoch}.ckpt`);
    await withStoreRetries(this.retries, async () => (await this.store).put(this.assignment.modelsBucket, key, bytes));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { epoch, metrics, file: { role: 'checkpoint', key, bytes: bytes.length, sha256, ending: '.ckpt' } };
  }

  /** Uploads the files of a model, side by side. */
  putFiles(files: readonly ExportedFile[]): Promise<StoredFile[]> {
    return Promise.all(
      files.map(async ({ role, path, bytes, sha256, ending }) => {
        const key = this.#key(`${this.assignment.artifactStem}${ending}`);
        await withStoreRetries(this.retries, async () => (await this.store).put(this.assignment.modelsBucket, key, createReadStream(path)));
        return { role, key, bytes, sha256, ending };
      }),
    );
  }

  #key(name: string): string {
    return `attempts/${this.assignment.job}/${this.assignment.attempt}/${name}`;
  }
}

function codeOf(error: unknown): string | null {
  return isTrainerError(error) ? String(error.code) : null;
}
