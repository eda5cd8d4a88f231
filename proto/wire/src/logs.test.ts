import { expect, test } from '@jest/globals';
import { leaseId } from '@trainer/model';
import { decodeLogText, encodeLogText, logObjectKey, logObjectPrefix } from './logs.js';

const lease = leaseId('1-7');

test('lines of a log come back as they were written, whatever they hold', () => {
  const lines = ['plain', '', '{"at":1}', 'tab\tand \u2028 and "quotes"'].map((line, at) => ({ lease, at, isStderr: at % 2 === 1, line }));
  expect(decodeLogText(lease, lines.map(encodeLogText).join(''))).toEqual(lines);
});

test('objects of a log sort in the order of their lines', () => {
  const keys = [0, 1, 9, 10, 11, 100].map((part) => logObjectKey(lease, part));
  expect([...keys].sort()).toEqual(keys);
  expect(keys.every((key) => key.startsWith(logObjectPrefix(lease)))).toBe(true);
});
