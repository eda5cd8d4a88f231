import { describe, expect, it } from '@jest/globals';
import { catalogEntry, CATALOG, nearestNames } from './catalog.js';
import { checkHyperparameters } from './hyperparameters.js';

const schema = catalogEntry('xgboost_classifier')?.hyperparameters ?? { known: {}, withoutEffect: [], notBuilt: [] };

describe('hyperparameters', () => {
  it('have their defaults where none are sent', () => {
    const { values, issues, warnings, seed } = checkHyperparameters(schema, {});
    expect([values['max_depth'], values['n_estimators'], issues, warnings, seed]).toEqual([6, 100, [], [], null]);
  });

  it('are in force as sent', () => {
    expect(checkHyperparameters(schema, { max_depth: 3, random_state: 7 })).toMatchObject({
      values: { max_depth: 3 },
      seed: 7,
      issues: [],
    });
  });

  it.each([
    ['max_depth', -1],
    ['max_depth', 1.5],
    ['max_depth', '3'],
    ['learning_rate', 0],
    ['learning_rate', Number.NaN],
    ['subsample', 1.01],
    ['objective', 'reg:squarederror'],
    ['random_state', -1],
    ['random_state', 2 ** 31],
  ])('are refused outside their limits: %s = %p', (name, value) => {
    expect(checkHyperparameters(schema, { [name]: value }).issues).toEqual([
      expect.objectContaining({ path: ['hyperparameters', name], type: 'range' }),
    ]);
  });

  it.each(['n_estimator', '__proto__', 'constructor', 'toString'])(
    'that nobody knows are refused with those that are allowed: %s',
    (name) => {
      const sent = JSON.parse(`{"${name}": 1}`) as Record<string, unknown>;
      const { issues } = checkHyperparameters(schema, sent);
      expect(issues[0]).toMatchObject({ type: 'unknown', message: expect.stringContaining('allowed: n_estimators') });
    },
  );

  it('that are not built say so', () => {
    expect(checkHyperparameters(schema, { booster: 'dart' }).issues[0]?.message).toContain('booster is not built yet');
  });

  it('without effect are accepted with a warning', () => {
    expect(checkHyperparameters(schema, { n_jobs: 4 })).toMatchObject({
      issues: [],
      warnings: ['hyperparameters.n_jobs is without effect here'],
    });
  });
});

describe('the catalog', () => {
  it('has defaults that its own limits take', () => {
    const wrong = CATALOG.map(({ hyperparameters }) => {
      const defaults = Object.entries(hyperparameters.known).map(([name, known]) => [name, known.default] as const);
      return checkHyperparameters(hyperparameters, Object.fromEntries(defaults)).issues;
    });
    expect(wrong.flat()).toEqual([]);
  });

  it('names the nearest of a name that is wrong', () => {
    expect(nearestNames('xgbost_clasifier', ['linear', 'xgboost_classifier', 'mlp'], 1)).toEqual(['xgboost_classifier']);
  });
});
