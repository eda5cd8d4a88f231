import { ObjectNotFoundError, StoreFullError, StoreUnavailableError } from '../errors.js';

/** Codes of S3's errors (AWS' list of error responses, and MinIO's own with `XMinio`). */
const ABSENT = new Set(['NoSuchKey', 'NotFound', 'NoSuchBucket', 'NoSuchUpload']);
const FULL = new Set(['XMinioStorageFull', 'QuotaExceeded', 'XMinioAdminBucketQuotaExceeded', 'InsufficientStorage']);
const REFUSED = new Set(['AccessDenied', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidAccessKey']);

/** What is asked for is not there: the object, or its whole bucket. */
export function isAbsent(error: unknown): boolean {
  return ABSENT.has(codeOf(error));
}

export function isBucketMissing(error: unknown): boolean {
  return codeOf(error) === 'NoSuchBucket';
}

/** An error of the client or of its connection in the store's words. */
export function inWords(error: unknown, { endpoint, bucket, key }: { endpoint: string; bucket: string; key: string }): Error {
  const code = codeOf(error);
  if (isAbsent(error)) return new ObjectNotFoundError(bucket, key);
  if (FULL.has(code)) return new StoreFullError(key, endpoint, { cause: error });
  const what = REFUSED.has(code)
    ? `${endpoint} refuses the credentials for bucket ${bucket} (${code}): check MINIO_ACCESS_KEY and MINIO_SECRET_KEY, and what they may do there`
    : `${endpoint}: ${textOf(error)}`;
  return new StoreUnavailableError(what, { cause: error });
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Node tells of several addresses that refused by an error without a message. */
function textOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return (typeof message === 'string' && message !== '' ? message : codeOf(error)) || String(error);
}
