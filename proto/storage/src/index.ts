export { ObjectKeyInvalidError, ObjectNotFoundError, PreconditionFailedError, StoreFullError, StoreUnavailableError } from './errors.js';
export type { ByteSpan, ObjectAccess, ObjectBody, ObjectInfo, ObjectStore, ObjectVersion, StoredObject } from './object-store.js';
export { accessConfigOf, openObjectAccess, openObjectStore } from './open-object-store.js';
export type { FolderConfig, ObjectAccessConfig, ObjectStoreConfig } from './open-object-store.js';
export type { S3Config } from './s3/client.js';
export type { Sign } from './s3/sign.js';
export { openSigner } from './s3/signer.js';
export { makeFolders } from './folder/make-folders.js';
