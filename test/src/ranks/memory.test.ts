import { describe, expect, test } from '@jest/globals';
import { CATALOG, hasClasses, type HyperparameterValues, type ModelFamily } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { noiseTable } from '../harness/index.js';
import { RankGround } from './gang-of-processes.js';

type Shape = Parameters<typeof noiseTable>[0];
/** Small and large, narrow and wide; classes where the task has any. */
const SMALL: Shape = { rows: 200, columns: 3, classes: 2 };
const CLASSES: Shape = { rows: 5_000, columns: 10, classes: 26 };
const WIDE: Shape = { rows: 10_000, columns: 100, classes: 2 };
const LONG: Shape = { rows: 60_000, columns: 20, classes: 3 };
/** Hyperparameters under which a family takes other memory than by default, with tables on which they do. */
const VARIANTS: Partial<Readonly<Record<ModelFamily, readonly [Shape, HyperparameterValues][]>>> = {
  xgboost: [
    [WIDE, { max_depth: 8 }],
    [LONG, { max_depth: 8 }],
  ],
  lightgbm: [
    [WIDE, { num_leaves: 1_000, min_child_samples: 500, n_estimators: 20 }],
    [LONG, { num_leaves: 255 }],
  ],
  linear: [[{ rows: 500, columns: 2_000, classes: 2 }, {}]],
  mlp: [[SMALL, { hidden_layer_sizes: [1024, 1024] }]],
  logistic: [[{ rows: 2_000, columns: 500, classes: 26 }, { max_iter: 20 }]],
};

describe.each(CATALOG)('a rank that trains $modelId', (entry) => {
  const cases = [...[SMALL, CLASSES, WIDE, LONG].map((shape) => [shape, {}] as const), ...(VARIANTS[entry.family] ?? [])];
  test.each(cases)(
    'on %j with %j takes no more memory than is estimated, and no less than half of it',
    async (shape, values) => {
      const table = { ...shape, classes: hasClasses(entry.task) ? shape.classes : 0 };
      const ground = await RankGround.open(noiseTable(entry.task === 'regression' ? table : shape));
      try {
        const { modelId, task: taskType } = entry;
        const request = aTrainRequest({ modelId, taskType, epochs: 10, earlyStopping: false, hyperparameters: values });
        const [end] = await ground.run({ ranks: 1, request });
        expect(end?.reports.at(-1)?.kind).toBe('result');
        const defaults = Object.fromEntries(Object.entries(entry.parameters.known).map(([name, known]) => [name, known.default]));
        const share = (end?.peakBytes ?? NaN) / entry.limits(table, { ...defaults, ...values }).memoryBytes;
        expect({ share, isIn: share >= 0.5 && share <= 1 }).toEqual({ share, isIn: true });
      } finally {
        await ground.close();
      }
    },
    300_000,
  );
});
