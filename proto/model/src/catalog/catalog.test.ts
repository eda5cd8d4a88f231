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
  it("are the library's defaults when none is sent", () => {
    expect(checkHyperparameters(xgboost, {}).values).toMatchObject({ n_estimators: 100, max_depth: 6, learning_rate: 0.3, subsample: 1 });
  });

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
    ['max_depth', -1],
    ['max_depth', 65],
    ['max_depth', 2.5],
    ['max_depth', 'deep'],
    ['n_estimators', 0],
    ['n_estimators', Number.NaN],
    ['learning_rate', 0],
    ['learning_rate', 1.1],
    ['learning_rate', null],
    ['subsample', 0],
    ['objective', 'reg:squarederror'],
    ['random_state', -1],
    ['random_state', 'x'],
  ])('refuse %s %s', (name, value) => {
    expect(checkHyperparameters(xgboost, { [name]: value }).issues).toMatchObject([{ path: ['hyperparameters', name], type: 'range' }]);
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

  it('refuse a name that the library does not have, with the names that are allowed', () => {
    const [issue] = checkHyperparameters(xgboost, { depth: 3 }).issues;
    expect(issue?.type).toBe('unknown');
    expect(issue?.message).toContain('max_depth');
  });

  it('say of a parameter that is not built that it is not', () => {
    expect(checkHyperparameters(xgboost, { booster: 'dart' }).issues[0]?.message).toContain('booster is not built yet');
  });

  it('take no name of every object for a parameter', () => {
    expect(checkHyperparameters(xgboost, { constructor: 1, toString: 2 }).issues).toHaveLength(2);
  });
});
