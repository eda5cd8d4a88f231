import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ROOT, startCluster, type TestCluster } from './harness/index.js';

jest.setTimeout(60_000);

const IRIS = join(ROOT, 'deploy', 'sample', 'iris.csv');
const TASK = ['--task', 'classification', '--target', 'species'] as const;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ withGateway: true });
  await trainer('data', 'put', IRIS, 'iris.csv');
});

afterAll(async () => {
  await cluster?.stop();
});

/** Runs a command that must succeed, and write nothing but its answer. */
async function trainer(...words: readonly string[]): Promise<string> {
  const ended = await cluster.trainer(...words);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return ended.stdout;
}

test('data put stores a file under its own name unless another is given', async () => {
  expect(await trainer('data', 'put', IRIS)).toBe('iris.csv: 3858 bytes stored\n');
  expect(JSON.parse(await trainer('data', 'put', IRIS, 'a/b.csv', '--json'))).toMatchObject({ data_id: 'a/b.csv', size: 3858 });
});

test('data put of a file that is not there is one line and exit code 2', async () => {
  const { code, stderr } = await cluster.trainer('data', 'put', '/no/such/file.csv');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^\/no\/such\/file\.csv can't be read: there is no such file\n$/)]);
});

test('data put refuses a name that would leave its bucket', async () => {
  const { code, stderr } = await cluster.trainer('data', 'put', IRIS, '../x.csv');
  expect([code, stderr]).toEqual([2, expect.stringContaining('a key cannot leave its bucket')]);
});

test('train follows the job, phase by phase, to its scores', async () => {
  const text = await trainer('train', 'xgboost_classifier', 'iris.csv', ...TASK, '--epochs', '20', '-p', 'max_depth=3');
  expect(text).toMatch(/^Job train_[0-9a-f]{12}: xgboost_classifier on iris\.csv\n/);
  expect(text).toContain('  training   ');
  expect(text).toMatch(/completed in .* on node-[0-9a-f]{12}: .*val_accuracy 0\.\d{4}/);
});

test('train --no-follow --json is the queued job, with the parameters in force', async () => {
  const words = ['train', 'xgboost_classifier', 'iris.csv', ...TASK, '--no-follow', '--json', '-p', 'max_depth=3'];
  expect(JSON.parse(await trainer(...words))).toMatchObject({ request: { hyperparameters: { max_depth: 3 } } });
});

test('train of a job that fails says why and ends with exit code 1', async () => {
  const { code, stdout } = await cluster.trainer(
    'train',
    'xgboost_classifier',
    'iris.csv',
    '--task',
    'classification',
    '--target',
    'colour',
  );
  expect(code).toBe(1);
  expect(stdout).toContain('target_column names "colour", which is not a column of the dataset');
});

test('train refuses a parameter that is out of its range, in one line', async () => {
  const { code, stderr } = await cluster.trainer('train', 'xgboost_classifier', 'iris.csv', ...TASK, '-p', 'max_depth=-1');
  expect([code, stderr]).toEqual([1, 'hyperparameters.max_depth: max_depth must be an integer from 0 to 64\n']);
});

test('train refuses a word that is no task, with those there are', async () => {
  const { code, stderr } = await cluster.trainer('train', 'xgboost_classifier', 'iris.csv', '--task', 'poetry');
  expect([code, stderr]).toEqual([2, "--task is classification, regression, clustering; not 'poetry'\n"]);
});

test('jobs, job and models show what was trained', async () => {
  const words = ['train', 'xgboost_classifier', 'iris.csv', ...TASK, '--json'];
  const { id } = JSON.parse(await trainer(...words)) as { id: string };
  expect(await trainer('jobs')).toMatch(new RegExp(`${id} +completed +ended +xgboost_classifier +iris\\.csv`));
  expect(await trainer('job', id)).toMatch(/status +completed \(ended\)/);
  expect(await trainer('models')).toMatch(new RegExp(`${id} +xgboost_classifier +val_accuracy 0\\.\\d{4}`));
  expect(JSON.parse(await trainer('models', '--json'))).toContainEqual(expect.objectContaining({ job: id }));
});

test('cancel ends a running job', async () => {
  const long = ['--epochs', '1000', '-p', 'n_estimators=100000'];
  const words = ['train', 'xgboost_classifier', 'iris.csv', ...TASK, ...long, '-p', 'learning_rate=0.0001', '--no-follow', '--json'];
  const { id } = JSON.parse(await trainer(...words)) as { id: string };
  expect(await trainer('cancel', id)).toBe(`Job ${id} is cancelled\n`);
  expect(await trainer('job', id)).toMatch(/status +cancelled/);
});

test('a job that is unknown is one line and exit code 2', async () => {
  const { code, stderr } = await cluster.trainer('job', 'train_ffffffffffff');
  expect([code, stderr]).toEqual([1, 'Job train_ffffffffffff not found\n']);
});
