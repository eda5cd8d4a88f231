import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import type { ClusterStatus } from '@trainer/client/internal';
import type { Model } from '@trainer/model';
import { silentLogger, systemClock } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import { MemoryBroker } from '@trainer/runtime/testing';
import { memoryStore } from '@trainer/storage/testing';
import { startGateway, type Gateway } from './start.js';
import { memoryHead, type MemoryHead } from './testing/memory-head.js';
import { noActors } from './testing/no-actors.js';
import { TEST_SETTINGS } from './testing/settings.js';

const iris = { model_id: 'xgboost_classifier', data_id: 'iris.csv', task_type: 'classification' };
let head: MemoryHead;
let store: ObjectStore;
const messages = new MemoryBroker(systemClock()).connect();
let gateway: Gateway;

beforeAll(async () => {
  head = memoryHead();
  store = memoryStore();
  gateway = await startGateway(
    { head, connectActors: noActors, messages, store, settings: TEST_SETTINGS, clock: systemClock() },
    silentLogger,
  );
});
afterAll(() => gateway.close());

const STATUS_AT_REST: ClusterStatus = {
  headEpoch: 1,
  version: '0.1.0',
  uptimeMs: 5,
  isDatabaseConnected: true,
  databaseTrouble: null,
  isMessagesConnected: true,
  isStoreConnected: true,
  nodes: [],
  jobsRunning: 0,
  jobsPending: 0,
  actorsAlive: 0,
};

