import { openFolderStore } from './folder/folder-store.js';
import type { ObjectStore } from './object-store.js';

/** Which store, as plain data that travels to actor processes. */
export interface ObjectStoreConfig {
  readonly kind: 'folder';
  /** Absolute; shared by the processes of one machine. */
  readonly path: string;
}

/** @throws StoreUnavailableError when it can't be used */
export function openObjectStore(config: ObjectStoreConfig): Promise<ObjectStore> {
  return openFolderStore(config.path);
}
