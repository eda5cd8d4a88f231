import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isTrainerError } from '@trainer/model';
import type { ObjectAccess } from '@trainer/storage';
import { DatasetChangedError } from '../data/errors.js';
import { asDiskError } from './disk-full.js';
import type { DatasetFile } from './rank-messages.js';
import { withStoreRetries, type RetryPorts } from './store-retries.js';

/**
 * Downloads a dataset as it was when it had this etag. Its file's name is a hash, so that no key of a user is one.
 * @throws DatasetChangedError when the key holds another object now, or none
 */
export async function fetchDataset(
  store: Promise<ObjectAccess>,
  { bucket, key, etag }: { readonly bucket: string; readonly key: string; readonly etag: string },
  folder: string,
  retries: RetryPorts,
): Promise<DatasetFile> {
  const path = join(folder, `dataset-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`);
  const fingerprint = await withStoreRetries(retries, async () => {
    const hash = createHash('sha256');
    const { stream } = await (await store).get(bucket, key, { ifMatch: etag }).catch((error: unknown) => {
      throw changedDataset(error, key);
    });
    await pipeline(stream, hashedBy(hash), createWriteStream(path)).catch((error: unknown) => {
      throw asDiskError(error, folder);
    });
    return `sha256:${hash.digest('hex')}`;
  });
  return { path, fingerprint };
}

/** The same bytes, which the hash sees on their way. */
function hashedBy(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}

function changedDataset(error: unknown, key: string): unknown {
  const code = isTrainerError(error) ? String(error.code) : null;
  if (code === 'object.precondition-failed') return new DatasetChangedError(key, 'overwritten', { cause: error });
  return code === 'object.not-found' ? new DatasetChangedError(key, 'deleted', { cause: error }) : error;
}
