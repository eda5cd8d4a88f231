import { hasClasses, type CatalogEntry, type HyperparameterValues, type ModelFamily } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { noiseTable } from '../harness/slow-training.js';
import { RankGround } from './gang-of-processes.js';

type Shape = Parameters<typeof noiseTable>[0];
/** A table, and the hyperparameters that differ from the defaults. */
export interface MemoryCase {
  readonly shape: Shape;
  readonly values: HyperparameterValues;
}

/** Small and large, narrow and wide; classes where the task has any. */
const SMALL: Shape = { rows: 200, columns: 3, classes: 2 };
const CLASSES: Shape = { rows: 5_000, columns: 10, classes: 26 };
const WIDE: Shape = { rows: 10_000, columns: 100, classes: 2 };
const LONG: Shape = { rows: 60_000, columns: 20, classes: 3 };
/** Hyperparameters under which a family takes other memory than by default, with tables on which they do. */
const VARIANTS: Partial<Readonly<Record<ModelFamily, readonly MemoryCase[]>>> = {
  xgboost: [
    { shape: WIDE, values: { max_depth: 8 } },
    { shape: LONG, values: { max_depth: 8 } },
  ],
  lightgbm: [
    { shape: WIDE, values: { num_leaves: 1_000, min_child_samples: 500, n_estimators: 20 } },
    { shape: LONG, values: { num_leaves: 255 } },
  ],
  linear: [{ shape: { rows: 500, columns: 2_000, classes: 2 }, values: {} }],
  mlp: [{ shape: SMALL, values: { hidden_layer_sizes: [1024, 1024] } }],
  logistic: [{ shape: { rows: 2_000, columns: 500, classes: 26 }, values: { max_iter: 20 } }],
};

const withDefaults = (shapes: readonly Shape[]): MemoryCase[] => shapes.map((shape) => ({ shape, values: {} }));

/** Those that are quick enough for every run of the tests. */
export function memoryCases({ family }: CatalogEntry): readonly MemoryCase[] {
  return [...withDefaults([SMALL, CLASSES]), ...(VARIANTS[family] ?? [])];
}

/** All of them. */
export function longMemoryCases(entry: CatalogEntry): readonly MemoryCase[] {
  return [...withDefaults([WIDE, LONG]), ...memoryCases(entry)];
}

/**
 * Trains by one process of its own.
 * @returns its peak as a share of what the catalog estimates. @throws unless it trained to its end
 */
export async function peakShare(entry: CatalogEntry, { shape, values }: MemoryCase): Promise<number> {
  const table = { ...shape, classes: hasClasses(entry.task) ? shape.classes : 0 };
  const ground = await RankGround.open(noiseTable(entry.task === 'regression' ? table : shape));
  try {
    const { modelId, task: taskType } = entry;
    const request = aTrainRequest({ modelId, taskType, epochs: 10, earlyStopping: false, hyperparameters: values });
    const [end] = await ground.run({ ranks: 1, request });
    const last = end?.reports.at(-1);
    if (end === undefined || last?.kind !== 'result') throw new Error(`${modelId} did not train: ${JSON.stringify(last)}`);
    const defaults = Object.fromEntries(Object.entries(entry.parameters.known).map(([name, known]) => [name, known.default]));
    return end.peakBytes / entry.limits(table, { ...defaults, ...values }).memoryBytes;
  } finally {
    await ground.close();
  }
}
