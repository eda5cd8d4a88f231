import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ROOT } from '../harness/index.js';
import { sourcesOf, TreeCopy } from './tree-copy.js';

const FIXTURE = join(ROOT, 'test', 'fixtures', 'toy-model');
const DESCRIPTION = { 'proto/model/src/catalog/models/nearest-centroid.ts': 'catalog/nearest-centroid.ts' };
const LEARNER = { 'node-agent/training/src/models/nearest-centroid.ts': 'models/nearest-centroid.ts' };
/** Suites that run over the whole catalog. */
const SUITES = ['proto/model/src/catalog', 'node-agent/training/src/learning', 'test/src/ranks', 'test/src/catalog-journey'];
const LONG_MS = 600_000;

let tree: TreeCopy;
beforeAll(() => {
  tree = new TreeCopy();
}, LONG_MS);
afterAll(() => tree?.[Symbol.dispose]());

test(
  'a model whose learner is missing does not compile',
  async () => {
    tree.add(FIXTURE, DESCRIPTION);
    const { code, text } = await tree.build();
    expect([code, text]).toEqual([1, expect.stringMatching(/learner-files\.ts.*'?"?nearest-centroid"?'? is missing/)]);
  },
  LONG_MS,
);

test(
  'with its learner, and nothing else, it passes every suite of the catalog, trains over several ranks and through REST',
  async () => {
    tree.add(FIXTURE, LEARNER);
    expect(await tree.build()).toMatchObject({ code: 0 });
    const { code, text } = await tree.test(SUITES, 'nearest_centroid');
    if (code !== 0) throw new Error(text);
    // Each of the suites has run it.
    for (const suite of ['limits.test', 'catalog.test', 'learners.test', 'memory.test', 'catalog-journey.test'])
      expect(text).toMatch(new RegExp(`PASS .*${suite}`));
    const before = new Set(sourcesOf(ROOT));
    expect(tree.sources().filter((path) => !before.has(path))).toEqual([...Object.keys(LEARNER), ...Object.keys(DESCRIPTION)]);
  },
  LONG_MS,
);

test(
  'no other file may name it',
  async () => {
    const path = 'head/src/jobs/named.ts';
    tree.write(path, "export const [one, other] = ['nearest_centroid', `is it a nearest_centroid?`];\n");
    const { code, text } = await tree.lint(path);
    expect([code, text.match(/Only a model's own files name it/g)?.length]).toEqual([1, 2]);
  },
  LONG_MS,
);
