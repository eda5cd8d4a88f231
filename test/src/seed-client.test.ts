import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from './harness/index.js';
import { PYTHON_SETUP_MS, testPython, type TestPython } from './python.js';

const PUT = fileURLToPath(new URL('../python/put_data.py', import.meta.url));
/** It makes so many at least, where no part of it ends early. */
const CHECKS = 94;
const RUNS_WITHIN_MS = 280_000;

let cluster: TestCluster;
let python: TestPython;

beforeAll(async () => {
  python = await testPython();
  cluster = await startCluster({ withGateway: true });
}, PYTHON_SETUP_MS);
afterAll(() => cluster?.stop());

test(
  "every check of the seed's own client passes",
  async () => {
    const url = cluster.restUrl ?? '';
    const said = await python.output('../acceptance/seed_client.py', [url, '--put-data', `python3 ${PUT} {file} ${url}/data/{name}`]);
    const [, passed, all] = /(\d+) of (\d+) checks passed\n$/.exec(said) ?? [];
    expect({ said, passed }).toEqual({ said, passed: all ?? 'all' });
    expect(Number(all)).toBeGreaterThanOrEqual(CHECKS);
  },
  RUNS_WITHIN_MS,
);
