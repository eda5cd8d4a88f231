import { CATALOG, catalogEntry, InvalidRequestError, nearestNames, type CatalogEntry } from '@trainer/model';
import { LEARNER_FILES } from '../gen/learner-files.js';
import type { Engine } from './learner.js';

/** @throws InvalidRequestError for a model that the catalog of this version lacks. */
export function requireEntry(modelId: string): CatalogEntry {
  const entry = catalogEntry(modelId);
  if (entry) return entry;
  const ids = CATALOG.map((known) => known.modelId);
  const message = `${modelId} is not a model of this version; nearest: ${nearestNames(modelId, ids).join(', ')}`;
  throw new InvalidRequestError([{ path: ['model_id'], message, type: 'unknown' }]);
}

/** Opens what trains the models of an entry's family. @throws EngineUnavailableError */
export async function openEngine({ family }: CatalogEntry, nativeDir: string): Promise<Engine> {
  const file = await LEARNER_FILES[family]();
  return file.openEngine(nativeDir);
}
