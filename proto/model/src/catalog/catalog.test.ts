import { describe, expect, it } from '@jest/globals';
import { catalogEntry, nearestNames } from './catalog.js';
import { checkHyperparameters, type HyperparameterSchema } from './hyperparameters.js';

const schemaOf = (modelId: string): HyperparameterSchema => {
  const entry = catalogEntry(modelId);
  if (entry === null) throw new Error(`${modelId} is not in the catalog`);
  return entry.hyperparameters;
};
const xgboost = schemaOf('xgboost_classifier');

describe('the catalog', () => {
  it('names the nearest ids of a wrong one', () => {
    expect(nearestNames('xgbost', ['xgboost', 'svr', 'knn', 'xgb'], 2)).toEqual(['xgboost', 'xgb']);
  });

  it('has no entry of an unknown id', () => {
    expect(catalogEntry('no_such_model')).toBeNull();
  });
});

describe('hyperparameters', () => {
  it('of the ModelSelector are all accepted, with warnings for those without effect', () => {
    const sent = {
      n_estimators: 100,
      max_depth: 6,
      learning_rate: 0.1,
      subsample: 0.8,
      colsample_bytree: 0.8,
      random_state: 42,
      use_label_encoder: false,
      eval_metric: 'logloss',
    };
    const { issues, seed, warnings, values } = checkHyperparameters(xgboost, sent);
    expect([issues, seed, values['subsample']]).toEqual([[], 42, 0.8]);
    expect(warnings).toEqual([
      'hyperparameters.use_label_encoder is without effect here',
      'hyperparameters.eval_metric is without effect here',
    ]);
  });

  it.each([
    ['max_depth', 0],
    ['max_depth', 64],
    ['max_depth', null],
    ['learning_rate', 1],
    ['subsample', 1],
    ['random_state', 0],
    ['random_state', null],
  ])('take the limit %s %s', (name, value) => {
    expect(checkHyperparameters(xgboost, { [name]: value }).issues).toEqual([]);
  });
});
