import { expect, test } from '@jest/globals';
import { MISSING_TOKENS, missingToken } from '../values.js';
import { missingTokenAt } from './missing.js';

const at = (text: string): number => missingTokenAt(Buffer.from(`<${text}>`), 1, 1 + text.length);

test.each(MISSING_TOKENS)('%j is known by its bytes as by its text', (token) => {
  expect(MISSING_TOKENS[at(token)]).toBe(token);
  expect(MISSING_TOKENS[missingToken(` ${token}\t`)]).toBe(token);
});
test.each(MISSING_TOKENS.flatMap((token) => [`${token}x`, `x${token}`, token.slice(0, -1), token.toLowerCase(), `${token}\0`]))(
  '%j is missing only if it is in the list',
  (text) => expect(at(text)).toBe(MISSING_TOKENS.indexOf(text)),
);
