import { expect, test } from '@jest/globals';
import { chooseColumns, type ChosenColumns } from './choose-columns.js';

const names = ['id', 'age', 'income', 'label'];
const choose = (
  all: readonly string[],
  targetColumn: string | null,
  excludeColumns: readonly string[],
  needsTarget = true,
): ChosenColumns => chooseColumns(all, { targetColumn, excludeColumns, needsTarget });
const thrown = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return null;
};

test('the last column is the target, all others are features', () => {
  expect(choose(names, null, [])).toEqual({ target: 'label', features: ['id', 'age', 'income'] });
});
test('the target can stand anywhere', () => {
  expect(choose(names, 'age', ['id'])).toEqual({ target: 'age', features: ['income', 'label'] });
});
test('a last column that is excluded is not the target', () => {
  expect(choose(names, null, ['label']).target).toBe('income');
});
test('without a need of a target all columns are features, but one that is named', () => {
  expect(choose(names, null, ['id'], false)).toEqual({ target: null, features: ['age', 'income', 'label'] });
  expect(choose(names, 'age', [], false)).toEqual({ target: 'age', features: ['id', 'income', 'label'] });
  expect(choose(['y'], null, [], false)).toEqual({ target: null, features: ['y'] });
});
test('an unknown target is an error with the nearest names', () => {
  expect(thrown(() => choose(names, 'lable', []))).toMatchObject({
    code: 'dataset.unknown-column',
    facts: { field: 'target_column', column: 'lable', nearest: ['label', 'age', 'id'] },
  });
});
test('an unknown excluded column is an error', () => {
  expect(thrown(() => choose(names, null, ['ages']))).toMatchObject({ facts: { field: 'exclude_columns', column: 'ages' } });
});
test('a target that is excluded is an error', () => {
  expect(thrown(() => choose(names, 'label', ['label']))).toMatchObject({ code: 'dataset.target-excluded' });
});
test('a table without features is an error', () => {
  expect(thrown(() => choose(['y'], null, []))).toMatchObject({ code: 'dataset.no-features' });
});
