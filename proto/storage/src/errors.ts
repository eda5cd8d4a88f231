import { TrainerError } from '@trainer/model';

export class ObjectNotFoundError extends TrainerError<'object.not-found', { bucket: string; key: string }> {
  constructor(bucket: string, key: string) {
    super('object.not-found', `${key} not found in bucket ${bucket}`, { bucket, key });
  }
}

/** The object is not the one that was meant: it was overwritten. */
export class PreconditionFailedError extends TrainerError<'object.precondition-failed', { bucket: string; key: string }> {
  constructor(bucket: string, key: string) {
    super('object.precondition-failed', `${key} in bucket ${bucket} was overwritten`, { bucket, key });
  }
}

export class ObjectKeyInvalidError extends TrainerError<'object.key-invalid', { key: string }> {
  constructor(key: string, why: string) {
    super('object.key-invalid', `'${key.slice(0, 100)}' can't be an object's key: ${why}.`, { key: key.slice(0, 100) });
  }
}

export class StoreFullError extends TrainerError<'store.full', { key: string; place: string }> {
  /** @param place where the store lies */
  constructor(key: string, place: string, options: { cause: unknown }) {
    super(
      'store.full',
      `The disk of the object store (${place}) is full, and ${key} was not stored: free some room and try again.`,
      { key, place },
      'same',
      options,
    );
  }
}

export class StoreUnavailableError extends TrainerError<'store.unavailable', { reason: string }> {
  constructor(reason: string, options: { cause: unknown }) {
    super('store.unavailable', `The object store can't be used: ${reason}`, { reason }, 'same', options);
  }
}
