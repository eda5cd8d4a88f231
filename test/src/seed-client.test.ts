import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from './harness/index.js';
import { PYTHON_SETUP_MS, testPython, type TestPython } from './python.js';

/** What the client does not find yet, by the names of its checks. It may only shrink: a check that passes is taken off. */
const MISSES = JSON.parse(await readFile(fileURLToPath(new URL('../acceptance/misses.json', import.meta.url)), 'utf8')) as string[];
const PUT = fileURLToPath(new URL('../python/put_data.py', import.meta.url));
const RUNS_WITHIN_MS = 280_000;

let cluster: TestCluster;
let python: TestPython;

beforeAll(async () => {
  python = await testPython();
  cluster = await startCluster({ withGateway: true });
}, PYTHON_SETUP_MS);
afterAll(() => cluster?.stop(), 30_000);

test(
  "the seed's own client finds all but what is listed",
  async () => {
    const url = cluster.restUrl ?? '';
    const said = await python.output('../acceptance/seed_client.py', [url, '--put-data', `python3 ${PUT} {file} ${url}/data/{name}`]);
    const [, failed = ''] = /\nfailed:\n([\s\S]*)\n\d+ of \d+ checks passed\n/.exec(said) ?? [said];
    expect(failed.split('\n').map((line) => line.trim())).toEqual(MISSES);
    expect(said).toMatch(/ of \d+ checks passed\n/);
  },
  RUNS_WITHIN_MS,
);
