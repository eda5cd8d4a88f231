import { describe, expect, test } from '@jest/globals';
import { CATALOG } from '@trainer/model';
import type { CatalogEntry, Issue, SentTrainRequest, TrainRequest } from '@trainer/model';
import { aSentTrainRequest } from '@trainer/model/testing';
import { checkSubmission } from './submission.js';

const DEFAULTS = { epochs: 100, patience: 10 };

function accepted(sent: Partial<SentTrainRequest>, catalog: readonly CatalogEntry[] = CATALOG): TrainRequest {
  const submission = checkSubmission(aSentTrainRequest(sent), catalog, DEFAULTS);
  if (submission.kind === 'refused') throw new Error(JSON.stringify(submission.issues));
  return submission.request;
}
function issues(sent: Partial<SentTrainRequest>, catalog: readonly CatalogEntry[] = CATALOG): readonly Issue[] {
  const submission = checkSubmission(aSentTrainRequest(sent), catalog, DEFAULTS);
  return submission.kind === 'refused' ? submission.issues : [];
}

describe('what is not sent', () => {
  test('gets the defaults of api.md', () => {
    expect(accepted({})).toMatchObject({
      epochs: 100,
      batchSize: 32,
      learningRate: 0.001,
      useGpu: true,
      numWorkers: null,
      experimentName: 'trainer',
      runName: null,
      earlyStopping: true,
      patience: 10,
      seed: 42,
      validationSplit: null,
      excludeColumns: [],
      priority: 50,
      warnings: [],
    });
  });
  test('gets the defaults of the model', () => {
    expect(accepted({ hyperparameters: { max_depth: 3 } }).hyperparameters).toMatchObject({
      max_depth: 3,
      n_estimators: 100,
      learning_rate: 0.3,
    });
  });
  describe('of a model whose hyperparameters mean the same as fields of the request', () => {
    const model = { modelId: 'mlp_classifier', taskType: 'classification' } as const;
    const known = (sent: Partial<SentTrainRequest>) => accepted({ ...model, ...sent });
    test('follows the fields', () => {
      const { epochs, hyperparameters } = known({ epochs: 7, batchSize: 64, learningRate: 0.5 });
      expect(epochs).toBe(7);
      expect(hyperparameters).toMatchObject({ max_iter: 7, batch_size: 64, learning_rate_init: 0.5 });
    });
    test('goes before the fields, but for the epochs, which are a limit', () => {
      const hyperparameters = { max_iter: 500, batch_size: 16, learning_rate_init: 0.1 };
      expect(known({ epochs: 7, batchSize: 64, learningRate: 0.5, hyperparameters })).toMatchObject({
        epochs: 7,
        hyperparameters: { max_iter: 7, batch_size: 16, learning_rate_init: 0.1 },
      });
    });
    test('sets the epochs where the request has none', () => {
      expect(known({ hyperparameters: { max_iter: 500 } })).toMatchObject({ epochs: 500, warnings: [] });
      expect(known({})).toMatchObject({ epochs: 100, hyperparameters: { max_iter: 100, batch_size: 32, learning_rate_init: 0.001 } });
    });
  });
  describe('of a model whose epochs are shares of its iterations', () => {
    const iterations = CATALOG.flatMap(({ modelId, task: taskType, iterations: name }) =>
      name === undefined ? [] : [{ modelId, taskType, name }],
    );
    test.each(iterations)('$modelId has as many epochs as $name says, where epochs are not sent', ({ modelId, taskType, name }) => {
      const known = (sent: Partial<SentTrainRequest>) => accepted({ modelId, taskType, ...sent });
      expect(known({ hyperparameters: { [name]: 700 } })).toMatchObject({ epochs: 700, hyperparameters: { [name]: 700 } });
      expect(known({ hyperparameters: { [name]: 5_000 } })).toMatchObject({ epochs: 1000, hyperparameters: { [name]: 5_000 } });
      expect(known({ epochs: 10, hyperparameters: { [name]: 700 } })).toMatchObject({
        epochs: 10,
        hyperparameters: { [name]: 700 },
        warnings: [],
      });
      expect([known({}).epochs, known({ hyperparameters: { [name]: null } }).epochs]).toEqual([100, 100]);
    });
    test('are logistic regression and k-means', () =>
      expect(iterations.map(({ modelId }) => modelId)).toEqual(['kmeans', 'logistic_regression']));
  });
  test('every max_iter of a catalog entry is its epochs or its iterations', () => {
    const owners = CATALOG.filter(({ parameters }) => Object.hasOwn(parameters.known, 'max_iter'));
    expect(owners.filter(({ meansSame, iterations }) => (meansSame?.epochs ?? iterations) !== 'max_iter')).toEqual([]);
    expect(owners.length).toBeGreaterThan(0);
  });
  test('an experiment without a name is the default one', () => {
    expect(accepted({ experimentName: '', runName: '' })).toMatchObject({ experimentName: 'trainer', runName: null });
  });
});

