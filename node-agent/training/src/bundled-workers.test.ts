import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const BUNDLED = fileURLToPath(new URL('../dist/bundled', import.meta.url));
const WORKER = /new Worker\(new URL\('\.\/([\w-]+\.js)', import\.meta\.url\)/g;

/** Files that the training actor starts as threads; beside the bundle they are looked for where the bundle lies. */
const started = readdirSync(SOURCES, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .flatMap((name) => [...readFileSync(join(SOURCES, name), 'utf8').matchAll(WORKER)].map(([, file]) => file ?? ''));

test('every thread that the training actor starts is a file of its bundle', () => {
  expect(started).toEqual(expect.arrayContaining(['crew-worker.js', 'pool-worker.js', 'training-worker.js']));
  expect(started.filter((file) => !existsSync(join(BUNDLED, file)))).toEqual([]);
});