const call = (path: string, init?: RequestInit): Promise<Response> => fetch(`${gateway.url}${path}`, init);
const post = (body: unknown): Promise<Response> =>
  call('/train', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const detailOf = async (response: Response): Promise<unknown> => ((await response.json()) as { detail: unknown }).detail;

/** fetch sets Host and Origin itself; these requests need their own. */
function statusWith(headers: Record<string, string>, method = 'GET', path = '/health/live'): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${gateway.url}${path}`, { method, headers }, (answer) => (answer.resume(), resolve(answer.statusCode ?? 0)));
    sent.once('error', reject).end();
  });
}

describe('POST /train', () => {
  it("answers with the pending job in the seed's form", async () => {
    const answer = await post(iris);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'pending',
      model_id: 'xgboost_classifier',
      created_at: '2025-12-02T10:00:00.000',
      mlflow_run_id: null,
    });
  });

  it('ignores an unknown field with a warning that names the nearest', async () => {
    const answer = (await (await post({ ...iris, epoch: 5 })).json()) as { warnings: string[] };
    expect(answer.warnings).toEqual(["the field 'epoch' is unknown and ignored; the nearest known one is 'epochs'"]);
  });

  it.each([
    [
      'hyperparameters',
      { n_jobs: Array.from({ length: 200_000 }, () => 0.5) },
      'hyperparameters is larger in all than its limit of 64 KiB',
    ],
    ['tags', Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`t${i}`, 'v'.repeat(5_000)])), 'tags is larger in all than'],
    ['exclude_columns', Array.from({ length: 4_000 }, (_, i) => `${i}`.padEnd(200, 'x')), 'exclude_columns is larger in all than'],
  ])('refuses %s that are too large together by a sentence', async (field, value, says) => {
    const answer = await post({ ...iris, [field]: value });
    expect(answer.status).toBe(422);
    expect(await detailOf(answer)).toMatchObject([{ loc: ['body', field], msg: expect.stringContaining(says) }]);
  });

  it('takes null as not sent', async () => {
    await post({ ...iris, epochs: null });
    expect(head.submitted.at(-1)).not.toHaveProperty('epochs');
  });

  it.each([
    ['epochs', 0],
    ['epochs', 1001],
    ['epochs', 'many'],
    ['epochs', 2.5],
    ['batch_size', 513],
    ['batch_size', 0],
    ['learning_rate', 1],
    ['learning_rate', 0],
    ['num_workers', 33],
    ['priority', 100],
    ['priority', -1],
    ['patience', 0],
    ['hyperparameters', [1]],
    ['task_type', 'poetry'],
    ['data_id', ''],
    ['data_id', '../etc/passwd'],
    ['data_id', '/etc/passwd'],
    ['validation_split', 0.95],
    ['seed', -1],
    ['model_id', 'no_such_model'],
  ])('refuses %s %s, naming the field', async (field, value) => {
    const answer = await post({ ...iris, [field]: value });
    expect(answer.status).toBe(422);
    const [problem] = (await detailOf(answer)) as { loc: string[]; msg: string; type: string }[];
    expect(problem?.loc).toEqual(['body', field]);
  });

  it.each(['model_id', 'data_id', 'task_type'])('refuses a body without %s', async (field) => {
    const answer = await post(Object.fromEntries(Object.entries(iris).filter(([name]) => name !== field)));
    expect(answer.status).toBe(422);
    const [problem] = (await detailOf(answer)) as { msg: string }[];
    expect(problem?.msg).toContain('is required');
  });

  it.each([
    { epochs: 1 },
    { epochs: 1000 },
    { batch_size: 512 },
    { num_workers: 0 },
    { num_workers: 32 },
    { priority: 0 },
    { priority: 99 },
    { learning_rate: 0.999 },
    { patience: 1 },
  ])('takes the limit %j', async (field) => {
    expect((await post({ ...iris, ...field })).status).toBe(200);
  });

  it('refuses a body that is no JSON', async () => {
    expect((await post('{not json')).status).toBe(422);
  });

  it('refuses a body over the limit, naming it', async () => {
    const answer = await post({ ...iris, run_name: 'x'.repeat(2 ** 20) });
    expect([answer.status, await detailOf(answer)]).toEqual([413, expect.stringContaining('1048576 bytes')]);
  });

  it('is served with a slash at its end', async () => {
    expect(
      (await call('/train/', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(iris) })).status,
    ).toBe(200);
  });
});

describe('GET /train', () => {
  it.each(['limit=-1', 'limit=0', 'limit=101', 'limit=x', 'status=sleeping', 'tag=none'])('refuses %s', async (query) => {
    expect((await call(`/train?${query}`)).status).toBe(422);
  });

  it('lists jobs as a bare array and names the next page in a Link header', async () => {
    await post(iris);
    await post(iris);
    const answer = await call('/train?limit=1');
    expect(await answer.json()).toHaveLength(1);
    expect(answer.headers.get('link')).toBe('</train?limit=1&cursor=next>; rel="next"');
  });

  it.each(['', '/progress', '/events'])('says that a job is not there (%s)', async (part) => {
    const answer = await call(`/train/train_ffffffffffff${part}`);
    expect(answer.status).toBe(404);
    expect(await detailOf(answer)).toBe('Job train_ffffffffffff not found');
  });

  it('says that an id of another form is not there', async () => {
    expect((await call('/train/none')).status).toBe(404);
  });
});

describe('GET /train/{id}/final_result', () => {
  it('is not ready until the job has completed', async () => {
    const { job_id: id } = (await (await post(iris)).json()) as { job_id: string };
    const answer = await call(`/train/${id}/final_result`);
    expect([answer.status, await detailOf(answer)]).toEqual([404, 'Result not ready']);
  });

  it('tells what a completed job made', async () => {
    const { job_id: id } = (await (await post({ ...iris, pipeline_id: 'p-1' })).json()) as { job_id: string };
    const job = head.stored.get(id);
    if (job === undefined) throw new Error('the job was not stored');
    head.stored.set(id, { ...job, status: 'completed', finalModelPath: 'models/m.pkl', bestMetrics: { val_accuracy: 1 } });
    expect(await (await call(`/train/${id}/final_result`)).json()).toEqual({
      status: 'completed',
      pipeline_id: 'p-1',
      job_id: id,
      model_id: 'xgboost_classifier',
      task_type: 'classification',
      artifacts: { model_path: 'models/m.pkl' },
      training_metrics: { val_accuracy: 1 },
    });
  });
});

describe('GET /train/{id}/events', () => {
  it('sends the stored events after Last-Event-ID and ends', async () => {
    const { job_id: id } = (await (await post(iris)).json()) as { job_id: string };
    const job = head.stored.get(id);
    if (job === undefined) throw new Error('the job was not stored');
    head.stored.set(id, { ...job, status: 'completed' });
    head.storedEvents.set(
      id,
      [1, 2].map((number) => ({ job: job.id, number, type: 'status', at: 0, data: job })),
    );
    const answer = await call(`/train/${id}/events`, { headers: { 'last-event-id': '1' } });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const text = await answer.text();
    expect(text).toContain('id: 2\nevent: status\n');
    expect(text).not.toContain('id: 1\n');
  });
});

describe('PUT /data', () => {
  it('stores the body and answers 201 with size and etag', async () => {
    const answer = await call('/data/folder/my%20table.csv', { method: 'PUT', body: 'a,b\n1,2\n' });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ data_id: 'folder/my table.csv', size: 8 });
    expect(await store.stat('data', 'folder/my table.csv')).toMatchObject({ bytes: 8 });
  });

  it('takes a body that calls itself JSON as bytes', async () => {
    const answer = await call('/data/x.csv', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{broken' });
    expect(answer.status).toBe(201);
  });

  it('refuses more than its limit and keeps nothing', async () => {
    const answer = await call('/data/large.csv', { method: 'PUT', body: 'x'.repeat(1001) });
    expect(answer.status).toBe(413);
    expect(await store.stat('data', 'large.csv')).toBeNull();
  });

  it.each(['%2e%2e%2fpasswd', 'a%2F%2E%2E%2Fb', '%2Fabsolute', 'a%00b'])('refuses the key %s', async (key) => {
    expect((await call(`/data/${key}`, { method: 'PUT', body: 'x' })).status).toBe(422);
  });

  it('lists what was stored', async () => {
    await call('/data/list/1.csv', { method: 'PUT', body: 'x' });
    const { datasets } = (await (await call('/data?prefix=list/')).json()) as { datasets: { data_id: string; size: number }[] };
    expect(datasets).toMatchObject([{ data_id: 'list/1.csv', size: 1 }]);
  });
});

describe('GET /models/{id}/download', () => {
  const id = 'train_00000000aaaa';
  beforeAll(async () => {
    await post(iris);
    const job = [...head.stored.values()][0];
    if (job === undefined) throw new Error('no job');
    head.stored.set(id, { ...job, id: id as typeof job.id });
    await store.put('models', 'xgboost_classifier/m.pkl', Buffer.from('0123456789'));
    const file = { role: 'pkl', key: 'xgboost_classifier/m.pkl', bytes: 10, sha256: 'abc', ending: '.pkl' } as const;
    head.storedModels.set(id, { job: job.id, modelId: 'xgboost_classifier', files: [file] } as unknown as Model);
  });

  it('sends the file as an attachment named after the job', async () => {
    const answer = await call(`/models/${id}/download`);
    expect(await answer.text()).toBe('0123456789');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${id}_model.pkl"`);
    expect(answer.headers.get('etag')).toBe('"abc"');
  });

  it('sends the range that is asked for', async () => {
    const answer = await call(`/models/${id}/download`, { headers: { range: 'bytes=2-4' } });
    expect([answer.status, answer.headers.get('content-range'), await answer.text()]).toEqual([206, 'bytes 2-4/10', '234']);
  });

  it('refuses a range outside the file', async () => {
    expect((await call(`/models/${id}/download`, { headers: { range: 'bytes=10-' } })).status).toBe(416);
  });

  it('sends nothing again to who has it', async () => {
    expect((await call(`/models/${id}/download`, { headers: { 'if-none-match': '"abc"' } })).status).toBe(304);
  });

  it('says that a format is not there', async () => {
    expect((await call(`/models/${id}/download?format=onnx`)).status).toBe(404);
    expect((await call(`/models/${id}/download?format=zip`)).status).toBe(422);
  });
});