describe('the model', () => {
  test('an unknown one names the three nearest', () => {
    const entry = CATALOG[0];
    const catalog = ['xgboost_classifier', 'xgboost_regressor', 'lightgbm_classifier', 'kmeans'].flatMap((modelId) =>
      entry ? [{ ...entry, modelId }] : [],
    );
    expect(issues({ modelId: 'xgboost_clasifier' }, catalog)).toEqual([
      {
        path: ['model_id'],
        message: "'xgboost_clasifier' is not in the catalog; the nearest: xgboost_classifier, lightgbm_classifier, xgboost_regressor",
        type: 'unknown',
      },
    ]);
  });
  test('another task than its own is refused', () => {
    expect(issues({ taskType: 'regression' })).toEqual([
      { path: ['task_type'], message: 'xgboost_classifier is a model for classification, not for regression', type: 'conflict' },
    ]);
  });
});

describe('limits, at their edges', () => {
  test.each([
    ['epochs', { epochs: 1 }],
    ['epochs', { epochs: 1000 }],
    ['batch_size', { batchSize: 1 }],
    ['batch_size', { batchSize: 512 }],
    ['learning_rate', { learningRate: 1e-9 }],
    ['learning_rate', { learningRate: 0.999 }],
    ['num_workers', { numWorkers: 0 }],
    ['num_workers', { numWorkers: 32 }],
    ['priority', { priority: 0 }],
    ['priority', { priority: 99 }],
    ['patience', { patience: 1 }],
    ['seed', { seed: 0 }],
    ['seed', { seed: 2 ** 31 - 1 }],
    ['validation_split', { validationSplit: 0.01 }],
    ['validation_split', { validationSplit: 0.9 }],
    ['experiment_name', { experimentName: 'x'.repeat(250) }],
    ['data_id', { dataId: 'a/b c.csv' }],
    ['tags', { tags: { ['k'.repeat(250)]: 'v'.repeat(5000) } }],
  ] as [string, Partial<SentTrainRequest>][])('%s inside: %j', (_, sent) => {
    expect(issues(sent)).toEqual([]);
  });
  test.each([
    ['epochs', { epochs: 0 }],
    ['epochs', { epochs: 1001 }],
    ['epochs', { epochs: 1.5 }],
    ['batch_size', { batchSize: 0 }],
    ['batch_size', { batchSize: 513 }],
    ['learning_rate', { learningRate: 0 }],
    ['learning_rate', { learningRate: 1 }],
    ['learning_rate', { learningRate: Number.NaN }],
    ['num_workers', { numWorkers: -1 }],
    ['num_workers', { numWorkers: 33 }],
    ['priority', { priority: -1 }],
    ['priority', { priority: 100 }],
    ['priority', { priority: 1.5 }],
    ['patience', { patience: 0 }],
    ['seed', { seed: -1 }],
    ['seed', { seed: 2 ** 31 }],
    ['validation_split', { validationSplit: 0 }],
    ['validation_split', { validationSplit: 0.91 }],
    ['experiment_name', { experimentName: 'x'.repeat(251) }],
    ['run_name', { runName: 'x'.repeat(251) }],
    ['pipeline_id', { pipelineId: 'x'.repeat(251) }],
    ['target_column', { targetColumn: 'x'.repeat(1025) }],
    ['data_id', { dataId: '' }],
    ['data_id', { dataId: '../etc/passwd' }],
    ['data_id', { dataId: '/a.csv' }],
    ['data_id', { dataId: 'x'.repeat(513) }],
    ['tags.k', { tags: { k: 'v'.repeat(5001) } }],
    ['tags.', { tags: { '': 'v' } }],
    ['tags', { tags: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, ''])) }],
    ['exclude_columns.0', { excludeColumns: ['x'.repeat(1025)] }],
    ['exclude_columns', { excludeColumns: Array.from({ length: 16_385 }, (_, i) => `c${i}`) }],
    ['exclude_columns', { excludeColumns: Array.from({ length: 600 }, (_, i) => `${i}`.padEnd(218, 'x')) }],
    ['hyperparameters.n_jobs', { hyperparameters: { n_jobs: Array.from({ length: 257 }, () => 0.5) } }],
    ['hyperparameters.callbacks', { hyperparameters: { callbacks: [[1]] } }],
    ['hyperparameters.callbacks', { hyperparameters: { callbacks: new Map([[1, 2]]) } }],
    ['hyperparameters', { hyperparameters: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`p${i}`, i])) }],
    ['warnings', { warnings: Array.from({ length: 101 }, (_, i) => `w${i}`) }],
  ] as [string, Partial<SentTrainRequest>][])('%s outside (case %#)', (path, sent) => {
    expect(issues(sent).map((issue) => issue.path.join('.'))).toEqual([path]);
  });
  test('0.8 MB of a hyperparameter without effect is refused by a sentence, and so is the whole', () => {
    const found = issues({ hyperparameters: { n_jobs: Array.from({ length: 200_000 }, () => 0.5) } });
    expect(found.map(({ message }) => message)).toEqual([
      'The request is larger in all than its limit of 192 KiB',
      'hyperparameters is larger in all than its limit of 64 KiB',
    ]);
  });
  test('so many mistakes are named that an answer has room for them', () => {
    const hyperparameters = Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`wrong${i}`, i]));
    expect(issues({ hyperparameters })).toHaveLength(50);
  });
  test('every mistake is named, not the first alone', () => {
    expect(issues({ epochs: 0, patience: 0, hyperparameters: { max_depth: -1 } }).map((issue) => issue.path.join('.'))).toEqual([
      'epochs',
      'patience',
      'hyperparameters.max_depth',
    ]);
  });
  test('the target cannot be excluded', () => {
    expect(issues({ targetColumn: 'y', excludeColumns: ['x', 'y'] })).toMatchObject([{ path: ['exclude_columns', 1], type: 'conflict' }]);
  });
  test('a column excluded twice is excluded', () => {
    expect(accepted({ excludeColumns: ['a', 'b', 'a'] }).excludeColumns).toEqual(['a', 'b']);
  });
});

