export { ObjectKeyInvalidError, ObjectNotFoundError, PreconditionFailedError, StoreFullError, StoreUnavailableError } from './errors.js';
export type { ByteSpan, ObjectBody, ObjectInfo, ObjectStore, ObjectVersion, StoredObject } from './object-store.js';
export { openObjectStore } from './open-object-store.js';
export type { ObjectStoreConfig } from './open-object-store.js';
export { makeFolders } from './folder/make-folders.js';
