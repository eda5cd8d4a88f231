import { TrainerError } from '@trainer/model';
import type { ObjectAccessConfig } from '@trainer/storage';

/** Reads how the store is reached from the first message. @throws TrainerError `config.invalid` */
export function readStoreConfig(value: unknown): ObjectAccessConfig {
  const { kind, path, silentMs } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (kind === 'folder' && typeof path === 'string') return { kind, path };
  if (kind === 'signed' && typeof silentMs === 'number') return { kind, silentMs };
  throw new TrainerError('config.invalid', 'The agent gave no settings of the object store that this version knows.', { kind });
}
