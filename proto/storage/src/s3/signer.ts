import { accessOf } from '@trainer/model';
import { ObjectKeyInvalidError } from '../errors.js';
import { checkBucket, checkKey } from '../object-key.js';
import { openClient, type S3Config } from './client.js';
import type { Sign } from './sign.js';

/** An address is asked for right before it is used; the rest is for clocks that differ. */
const GOOD_FOR_S = 600;

/** @returns what signs requests to the server with its password; it does not ask the server. */
export async function openSigner(config: S3Config): Promise<Sign> {
  const { client } = await openClient(config);
  return (request) => {
    const { method, bucket, key, query } = request;
    checkBucket(bucket);
    checkKey(key);
    if (accessOf(request) === null) throw new ObjectKeyInvalidError(key, `${method} with ${Object.keys(query).join()} is not signed`);
    return client.presignedUrl(method, bucket, key, GOOD_FOR_S, query);
  };
}
