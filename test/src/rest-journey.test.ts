import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openObjectStore } from '@trainer/storage';
import { startCluster, type TestCluster } from './harness/index.js';
import { PYTHON_SETUP_MS, testPython, type TestPython } from './python.js';
import { csv, IRIS, irisRequest, RestService, type Problem, type RestJob } from './rest-service.js';

interface Predicted {
  readonly labels: readonly (string | number)[];
  readonly of_dicts: readonly (string | number)[];
  readonly probabilities: readonly (readonly number[])[];
  readonly classes: readonly (string | number)[];
  readonly features: readonly string[];
}

let cluster: TestCluster;
let rest: RestService;
let python: TestPython;
let folder: string;

beforeAll(async () => {
  python = await testPython();
  folder = await mkdtemp(join(tmpdir(), 'trainer-models-'));
  cluster = await startCluster({ withGateway: true });
  rest = new RestService(cluster);
  await rest.put('iris.csv', IRIS);
}, PYTHON_SETUP_MS);

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Plain Python predicts with the downloaded .pkl. */
async function predicted(id: string, rows: readonly (readonly number[])[], columns: readonly string[]): Promise<Predicted> {
  const pkl = join(folder, `${id}.pkl`);
  await writeFile(pkl, await rest.download(id, 'pkl'));
  return (await python.run('predict.py', { pkl, rows, columns })) as Predicted;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('iris, from the upload to the prediction', () => {
  let job: RestJob;
  beforeAll(async () => {
    job = await rest.trained(irisRequest({ epochs: 50, pipeline_id: 'p-7', tags: { team: 'blue' } }));
  });

  test('the job completes at its first attempt', () => {
    expect(job).toMatchObject({ status: 'completed', attempt: 1, progress_percentage: 100, total_epochs: 50, error_message: null });
    expect(job.best_metrics['val_accuracy']).toBeGreaterThanOrEqual(0.9);
  });

  test('the page of the platform finds its own names', async () => {
    const origin = 'http://localhost:5173';
    const answer = await rest.call<RestJob>(`/train/${job.job_id}`, { headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.body).toMatchObject({
      training_metrics: job.best_metrics,
      artifacts: { model_path: job.final_model_path },
      error: null,
      pipeline_id: 'p-7',
    });
  });

  test('its final result is told as the pipeline wants it', async () => {
    const { body } = await rest.call(`/train/${job.job_id}/final_result`);
    expect(body).toEqual({
      status: 'completed',
      pipeline_id: 'p-7',
      job_id: job.job_id,
      model_id: 'xgboost_classifier',
      task_type: 'classification',
      artifacts: { model_path: job.final_model_path },
      training_metrics: job.best_metrics,
    });
  });

  test('its events tell each phase in order, each epoch once, and end', async () => {
    const events = await rest.allEvents(job.job_id);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1));
    const epochs = events.filter(({ type }) => type === 'metrics').map(({ data }) => data['epoch']);
    expect(epochs).toEqual(epochs.map((_, at) => at + 1));
    expect(epochs).toHaveLength(job.current_epoch);
    const phases = events.filter(({ type }) => type === 'status').map(({ data }) => String(data['phase']));
    expect([...new Set(phases)]).toEqual(['queued', 'reserving', 'starting', 'loading', 'training', 'exporting', 'promoting', 'ended']);
  });

  test('its events go on after the one that was read last', async () => {
    const all = await rest.allEvents(job.job_id);
    expect(await rest.allEvents(job.job_id, 7)).toEqual(all.slice(7));
  });

  test('its log tells a JSON object a line, to its end or from near it, as it is written or afterwards', async () => {
    const linesOf = async (query: string): Promise<{ at: string; process: string; stream: string; line: string }[]> => {
      const answer = await fetch(`${rest.url}/train/${job.job_id}/logs${query}`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
      const text = await answer.text();
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Awaited<ReturnType<typeof linesOf>>[number]]));
    };
    const all = await linesOf('');
    expect(all.length).toBeGreaterThan(1);
    for (const { at, process, stream } of all) {
      expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
      expect([process.length > 0, stream]).toEqual([true, expect.stringMatching(/^std(out|err)$/)]);
    }
    expect(await linesOf('?tail=1')).toEqual(all.slice(-1));
    expect(await linesOf('?follow')).toEqual(all);
  });

  test('its progress shows the last ten epochs, or all', async () => {
    const epochsOf = async (query: string): Promise<number[]> => {
      const { body } = await rest.call<{ recent_metrics: { epoch: number }[] }>(`/train/${job.job_id}/progress${query}`);
      return body.recent_metrics.map(({ epoch }) => epoch);
    };
    const all = Array.from({ length: job.current_epoch }, (_, at) => at + 1);
    expect(await epochsOf('')).toEqual(all.slice(-10));
    expect(await epochsOf('?epochs=all')).toEqual(all);
  });

  test('it is found by its status, model, tag and experiment, and not by others', async () => {
    const found = async (query: string): Promise<boolean> =>
      (await rest.call<RestJob[]>(`/train?limit=100&${query}`)).body.some(({ job_id }) => job_id === job.job_id);
    const queries = [
      'status=completed',
      'model_id=xgboost_classifier',
      'tag=team=blue',
      'experiment_name=trainer',
      'status=failed',
      'tag=team=red',
    ];
    expect(await Promise.all(queries.map(found))).toEqual([true, true, true, true, false, false]);
  });

  test('it can not be cancelled any more', async () => {
    expect(await rest.cancel(job.job_id)).toMatchObject({ status: 400, body: { detail: 'Cannot cancel job in status: completed' } });
  });

  test('its model is listed and described', async () => {
    const { body } = await rest.call<{ models: { job_id: string }[]; total: number }>('/models/?page=1&page_size=50');
    expect(body.models.map(({ job_id }) => job_id)).toContain(job.job_id);
    expect(await rest.model(job.job_id)).toMatchObject({ classes: ['setosa', 'versicolor', 'virginica'], metrics: job.best_metrics });
  });

  test.each(['pkl', 'onnx', 'native'])('its %s file comes whole, by range and not again', async (format) => {
    const path = `${rest.url}/models/${job.job_id}/download?format=${format}`;
    const whole = await rest.download(job.job_id, format);
    const told = (await rest.model(job.job_id)).files.find((file) => file.format === format);
    expect([sha256(whole), whole.length]).toEqual([told?.sha256, told?.bytes]);
    const part = await fetch(path, { headers: { range: 'bytes=100-199' } });
    expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, whole.subarray(100, 200)]);
    const end = await fetch(path, { headers: { range: `bytes=${whole.length - 5}-` } });
    expect(Buffer.from(await end.arrayBuffer())).toEqual(whole.subarray(-5));
    const again = await fetch(path, { headers: { 'if-none-match': part.headers.get('etag') ?? '' } });
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
  });

  test('a model that is deleted is gone with its files; its job stays as history', async () => {
    const { job_id: id } = await rest.trained(irisRequest({ epochs: 3 }));
    const objects = await openObjectStore({ kind: 'folder', path: join(cluster.home, 'objects') });
    const stored = async (): Promise<string[]> => {
      const all = await objects.list('trained-models', { prefix: '', after: '', limit: 500 });
      return all.map(({ key }) => key).filter((key) => key.includes(id));
    };
    const named = (await rest.model(id)).files.map(({ path }) => path.replace('trained-models/', ''));
    expect(await stored()).toEqual(expect.arrayContaining(named));
    const deleted = await rest.deleteModel(id);
    expect(deleted).toMatchObject({ status: 200, body: { message: `Model of job ${id} deleted successfully` } });
    const notThere = { status: 404, body: { detail: `Model of job ${id} not found` } };
    expect(await rest.call(`/models/${id}`)).toMatchObject(notThere);
    expect(await rest.call(`/models/${id}/download`)).toMatchObject(notThere);
    expect(await rest.deleteModel(id)).toMatchObject({ status: 400, body: { detail: 'No model to delete' } });
    expect(await rest.job(id)).toMatchObject({ status: 'completed', final_model_path: null, artifacts: { model_path: null } });
    await cluster.until('its files are removed', async () => ((await stored()).length === 0 ? true : null), 10_000);
  });

  test('a job without a model has none to delete', async () => {
    const { job_id: id } = await rest.trained(irisRequest({ target_column: 'no such column' }));
    expect(await rest.deleteModel(id)).toMatchObject({ status: 400, body: { detail: 'No model to delete' } });
    expect(await rest.deleteModel('train_ffffffffffff')).toMatchObject({ status: 404 });
  });

  test('plain Python predicts with the .pkl', async () => {
    const rows = [
      [5.1, 3.5, 1.4, 0.2],
      [6.0, 2.9, 4.5, 1.5],
      [6.9, 3.1, 5.4, 2.1],
    ];
    const columns = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'];
    const said = await predicted(job.job_id, rows, columns);
    expect(said).toMatchObject({
      labels: ['setosa', 'versicolor', 'virginica'],
      classes: ['setosa', 'versicolor', 'virginica'],
      features: columns,
    });
    expect(said.of_dicts).toEqual(said.labels);
  });
});

