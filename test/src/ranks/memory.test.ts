import { expect, test } from '@jest/globals';
import { catalogEntry, type HyperparameterValues } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { noiseTable } from '../harness/index.js';
import { RankGround } from './gang-of-processes.js';

test.each([
  [
    { rows: 1_000, columns: 5, classes: 2 },
    { n_estimators: 100, max_depth: 6 },
  ],
  [
    { rows: 5_000, columns: 10, classes: 26 },
    { n_estimators: 60, max_depth: 6 },
  ],
  [
    { rows: 10_000, columns: 100, classes: 2 },
    { n_estimators: 50, max_depth: 10 },
  ],
])(
  'a rank that trains %j with %j takes no more memory than is estimated, and not much less than half of it',
  async (table, hyperparameters: HyperparameterValues) => {
    const entry = catalogEntry('xgboost_classifier');
    if (entry === null) throw new Error('the catalog lacks it');
    const ground = await RankGround.open(noiseTable(table));
    try {
      const request = aTrainRequest({ epochs: 50, earlyStopping: false, hyperparameters });
      const [end] = await ground.run({ ranks: 1, request });
      expect(end?.reports.at(-1)?.kind).toBe('result');
      const needed = entry.limits(table, hyperparameters).memoryBytes;
      expect({ peak: end?.peakBytes, isEnough: needed >= (end?.peakBytes ?? Infinity) }).toEqual({ peak: end?.peakBytes, isEnough: true });
      expect(needed / (end?.peakBytes ?? 0)).toBeLessThan(2.5);
    } finally {
      await ground.close();
    }
  },
  120_000,
);
