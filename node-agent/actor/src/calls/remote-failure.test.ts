import { expect, test } from '@jest/globals';
import { toRemoteFailure } from './remote-failure.js';

test('an error travels with its name, message, stack and own fields', () => {
  const error = Object.assign(new TypeError('no'), { detail: { at: 3 } });
  expect(toRemoteFailure(error)).toEqual({ name: 'TypeError', message: 'no', stack: error.stack, fields: { detail: { at: 3 } } });
});

test.each([
  ['a text', 'a text'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Symbol('s'), 'Symbol(s)'],
])('what is no error, %p, is told as a text', (thrown, message) => {
  expect(toRemoteFailure(thrown)).toEqual({ name: 'Error', message, stack: '', fields: {} });
});

test('a field whose accessor throws does not hide the rest', () => {
  const thrown = Object.defineProperty({ name: 'Odd', message: 'm', kept: 1 }, 'broken', {
    enumerable: true,
    get: () => {
      throw new Error('never');
    },
  });
  expect(toRemoteFailure(thrown).fields).toEqual({ kept: 1, broken: 'could not be read: Error: never' });
});