describe('GET /models', () => {
  it.each(['page=0', 'page_size=51', 'page_size=0'])('refuses %s', async (query) => {
    expect((await call(`/models/?${query}`)).status).toBe(422);
  });
});

describe('the door', () => {
  it('answers no host name but those of loopback', async () => {
    expect(await statusWith({ host: 'evil.example' })).toBe(403);
    expect(await statusWith({ host: 'localhost:8002' })).toBe(200);
  });

  it('lets pages of loopback and of the named origins in, and no others', async () => {
    expect(await statusWith({ origin: 'http://localhost:3000' }, 'DELETE', '/train/train_ffffffffffff')).toBe(404);
    expect(await statusWith({ origin: 'https://ml.example' }, 'DELETE', '/train/train_ffffffffffff')).toBe(404);
    expect(await statusWith({ origin: 'https://evil.example' }, 'DELETE', '/train/train_ffffffffffff')).toBe(403);
  });

  it('tells a page of loopback that it may read the answer', async () => {
    const answer = await call('/train', { headers: { origin: 'http://localhost:3000' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
  });

  it("keeps the caller's request id", async () => {
    const answer = await call('/health/live', { headers: { 'x-request-id': 'abc-1' } });
    expect(answer.headers.get('x-request-id')).toBe('abc-1');
  });

  it('refuses to start where others could reach it unasked', async () => {
    const open = { ...TEST_SETTINGS, host: '0.0.0.0' };
    await expect(
      startGateway({ head, connectActors: noActors, messages, store, settings: open, clock: systemClock() }, silentLogger),
    ).rejects.toMatchObject({
      code: 'gateway.unprotected',
    });
  });

  it('answers an address with a broken escape as any other mistake', async () => {
    const answer = await call('/data/a%zz', { method: 'PUT', body: 'x' });
    expect([answer.status, answer.headers.get('x-request-id'), await detailOf(answer)]).toEqual([
      400,
      expect.any(String),
      expect.stringContaining('%zz'),
    ]);
  });

  it('says whether a wrong field stands in the query or in the body', async () => {
    expect(await detailOf(await call('/train?limit=0'))).toMatchObject([{ loc: ['query', 'limit'] }]);
    expect(await detailOf(await post({ ...iris, epochs: 0 }))).toMatchObject([{ loc: ['body', 'epochs'] }]);
  });

  it('answers an unknown route with what it does not know', async () => {
    const answer = await call('/nothing');
    expect([answer.status, await detailOf(answer)]).toEqual([404, 'No route GET /nothing; see /docs']);
  });
});

describe('health', () => {
  it('tells that it is degraded when the head is away, and answers', async () => {
    const answer = await call('/health/');
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'degraded', postgres_connected: false, missing: ['head'] }]);
  });

  it('names a full disk of the database while it lasts', async () => {
    const why = 'The disk of the database is full (No space left on device). Make room on it; the head goes on by itself then.';
    const status = { ...STATUS_AT_REST, isDatabaseConnected: false, databaseTrouble: why };
    const spared = head.status;
    head.status = () => Promise.resolve(status);
    const answer = await call('/health').finally(() => (head.status = spared));
    expect(await answer.json()).toMatchObject({ status: 'degraded', missing: ['database', 'node'], reasons: [why] });
  });

  it('is not ready while something is missing', async () => {
    const answer = await call('/health/ready');
    expect([answer.status, await detailOf(answer)]).toEqual([503, 'Not ready: head missing']);
  });
});
