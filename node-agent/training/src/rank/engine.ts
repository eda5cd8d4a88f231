import { join } from 'node:path';
import type { Collective, RankNetwork } from '@trainer/actor';
import { catalogEntry, InvalidRequestError, nearestNames, CATALOG, type CatalogEntry } from '@trainer/model';
import { openXgboost } from '../engines/xgboost-library.js';
import { joinXgboostRanks, type JoinedEngines } from '../engines/xgboost-ranks.js';
import type { Learner, LearnerInit } from '../learners/learner.js';
import { createXgboostLearner } from '../learners/xgboost-learner.js';

/** An opened engine. */
export interface Engine {
  /** Name and version of its library, for the card. */
  readonly versions: Readonly<Record<string, string>>;
  createLearner(init: LearnerInit): Learner;
  /** Joins this rank's engine with the others'; before `createLearner`. */
  join(team: Collective, network: RankNetwork): Promise<JoinedEngines>;
}

/** @throws InvalidRequestError for a model that the catalog lacks. */
export function requireEntry(modelId: string): CatalogEntry {
  const entry = catalogEntry(modelId);
  if (entry) return entry;
  const ids = CATALOG.map((known) => known.modelId);
  const message = `${modelId} is not a model of this version; nearest: ${nearestNames(modelId, ids).join(', ')}`;
  throw new InvalidRequestError([{ path: ['model_id'], message, type: 'unknown' }]);
}

/** Opens the engine of a model. @throws EngineUnavailableError */
export async function openEngine(entry: CatalogEntry, nativeDir: string): Promise<Engine> {
  switch (entry.engine) {
    case 'xgboost': {
      const library = await openXgboost(join(nativeDir, 'xgboost'));
      return {
        versions: { xgboost: library.version },
        createLearner: (init) => createXgboostLearner(library, init),
        join: (team, network) => joinXgboostRanks(library, team, network),
      };
    }
  }
}
