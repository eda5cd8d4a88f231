import { describe, expect, it } from '@jest/globals';
import { catalogEntry } from './catalog.js';
import { checkHyperparameters } from './check-parameters.js';
import type { ModelParameters } from './description.js';
import { boolean, choice, either, integer, list, nullable, number } from './parameters.js';

const NONE: ModelParameters = { known: {}, aliases: {}, withoutEffect: [], fixed: {} };
const xgboost = catalogEntry('xgboost_classifier')?.parameters ?? NONE;
const checked = (sent: Readonly<Record<string, unknown>>) => checkHyperparameters(xgboost, sent);

describe('hyperparameters', () => {
  it('have their defaults where none are sent', () => {
    const { values, issues, warnings, seed } = checked({});
    expect([values['max_depth'], values['n_estimators'], issues, warnings, seed]).toEqual([6, 100, [], [], null]);
  });

  it('are in force as sent', () => {
    expect(checked({ max_depth: 3, random_state: 7 })).toMatchObject({ values: { max_depth: 3 }, seed: 7, issues: [] });
  });

  it('of the ModelSelector are all accepted, with warnings for those without effect', () => {
    const sent = {
      ...{ n_estimators: 100, max_depth: 6, learning_rate: 0.1, subsample: 0.8, colsample_bytree: 0.8, random_state: 42 },
      ...{ use_label_encoder: false, eval_metric: 'logloss' },
    };
    const { issues, seed, warnings, values } = checked(sent);
    expect([issues, seed, values['subsample']]).toEqual([[], 42, 0.8]);
    expect(warnings).toEqual([
      'hyperparameters.use_label_encoder is without effect here',
      'hyperparameters.eval_metric is without effect here',
    ]);
  });

  it.each([
    ['max_depth', 0],
    ['max_depth', 64],
    ['learning_rate', 1],
    ['subsample', 1],
    ['random_state', 0],
    ['random_state', null],
    ['preprocessing', 'none'],
    ['preprocessing', null],
  ])('take the limit %s %s', (name, value) => {
    expect(checked({ [name]: value }).issues).toEqual([]);
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
    ['preprocessing', 'some'],
    ['random_state', 2 ** 31],
  ])('are refused outside their limits: %s = %p', (name, value) => {
    expect(checked({ [name]: value }).issues).toEqual([expect.objectContaining({ path: ['hyperparameters', name], type: 'range' })]);
  });

  it('that are null have their defaults', () => {
    expect(checked({ max_depth: null, learning_rate: null })).toMatchObject({
      values: { max_depth: 6, learning_rate: 0.3 },
      issues: [],
    });
  });

  it.each(['n_estimator', '__proto__', 'constructor', 'toString'])(
    'that nobody knows are refused with those that are allowed: %s',
    (name) => {
      const { issues } = checked(JSON.parse(`{"${name}": 1}`) as Record<string, unknown>);
      expect(issues[0]).toMatchObject({ type: 'unknown', message: expect.stringContaining('allowed: n_estimators') });
    },
  );

  it('without effect are accepted with a warning', () => {
    expect(checked({ n_jobs: 4 })).toMatchObject({ issues: [], warnings: ['hyperparameters.n_jobs is without effect here'] });
  });
});

describe('another name of the library', () => {
  it('stands for its parameter', () => {
    expect(checked({ eta: 0.1, lambda: 2, alpha: 1 })).toMatchObject({
      values: { learning_rate: 0.1, reg_lambda: 2, reg_alpha: 1 },
      issues: [],
    });
  });

  it('is told as it was sent', () => {
    expect(checked({ eta: 7 }).issues).toMatchObject([
      { path: ['hyperparameters', 'eta'], message: 'eta must be a number above 0 and at most 1' },
    ]);
  });

  it('beside the first is a conflict', () => {
    expect(checked({ learning_rate: 0.1, eta: 0.2 }).issues).toMatchObject([
      { path: ['hyperparameters', 'eta'], message: 'learning_rate and eta mean the same; send one of them', type: 'conflict' },
    ]);
  });
});

describe('what could change the model and is not obeyed', () => {
  it.each<[string, unknown, string]>([
    ['missing', -999, 'missing is not taken here; leave the cell empty in the dataset where a value is missing'],
    ['early_stopping_rounds', 5, 'early_stopping_rounds is not taken here; use early_stopping and patience of the request'],
    ['booster', 'dart', 'booster is not built yet with another value than "gbtree"'],
    ['monotone_constraints', [1, 0], 'monotone_constraints is not built yet; leave it out'],
  ])('is refused: %s = %j', (name, value, message) => {
    expect(checked({ [name]: value }).issues).toEqual([{ path: ['hyperparameters', name], message, type: 'value' }]);
  });

  it("is taken with the library's own value, without a word", () => {
    expect(checked({ booster: 'gbtree', num_parallel_tree: 1, missing: null })).toMatchObject({ issues: [], warnings: [] });
  });
});

describe('kinds of values', () => {
  it.each<[string, ReturnType<typeof integer>, unknown[], unknown[]]>([
    ['an integer', integer({ min: 1, max: 3 }), [1, 3], [0, 4, 1.5, '1', null, NaN]],
    ['a number', number({ min: 0, max: 1 }), [0, 1, 0.5], [-1e-9, 1.0001, Infinity, '0', [0]]],
    ['a number above', number({ above: 0, max: 1 }), [1e-9, 1], [0, -1]],
    ['a boolean', boolean(), [true, false], [0, 1, 'true', null]],
    ['a choice', choice('a', 'b'), ['a', 'b'], ['c', 'A', 0, null]],
    ['a list', list(integer({ min: 1, max: 9 }), { min: 1, max: 2 }), [[1], [9, 9]], [[], [1, 2, 3], [0], 1, '1', { 0: 1 }]],
    ['either', either(choice('sqrt'), integer({ min: 1, max: 9 })), ['sqrt', 5], ['log', 0]],
    ['null or', nullable(boolean()), [null, true], [0, undefined]],
  ])('%s', (_what, kind, taken, refused) => {
    expect([taken.map((value) => kind.takes(value)), refused.map((value) => kind.takes(value))]).toEqual([
      taken.map(() => true),
      refused.map(() => false),
    ]);
  });

  it('say what they take', () => {
    const kind = nullable(either(choice('sqrt', 'log2'), list(integer({ min: 1, max: 9 }), { min: 1, max: 2 })));
    expect(kind.words).toBe('one of "sqrt", "log2", or a list of 1 to 2 entries, each an integer from 1 to 9, or null');
  });

  it('where null is a value of its own it is no word for the default', () => {
    const parameters = { ...NONE, known: { depth: { kind: nullable(integer({ min: 1, max: 9 })), default: 3, about: '' } } };
    expect(checkHyperparameters(parameters, { depth: null }).values).toEqual({ depth: null });
  });
});
