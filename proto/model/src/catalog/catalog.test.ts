import { describe, expect, it } from '@jest/globals';
import { CATALOG, catalogEntry, nearestNames } from './catalog.js';
import { checkHyperparameters } from './check-parameters.js';

describe('the catalog', () => {
  it('names the nearest ids of a wrong one', () => {
    expect(nearestNames('xgbost', ['xgboost', 'svr', 'knn', 'xgb'], 2)).toEqual(['xgboost', 'xgb']);
    expect(nearestNames('xgbost_clasifier', ['linear', 'xgboost_classifier', 'mlp'], 1)).toEqual(['xgboost_classifier']);
  });

  it('has no entry of an unknown id', () => {
    expect(catalogEntry('no_such_model')).toBeNull();
  });

  it('has each id once', () => {
    expect(new Set(CATALOG.map(({ modelId }) => modelId)).size).toBe(CATALOG.length);
  });
});

describe.each(CATALOG)('$modelId', ({ parameters }) => {
  const { known, aliases, withoutEffect, fixed } = parameters;

  it('has defaults that its own limits take, or null', () => {
    for (const { kind, default: value } of Object.values(known)) expect(value === null || kind.takes(value)).toBe(true);
  });

  it('has each name in one list only', () => {
    const names = [known, aliases, fixed].flatMap(Object.keys).concat(withoutEffect, 'random_state');
    expect(names.toSorted()).toEqual([...new Set(names)].sort());
  });

  it('has aliases of parameters that it knows', () => {
    expect(Object.values(aliases).filter((name) => !Object.hasOwn(known, name))).toEqual([]);
  });

  it('takes null for every name of its library, and nothing is changed by it, but where null is a value of its own', () => {
    const isOwn = (name: string): boolean => known[name]?.default !== null && known[name]?.kind.takes(null) === true;
    const names = [...Object.keys(known).filter((name) => !isOwn(name)), ...Object.keys(fixed), ...withoutEffect];
    const { issues, values } = checkHyperparameters(parameters, Object.fromEntries(names.map((name) => [name, null])));
    expect([issues, values]).toEqual([[], checkHyperparameters(parameters, {}).values]);
  });
});
