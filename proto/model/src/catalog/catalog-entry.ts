import type { TaskType } from '../train-request.js';
import type { HyperparameterSchema } from './hyperparameters.js';
import type { ModelMemory } from './memory.js';

/** A model of the catalog, as data. */
export interface CatalogEntry {
  readonly modelId: string;
  readonly task: TaskType;
  /** Engine that trains it; where the engine is absent on a node, the model can't be trained there. */
  readonly engine: 'xgboost';
  readonly about: string;
  readonly hyperparameters: HyperparameterSchema;
  /** How it is spread over ranks; null: one rank. */
  readonly distribution: string | null;
  /** Rows it takes at most. */
  readonly maxRows: number;
  readonly memory: ModelMemory;
  readonly formats: readonly string[];
  /** Does an epoch's early stopping apply (models.md)? */
  readonly earlyStopping: boolean;
}