describe('labels come back as they were given', () => {
  const two = (row: number): number => (row < 60 ? 0 : 1);
  test.each<[string, (row: number) => string | number, (string | number)[]]>([
    ['two texts', (row) => ['no', 'yes'][two(row)] ?? '', ['no', 'yes']],
    ['two integers', two, [0, 1]],
    ['integers with holes between', (row) => [-5, 40][two(row)] ?? 0, [-5, 40]],
    ['integers beyond 2^31', (row) => [1, 5_000_000_000][two(row)] ?? 0, [1, 5_000_000_000]],
    [
      'twelve classes',
      (row) => `class ${String(Math.floor(row / 10)).padStart(2, '0')}`,
      Array.from({ length: 12 }, (_, at) => `class ${String(at).padStart(2, '0')}`),
    ],
  ])(
    '%s, and gaps among the features',
    async (name, label, classes) => {
      await rest.put(
        `labels/${name}.csv`,
        csv('a,b,label', 120, (row) => `${row % 9 === 4 ? '' : row * 3},${row % 7},${label(row)}`),
      );
      const job = await rest.trained(irisRequest({ data_id: `labels/${name}.csv`, target_column: 'label', epochs: 20 }));
      expect(job).toMatchObject({ status: 'completed' });
      const said = await predicted(
        job.job_id,
        [
          [3, 1],
          [350, 0],
        ],
        ['a', 'b'],
      );
      expect(said).toMatchObject({ classes, labels: [classes[0], classes.at(-1)] });
    },
    180_000,
  );
});

