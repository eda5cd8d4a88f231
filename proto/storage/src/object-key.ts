import { ObjectKeyInvalidError } from './errors.js';

/** S3's limit, of UTF-8. */
const MAX_KEY_BYTES = 1024;

/** A key of any store: no part of it leads out of its bucket. @throws ObjectKeyInvalidError */
export function checkKey(key: string): string {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > MAX_KEY_BYTES) throw new ObjectKeyInvalidError(key, `a key has 1 to ${MAX_KEY_BYTES} bytes of UTF-8`);
  if (Buffer.from(key).toString() !== key) throw new ObjectKeyInvalidError(key, 'it has half of a surrogate pair');
  if (key.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw new ObjectKeyInvalidError(key, "it has an empty part, '.' or '..' between slashes");
  return key;
}

/** @throws ObjectKeyInvalidError */
export function checkBucket(bucket: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket))
    throw new ObjectKeyInvalidError(bucket, 'a bucket has 2 to 63 small letters, digits, dots and dashes');
  return bucket;
}
