import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { CLIENT_VERSION } from './version.js';

test('the version that is told to the head is that of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(CLIENT_VERSION).toBe(version);
});
