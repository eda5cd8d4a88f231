import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { PICKLE_LOADER, PICKLE_PROGRAM } from './pickle-program.js';

const page = readFileSync(new URL('../../../../docs/pickle.md', import.meta.url), 'utf8');

test('the docs print the loader and the program that the pickles hold', () => {
  expect(page).toContain(`\n\`\`\`python\n${PICKLE_LOADER}\n\`\`\``);
  expect(page).toContain(`\n\`\`\`python\n${PICKLE_PROGRAM}\`\`\``);
});

test('the program carries the loader, to be pickled again', () => {
  expect(PICKLE_PROGRAM).toContain(`LOADER = "${PICKLE_LOADER}"`);
});
