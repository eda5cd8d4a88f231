import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openObjectStore } from '@trainer/storage';
import { startCluster, type TestCluster } from './harness/index.js';
import { PYTHON_SETUP_MS, testPython, type TestPython } from './python.js';
import { csv, RestService, type RestJob } from './rest-service.js';

/*
 * Customers with text, dates and gaps, of three kinds, clustered through REST; what a person does with the answers.
 */

const ROWS = 600;
const KINDS = ['student', 'family', 'company'] as const;
const TOWNS = ['Nîmes', 'Århus', 'Łódź', 'Graz'];
const kindOf = (row: number): number => (row * 7) % 3;
const customers = (withKind: boolean): string =>
  csv(`spent,visits,town,since${withKind ? ',kind' : ''}`, ROWS, (row) => {
    const kind = kindOf(row);
    const spent = row % 11 === 3 ? '' : (kind * 1_000 + ((row * 7_919) % 97) * 3).toFixed(2);
    const visits = row % 13 === 5 ? 'NA' : String(kind * 20 + ((row * 104_729) % 7));
    const town = row % 17 === 4 ? '' : `"${TOWNS[(kind + (row % 2)) % 4] ?? ''}, ""${kind}"""`;
    const since = `20${10 + kind * 5}-0${1 + (row % 9)}-1${row % 10}`;
    return `${[spent, visits, town, since].join()}${withKind ? `,${row % 50 === 7 ? '' : (KINDS[kind] ?? '')}` : ''}`;
  });

let cluster: TestCluster;
let rest: RestService;
let python: TestPython;
beforeAll(async () => {
  [cluster, python] = await Promise.all([startCluster({ withGateway: true }), testPython('requirements-frames.txt')]);
  rest = new RestService(cluster);
  await rest.put('customers.csv', customers(false));
  await rest.put('labelled.csv', customers(true));
  await rest.put('few.csv', 'a,b\n1,2\n3,5\n');
}, PYTHON_SETUP_MS);
afterAll(() => cluster?.stop());

const request = { model_id: 'kmeans', task_type: 'clustering', data_id: 'customers.csv', epochs: 20 };

/** A file of the model, by its ending. */
async function fileOf({ final_model_path: path }: RestJob, ending: string): Promise<string> {
  const [bucket = '', ...key] = (path ?? '').replace(/\.pkl$/, ending).split('/');
  const store = await openObjectStore({ kind: 'folder', path: join(cluster.home, 'objects') });
  return text((await store.get(bucket, key.join('/'))).stream);
}

async function clustersOf(job: RestJob): Promise<readonly number[]> {
  const [header, ...lines] = (await fileOf(job, '_predictions.csv')).trimEnd().split('\n');
  expect(header).toBe('row,cluster');
  expect(lines.map((line) => Number(line.split(',')[0]))).toEqual(Array.from({ length: lines.length }, (_, row) => row));
  return lines.map((line) => Number(line.split(',')[1]));
}

test('a table without a target is clustered whole: silhouette, clusters by row of the upload, and a pickle that gives the same', async () => {
  const job = await rest.trained({ ...request, hyperparameters: { n_clusters: 3, random_state: 42, n_init: 10 } });
  expect(job).toMatchObject({ status: 'completed', error_message: null, progress_percentage: 100 });
  expect(job.best_metrics).toMatchObject({ n_clusters: 3, n_noise: 0 });
  expect(job.best_metrics['silhouette']).toBeGreaterThan(0.2);
  expect(job.best_metrics['davies_bouldin']).toBeGreaterThan(0);
  expect(job.best_metrics).not.toHaveProperty('ari');
  const clusters = await clustersOf(job);
  expect(clusters).toHaveLength(ROWS);
  // Each kind is one cluster.
  expect(new Set(clusters.map((number, row) => `${number} ${kindOf(row)}`)).size).toBe(3);
  const [csvPath, pkl] = [join(cluster.home, 'customers.csv'), join(cluster.home, 'customers.pkl')];
  await writeFile(csvPath, customers(false));
  await writeFile(pkl, await rest.download(job.job_id, 'pkl'));
  const [pickle] = (await python.run('predict_frames.py', { csv: csvPath, pkls: [pkl] })) as { values: number[][]; classes: null }[];
  expect(pickle?.values.map(([number]) => number)).toEqual(clusters);
  expect(JSON.parse(await fileOf(job, '.json'))).toMatchObject({
    task_type: 'clustering',
    target: null,
    target_type: 'cluster',
    classes: null,
    split: { method: 'none', training_rows: ROWS, validation_rows: 0 },
    signature: { outputs: [{ name: 'cluster', type: 'int64', shape: [null] }] },
    verified: { rows: ROWS },
  });
}, 120_000);

test('a column that is named is compared with, gives the number of clusters, and rows without it stay', async () => {
  const job = await rest.trained({ ...request, data_id: 'labelled.csv', target_column: 'kind' });
  expect(job.best_metrics).toMatchObject({ n_clusters: 3, ari: 1 });
  expect(job.warnings).toEqual([
    expect.stringMatching(/^12 rows have no value in the target column "kind": they are clustered/),
    'n_clusters was not sent: it is 3, the number of labels of the target column.',
  ]);
  expect(await clustersOf(job)).toHaveLength(ROWS);
}, 120_000);

test('the number of clusters is found by silhouette, and what was tried is told', async () => {
  const job = await rest.trained({ ...request, hyperparameters: { n_clusters: 'auto' } });
  expect(job.warnings).toEqual([expect.stringMatching(/^n_clusters is \d+: of the silhouettes on some of the rows \(2: 0\.\d+, .*10: /)]);
}, 120_000);

test('more clusters than rows fail the job, naming both; so does a name that scikit-learn lacks', async () => {
  const job = await rest.trained({ ...request, data_id: 'few.csv' });
  expect(job).toMatchObject({ status: 'failed', attempt: 1 });
  expect(job.error_message).toContain('n_clusters is 8, more than the 2 rows of the table');
  const refused = await rest.post({ ...request, hyperparameters: { clusters: 3 } });
  expect([refused.status, JSON.stringify(refused.body.detail)]).toEqual([422, expect.stringContaining('n_clusters')]);
}, 120_000);

test('the command shows the scores of clusters', async () => {
  const { code, stdout } = await cluster.trainer('models');
  expect([code, stdout]).toEqual([0, expect.stringMatching(/kmeans +silhouette 0\.\d{4}/)]);
});
