import { TrainerError } from '@trainer/model';
import type { ObjectStoreConfig } from '@trainer/storage';

/** Reads the store's settings from the first message. @throws TrainerError `config.invalid` */
export function readStoreConfig(value: unknown): ObjectStoreConfig {
  const { kind, path } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (kind === 'folder' && typeof path === 'string') return { kind, path };
  throw new TrainerError('config.invalid', 'The agent gave no settings of the object store that this version knows.', { kind });
}