describe('hyperparameters', () => {
  test('an unknown one names what is allowed', () => {
    expect(issues({ hyperparameters: { depth: 3 } })).toMatchObject([
      { path: ['hyperparameters', 'depth'], type: 'unknown', message: expect.stringContaining('max_depth') },
    ]);
  });
  test('one that speaks of the library alone is a warning', () => {
    expect(accepted({ hyperparameters: { n_jobs: 4 } }).warnings).toEqual(['hyperparameters.n_jobs is without effect here']);
  });
  test('random_state is the seed', () => {
    expect(accepted({ hyperparameters: { random_state: 7 } }).seed).toBe(7);
  });
  test('random_state and the same seed are one', () => {
    expect(accepted({ seed: 7, hyperparameters: { random_state: 7 } }).seed).toBe(7);
  });
  test('random_state and another seed are a conflict', () => {
    expect(issues({ seed: 8, hyperparameters: { random_state: 7 } })).toMatchObject([
      { path: ['hyperparameters', 'random_state'], type: 'conflict' },
    ]);
  });
});

describe('warnings', () => {
  test.each([
    [
      'a learning_rate that boosters do not read',
      { learningRate: 0.001 },
      'learning_rate is not used by xgboost_classifier; set hyperparameters.learning_rate instead',
    ],
    ['a batch_size', { batchSize: 32 }, 'batch_size is not used by xgboost_classifier'],
    [
      'a patience that is not below the epochs',
      { epochs: 10, patience: 10 },
      'patience (10) is not below epochs (10), so early stopping cannot act',
    ],
    [
      'a max_iter beside other epochs',
      { modelId: 'mlp_classifier', epochs: 7, hyperparameters: { max_iter: 500 } },
      'hyperparameters.max_iter (500) is not used: epochs (7) is sent, and means the same',
    ],
  ] as [string, Partial<SentTrainRequest>, string][])('%s', (_, sent, warning) => {
    expect(accepted(sent).warnings).toEqual([warning]);
  });
  test.each([
    ['a wish for a GPU', { useGpu: true }],
    ['one worker', { numWorkers: 1 }],
    ['many workers of a model that spreads', { numWorkers: 4 }],
    ['few epochs without early stopping', { epochs: 5, patience: 10, earlyStopping: false }],
    ['a max_iter that is the epochs', { modelId: 'mlp_classifier', epochs: 500, hyperparameters: { max_iter: 500 } }],
    ['few epochs, where nobody spoke of patience', { epochs: 5 }],
  ] as [string, Partial<SentTrainRequest>][])('none for %s', (_, sent) => {
    expect(accepted(sent).warnings).toEqual([]);
  });
  test('those of the door come first', () => {
    expect(accepted({ warnings: ['unknown field x'], batchSize: 1 }).warnings).toEqual([
      'unknown field x',
      'batch_size is not used by xgboost_classifier',
    ]);
  });
});

test('a share for validation is told to be without use where all rows train', () => {
  const entry = CATALOG.find(({ task }) => task === 'clustering');
  const sent = { modelId: entry?.modelId ?? '', taskType: 'clustering', validationSplit: 0.3 } as const;
  expect(accepted(sent).warnings).toEqual([`validation_split is not used: ${entry?.modelId} trains on all rows`]);
  expect(accepted({ ...sent, validationSplit: null, hyperparameters: { n_clusters: 8, random_state: 42, n_init: 10 } })).toMatchObject({
    warnings: [],
    targetColumn: null,
    seed: 42,
    hyperparameters: { n_clusters: 8, n_init: 10, init: 'k-means++' },
  });
});
