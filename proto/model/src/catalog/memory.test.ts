import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { catalogEntry } from './catalog.js';
import { memoryNeed, type TableShape } from './memory.js';

const memory = { baseBytes: 1000, bytesPerCell: 10, trees: { bytesPerNode: 100, bytesPerBin: 0 } };
const table: TableShape = { rows: 1000, columns: 9, classes: 2 };
const trees = (hyperparameters: Record<string, number | string | null>, shape: TableShape = table): number =>
  (memoryNeed(memory, shape, hyperparameters) - 1000 - shape.rows * (shape.columns + 1) * 10) / 100;

describe('the memory that a training needs', () => {
  it.each([
    ['a full tree a round', { n_estimators: 10, max_depth: 3 }, table, 10 * 15],
    ['depth 6 where none is said', { n_estimators: 1, max_depth: null }, table, 127],
    ['the most leaves that are allowed', { n_estimators: 1, max_leaves: 5 }, table, 9],
    ['without a limit a leaf for every two rows', { n_estimators: 1, max_depth: 0 }, table, 999],
    ['fewer where leaves must weigh more', { n_estimators: 1, max_depth: 0, min_child_weight: 50 }, table, 19],
    ['a leaf a row where they may weigh nothing', { n_estimators: 1, max_depth: 0, min_child_weight: 0 }, table, 1999],
    ['a tree a class and round', { n_estimators: 10, max_depth: 1 }, { ...table, classes: 26 }, 26 * 10 * 3],
    ['also of two classes, where softmax is asked for', { n_estimators: 10, max_depth: 1, objective: 'multi:softprob' }, table, 60],
    ['one leaf at least', { n_estimators: 1, min_child_weight: 1e9 }, { rows: 1, columns: 1, classes: 2 }, 1],
    ['a leaf a row of a regression', { n_estimators: 1, max_depth: 0 }, { ...table, classes: 0 }, 1999],
  ] as const)('counts %s', (_, hyperparameters, shape, nodes) => expect(trees(hyperparameters, shape)).toBe(nodes));

  it('is a whole number of bytes that no larger table, model or tree makes smaller', () => {
    const entry = catalogEntry('xgboost_classifier');
    const size = fc.record({
      rows: fc.integer({ min: 0, max: 100_000_000 }),
      columns: fc.integer({ min: 1, max: 12_000 }),
      classes: fc.integer({ min: 2, max: 1000 }),
    });
    const asked = fc.record({
      n_estimators: fc.integer({ min: 1, max: 100_000 }),
      max_depth: fc.integer({ min: 1, max: 64 }),
      max_bin: fc.integer({ min: 2, max: 65_535 }),
    });
    fc.assert(
      fc.property(
        size,
        asked,
        fc.constantFrom('rows', 'columns', 'classes'),
        fc.constantFrom('n_estimators', 'max_depth', 'max_bin'),
        (shape, parameters, wider, more) => {
          if (entry === null) throw new Error('the catalog lacks it');
          const need = memoryNeed(entry.memory, shape, parameters);
          expect(Number.isSafeInteger(need) || need > Number.MAX_SAFE_INTEGER).toBe(true);
          expect(memoryNeed(entry.memory, { ...shape, [wider]: shape[wider] + 1 }, parameters)).toBeGreaterThanOrEqual(need);
          expect(memoryNeed(entry.memory, shape, { ...parameters, [more]: parameters[more] + 1 })).toBeGreaterThanOrEqual(need);
        },
      ),
    );
  });
});