describe('early stopping', () => {
  test('ends after its patience and keeps the best epoch', async () => {
    const job = await rest.trained(irisRequest({ epochs: 200, patience: 3, hyperparameters: { n_estimators: 200 } }));
    const { body } = await rest.call<{ recent_metrics: { epoch: number; val_loss: number }[] }>(`/train/${job.job_id}/progress?epochs=all`);
    const best = body.recent_metrics.reduce((least, next) => (next.val_loss < least.val_loss ? next : least));
    expect(job.current_epoch).toBe(best.epoch + 3);
    expect(job.best_metrics['val_loss']).toBe(best.val_loss);
    expect((await rest.model(job.job_id)).selected_on_validation).toBe(true);
  });

  test('switched off, every epoch is trained and the last one is kept', async () => {
    const job = await rest.trained(irisRequest({ epochs: 40, early_stopping: false, hyperparameters: { n_estimators: 40 } }));
    expect(job).toMatchObject({ current_epoch: 40, total_epochs: 40 });
    expect((await rest.model(job.job_id)).selected_on_validation).toBe(false);
  });
});

describe('a seed', () => {
  const noisy = { subsample: 0.5, colsample_bytree: 0.5 };
  let files: Readonly<Record<'seven' | 'again' | 'eight' | 'named', readonly string[]>>;
  beforeAll(async () => {
    const filesOf = async (fields: object): Promise<string[]> => {
      const { job_id: id } = await rest.trained(irisRequest({ hyperparameters: noisy, ...fields }));
      return Promise.all(['onnx', 'native', 'pkl'].map(async (format) => sha256(await rest.download(id, format))));
    };
    const [seven, again, eight, named] = await Promise.all([
      filesOf({ seed: 7 }),
      filesOf({ seed: 7 }),
      filesOf({ seed: 8 }),
      filesOf({ hyperparameters: { ...noisy, random_state: 7 } }),
    ]);
    files = { seven, again, eight, named };
  });

  test('gives the same model, byte for byte, twice', () => {
    expect(files.again).toEqual(files.seven);
  });

  test('gives another model than another seed', () => {
    expect(files.eight.filter((hash) => files.seven.includes(hash))).toEqual([]);
  });

  test('may be called random_state', () => {
    expect(files.named).toEqual(files.seven);
  });
});

