import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { bundleHash, type BundleHash } from '@trainer/model';
import { BundleCache, type BundleLimits, type BundleSource } from './bundle-cache.js';

const LIMITS: BundleLimits = { bundleBytes: 1_000, cacheBytes: 1_000, fetchMs: 5_000 };
let folder: string;
let fetched: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-bundles-'));
  fetched = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hashOf = (code: string): BundleHash => bundleHash(createHash('sha256').update(code).digest('hex'));

/** A head that has these codes; `sends` is what it sends for them. */
function cache(codes: readonly string[], sends: (code: string) => string = (code) => code): BundleCache {
  const source: BundleSource = {
    async *fetch(hash) {
      fetched.push(hash);
      const code = sends(codes.find((known) => hashOf(known) === hash) ?? '');
      yield Buffer.from(code.slice(0, 3));
      yield Buffer.from(code.slice(3));
    },
  };
  return new BundleCache(folder, source, LIMITS);
}

test('a bundle is fetched once, also for several who ask together, and lies under its hash', async () => {
  const bundles = cache(['export const a = 1;']);
  const hash = hashOf('export const a = 1;');
  const urls = await Promise.all([bundles.ensure(hash), bundles.ensure(hash)]);
  urls.push(await bundles.ensure(hash));
  expect(new Set(urls).size).toBe(1);
  expect(fetched).toHaveLength(1);
  expect(await readFile(fileURLToPath(urls[0] as string), 'utf8')).toBe('export const a = 1;');
});

test('a bundle that arrives damaged is refused, leaves nothing, and may come again', async () => {
  const hash = hashOf('good');
  await expect(cache(['good'], () => 'evil').ensure(hash)).rejects.toMatchObject({ code: 'bundle.hash', retry: 'same' });
  expect(await readdir(folder)).toEqual([]);
  await cache(['good']).ensure(hash);
});

test('a bundle above the limit is given up', async () => {
  const code = 'x'.repeat(1_001);
  await expect(cache([code]).ensure(hashOf(code))).rejects.toMatchObject({ code: 'bundle.too-large' });
});

test('the least recently used go when the cache is full', async () => {
  const codes = ['a', 'b', 'c'].map((name) => name.repeat(400));
  const bundles = cache(codes);
  for (const code of [0, 1, 0, 2]) await bundles.ensure(hashOf(codes[code] as string));
  expect((await readdir(folder)).sort()).toEqual([`${hashOf(codes[0] as string)}.mjs`, `${hashOf(codes[2] as string)}.mjs`].sort());
});
