import { accessOf } from '@trainer/model';
import { ObjectKeyInvalidError } from '../errors.js';
import { checkBucket, checkKey } from '../object-key.js';
import { openClient, type S3Config } from './client.js';
import { inWords } from './s3-errors.js';
import type { Sign } from './sign.js';

/** An address is asked for right before it is used; the rest is for clocks that differ. */
const GOOD_FOR_S = 600;

/** @returns what signs requests to the server with its password; a bucket that is to be written to is created where it is missing. */
export async function openSigner(config: S3Config): Promise<Sign> {
  const { client } = await openClient(config);
  /** Buckets that are there. */
  const found = new Map<string, Promise<void>>();
  const ensure = async (bucket: string): Promise<void> => {
    if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket);
  };
  const ensureOnce = (bucket: string, key: string): Promise<void> => {
    const ensuring =
      found.get(bucket) ??
      ensure(bucket).catch((error: unknown) => {
        found.delete(bucket);
        throw inWords(error, { endpoint: config.endpoint, bucket, key });
      });
    found.set(bucket, ensuring);
    return ensuring;
  };
  return async (request) => {
    const { method, bucket, key, query } = request;
    checkBucket(bucket);
    checkKey(key);
    const access = accessOf(request);
    if (access === null) throw new ObjectKeyInvalidError(key, `${method} with ${Object.keys(query).join()} is not signed`);
    if (access === 'write') await ensureOnce(bucket, key);
    return client.presignedUrl(method, bucket, key, GOOD_FOR_S, query);
  };
}