test("what the platform's selector sends trains well", async () => {
  const hyperparameters = {
    n_estimators: 100,
    max_depth: 6,
    learning_rate: 0.1,
    subsample: 0.8,
    colsample_bytree: 0.8,
    random_state: 42,
    use_label_encoder: false,
    eval_metric: 'logloss',
  };
  const job = await rest.trained(irisRequest({ epochs: null, hyperparameters, pipeline_id: 'p-1' }));
  expect(job.status).toBe('completed');
  expect(job.best_metrics['val_accuracy']).toBeGreaterThanOrEqual(0.9);
});

describe('an idempotency key', () => {
  test('gives the same job for the same body, at once or later', async () => {
    const key = { 'Idempotency-Key': 'once' };
    const [first, second] = await Promise.all([rest.post(irisRequest(), key), rest.post(irisRequest(), key)]);
    const third = await rest.post({ ...irisRequest(), idempotency_key: 'once' });
    expect([second.body.job_id, third.body.job_id]).toEqual([first.body.job_id, first.body.job_id]);
  });

  test('is refused for another body', async () => {
    const { body: job } = await rest.post(irisRequest({ epochs: 3 }), { 'Idempotency-Key': 'twice' });
    const answer = await rest.post(irisRequest({ epochs: 4 }), { 'Idempotency-Key': 'twice' });
    expect([answer.status, answer.body.detail]).toEqual([409, expect.stringContaining(job.job_id)]);
  });
});

test('a page of a foreign origin can not start a training', async () => {
  const answer = await rest.post(irisRequest(), { origin: 'https://evil.example' });
  expect([answer.status, answer.body.detail]).toEqual([403, expect.stringContaining('TRAINER_CORS_ORIGINS')]);
});

test('forty jobs at once all complete, three at a time', async () => {
  const ids = await Promise.all(Array.from({ length: 40 }, (_, seed) => rest.submit(irisRequest({ seed, epochs: 3 }))));
  const jobs = await Promise.all(ids.map((id) => rest.ended(id)));
  expect(jobs.filter(({ status, attempt }) => status !== 'completed' || attempt !== 1)).toEqual([]);
  expect(new Set(ids).size).toBe(40);
}, 120_000);

test.each(['', '/progress', '/events', '/logs', '/final_result'])('a job that is not there is said so (%s)', async (part) => {
  expect(await rest.call<Problem>(`/train/train_ffffffffffff${part}`)).toMatchObject({
    status: 404,
    body: { detail: 'Job train_ffffffffffff not found' },
  });
});
