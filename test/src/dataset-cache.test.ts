import { execFileSync } from 'node:child_process';
import { open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from './harness/index.js';
import { csv, RestService, type TrainBody } from './rest-service.js';

let cluster: TestCluster;
let rest: RestService;

beforeAll(async () => {
  cluster = await startCluster({ withGateway: true, env: { MAX_PARALLEL_JOBS: '16' } });
  rest = new RestService(cluster);
});

afterAll(() => cluster?.stop());

const request = (fields: TrainBody = {}): TrainBody => ({
  model_id: 'xgboost_classifier',
  data_id: 'wide.csv',
  task_type: 'classification',
  target_column: 'y',
  epochs: 2,
  ...fields,
});
const table = (shift: number): string =>
  csv('x,t,y', 6_000, (row) => `${(row * 7919 + shift) % 1009},${'abc'[row % 3]?.repeat(500) ?? ''},${row % 2}`);

/** Fills a stored object with zeros from its second MiB on, unseen by the store: whoever reads it whole finds no table. */
async function spoil(key: string): Promise<void> {
  const file = join(cluster.home, 'objects', 'data-preparer', key);
  const like = join(cluster.home, 'like');
  await writeFile(like, '');
  execFileSync('touch', ['-r', file, like]);
  const { size } = await stat(file);
  await using handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(size - 2 ** 20), 0, size - 2 ** 20, 2 ** 20);
  execFileSync('touch', ['-r', like, file]);
}

test('sixteen jobs over one dataset read it once', async () => {
  await rest.put('wide.csv', table(0));
  expect((await rest.trained(request())).status).toBe('completed');
  await spoil('wide.csv');
  const ids = await Promise.all(
    Array.from({ length: 15 }, (_, at) => rest.submit(request({ hyperparameters: { max_depth: 1 + (at % 5) } }))),
  );
  const jobs = await Promise.all(ids.map((id) => rest.ended(id)));
  expect(jobs.map(({ status, error_message: why }) => why ?? status)).toEqual(Array(15).fill('completed'));
  const [agent] = (await readdir(cluster.home)).filter((name) => name.startsWith('agent'));
  expect(await readdir(join(cluster.home, agent ?? '', 'datasets'))).toHaveLength(1);
}, 180_000);
test('a dataset that is put again is read again', async () => {
  await rest.put('wide.csv', table(1));
  expect((await rest.trained(request())).status).toBe('completed');
});
