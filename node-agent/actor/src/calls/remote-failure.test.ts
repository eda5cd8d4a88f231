import { expect, test } from '@jest/globals';
import { MAX_LAST_ERROR_BYTES } from '@trainer/model';
import { toRemoteFailure, uncaughtText } from './remote-failure.js';

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

test.each([
  ['an error, by its stack', new TypeError('no'), /^TypeError: no\n {4}at /],
  ['an error whose stack names another one', Object.assign(new Error('m'), { stack: 'at f' }), /^Error: m\nat f$/],
  ['a text', 'a text', /^Error: a text\n$/],
  [
    'a proxy that can not be read',
    (() => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    })(),
    /^Error: /,
  ],
  ['a long one', new Error('ü'.repeat(10_000)), /^Error: ü+$/],
])('what nobody caught is told: %s', (_, thrown, text) => {
  expect(uncaughtText(thrown)).toMatch(text);
  expect(Buffer.byteLength(uncaughtText(thrown))).toBeLessThanOrEqual(MAX_LAST_ERROR_BYTES);
});
