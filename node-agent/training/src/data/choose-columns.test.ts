import { expect, test } from '@jest/globals';
import { chooseColumns } from './choose-columns.js';

const names = ['id', 'age', 'income', 'label'];
const thrown = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return null;
};

test('the last column is the target, all others are features', () => {
  expect(chooseColumns(names, null, [])).toEqual({ target: 'label', features: ['id', 'age', 'income'] });
});
test('the target can stand anywhere', () => {
  expect(chooseColumns(names, 'age', ['id'])).toEqual({ target: 'age', features: ['income', 'label'] });
});
test('a last column that is excluded is not the target', () => {
  expect(chooseColumns(names, null, ['label']).target).toBe('income');
});
test('an unknown target is an error with the nearest names', () => {
  expect(thrown(() => chooseColumns(names, 'lable', []))).toMatchObject({
    code: 'dataset.unknown-column',
    facts: { field: 'target_column', column: 'lable', nearest: ['label', 'age', 'id'] },
  });
});
test('an unknown excluded column is an error', () => {
  expect(thrown(() => chooseColumns(names, null, ['ages']))).toMatchObject({ facts: { field: 'exclude_columns', column: 'ages' } });
});
test('a target that is excluded is an error', () => {
  expect(thrown(() => chooseColumns(names, 'label', ['label']))).toMatchObject({ code: 'dataset.target-excluded' });
});
test('a table without features is an error', () => {
  expect(thrown(() => chooseColumns(['y'], null, []))).toMatchObject({ code: 'dataset.no-features' });
});
