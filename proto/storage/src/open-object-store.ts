import { openFolderStore } from './folder/folder-store.js';
import type { ObjectAccess, ObjectStore } from './object-store.js';
import type { S3Config } from './s3/client.js';
import type { Sign } from './s3/sign.js';

export interface FolderConfig {
  readonly kind: 'folder';
  /** Absolute; shared by the processes of one machine. */
  readonly path: string;
}

/** Which store, with all that it asks for. */
export type ObjectStoreConfig = FolderConfig | S3Config;

/** Which store, as an actor's process is told it: without a password. */
export type ObjectAccessConfig =
  | FolderConfig
  | {
      /** An S3 server; the agent signs each request. */
      readonly kind: 'signed';
      readonly silentMs: number;
    };

/** @throws StoreUnavailableError when it can't be used */
export async function openObjectStore(config: ObjectStoreConfig): Promise<ObjectStore> {
  if (config.kind === 'folder') return openFolderStore(config.path);
  const { openS3Store } = await import('./s3/s3-store.js');
  return openS3Store(config);
}

/** @returns what an actor's process may be told of the store */
export function accessConfigOf(config: ObjectStoreConfig): ObjectAccessConfig {
  return config.kind === 'folder' ? config : { kind: 'signed', silentMs: config.silentMs };
}

/** @throws StoreUnavailableError when it can't be used */
export async function openObjectAccess(config: ObjectAccessConfig, sign: Sign): Promise<ObjectAccess> {
  if (config.kind === 'folder') return openFolderStore(config.path);
  const { openSignedStore } = await import('./s3/signed-store.js');
  return openSignedStore(sign, config.silentMs);
}
