import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CATALOG, catalogEntry } from './catalog.js';
import type { TableShape } from './description.js';

const table: TableShape = { rows: 1000, columns: 9, classes: 2 };
const BYTES_PER_LEAF = 800;
/** Leaves that a change of the parameters adds to those of one stump, by the memory that it asks for more; histograms are the same. */
const leaves = (hyperparameters: Record<string, number | string | null>, shape: TableShape = table): number => {
  const limits = catalogEntry('xgboost_classifier')?.limits;
  if (limits === undefined) throw new Error('the catalog lacks it');
  const of = (rounds: number): number => limits(shape, { ...hyperparameters, n_estimators: rounds }).memoryBytes;
  const rounds = Number(hyperparameters['n_estimators']);
  return Math.round((of(rounds + 1) - of(rounds)) / BYTES_PER_LEAF) * rounds;
};

describe('the memory that a training needs', () => {
  it.each([
    ['a full tree a round', { n_estimators: 10, max_depth: 3 }, table, 10 * 8],
    ['depth 6 where none is said', { n_estimators: 1, max_depth: null }, table, 64],
    ['the most leaves that are allowed', { n_estimators: 1, max_leaves: 5 }, table, 5],
    ['without a limit a leaf for every twelve rows', { n_estimators: 1, max_depth: 0 }, table, 84],
    ['fewer where leaves must weigh more', { n_estimators: 1, max_depth: 0, min_child_weight: 20 }, table, 5],
    ['a leaf a row where they may weigh nothing', { n_estimators: 1, max_depth: 0, min_child_weight: 0 }, table, 1000],
    [
      'what a row can weigh in all trees of its classes together',
      { n_estimators: 1, max_depth: 0, objective: 'auto' },
      { ...table, classes: 10 },
      600,
    ],
    ['a tree a class and round', { n_estimators: 10, max_depth: 1 }, { ...table, classes: 26 }, 26 * 10 * 2],
    ['also of two classes, where softmax is asked for', { n_estimators: 10, max_depth: 1, objective: 'multi:softprob' }, table, 40],
    ['one leaf at least', { n_estimators: 1, min_child_weight: 1e9 }, { rows: 1, columns: 1, classes: 2 }, 1],
  ] as const)('counts %s', (_, hyperparameters, shape, expected) => expect(leaves(hyperparameters, shape)).toBe(expected));
});

describe.each(CATALOG)('the memory of $modelId', ({ task, limits, parameters }) => {
  it('is a whole number of bytes that no larger table makes smaller', () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 0, max: 100_000_000 }),
      columns: fc.integer({ min: 1, max: 12_000 }),
      classes: task === 'classification' ? fc.integer({ min: 2, max: 1000 }) : fc.constant(0),
    });
    const defaults = Object.fromEntries(Object.entries(parameters.known).map(([name, known]) => [name, known.default]));
    fc.assert(
      fc.property(shapes, fc.constantFrom('rows', 'columns', 'classes'), (shape, wider) => {
        const need = limits(shape, defaults).memoryBytes;
        expect(Number.isSafeInteger(need) || need > Number.MAX_SAFE_INTEGER).toBe(true);
        expect(limits({ ...shape, [wider]: shape[wider] + 1 }, defaults).memoryBytes).toBeGreaterThanOrEqual(need);
      }),
    );
  });
});

it('more, deeper or finer trees take no less memory', () => {
  const asked = fc.record({
    n_estimators: fc.integer({ min: 1, max: 100_000 }),
    max_depth: fc.integer({ min: 1, max: 63 }),
    max_bin: fc.integer({ min: 2, max: 65_534 }),
  });
  fc.assert(
    fc.property(asked, fc.constantFrom('n_estimators', 'max_depth', 'max_bin'), (parameters, more) => {
      const limits = catalogEntry('xgboost_classifier')?.limits;
      if (limits === undefined) throw new Error('the catalog lacks it');
      const need = limits(table, parameters).memoryBytes;
      expect(limits(table, { ...parameters, [more]: parameters[more] + 1 }).memoryBytes).toBeGreaterThanOrEqual(need);
    }),
  );
});
