import { expect, test } from '@jest/globals';
import { checkedNames } from './column-names.js';

const LIMITS = { columns: 3, nameChars: 10 };

test.each([
  ['The name of column 2 holds a NUL character. Rename it.', ['a', 'b\0c']],
  ['The name of column 1 is longer than 10 characters. Shorten it.', ['x'.repeat(11)]],
  ['The dataset has 4 columns; the limit is 3. Leave some out.', ['a', 'b', 'c', 'd']],
])('%s', (message, names) => expect(() => checkedNames(names, LIMITS)).toThrow(message));

test('any other name stays as it is', () => expect(checkedNames(['', '\u0001\n', '😀'], LIMITS)).toEqual(['', '\u0001\n', '😀']));
