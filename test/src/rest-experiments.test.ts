import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from './harness/index.js';
import { IRIS, irisRequest, RestService, type Problem, type RestJob } from './rest-service.js';

/* Several trainings at once, and what comes of them. */

let cluster: TestCluster;
let rest: RestService;
beforeAll(async () => {
  cluster = await startCluster({ withGateway: true });
  rest = new RestService(cluster);
  await rest.put('iris.csv', IRIS);
});
afterAll(() => cluster?.stop());

describe('a batch', () => {
  const count = async (): Promise<number> => (await rest.call<RestJob[]>('/train?limit=100&experiment_name=batched')).body.length;
  const of = (fields: object): Readonly<Record<string, unknown>> => irisRequest({ epochs: 3, experiment_name: 'batched', ...fields });

  test('is taken as a whole, in its order, and trains', async () => {
    const seeds = Array.from({ length: 10 }, (_, at) => at);
    const { status, body } = await rest.batch(seeds.map((seed) => of({ seed, tags: { at: String(seed) } })));
    expect(status).toBe(200);
    expect(new Set(body.jobs.map(({ job_id }) => job_id)).size).toBe(10);
    const ended = await Promise.all(body.jobs.map(({ job_id }) => rest.ended(job_id)));
    expect(ended.map((job) => [job.status, (job as RestJob & { tags: object }).tags])).toEqual(
      seeds.map((seed) => ['completed', { at: String(seed) }]),
    );
    expect(await count()).toBe(10);
  });

  test.each<[string, readonly Readonly<Record<string, unknown>>[], number, unknown]>([
    ['a wrong field', [of({}), of({ hyperparameters: { max_depth: 'x' } })], 422, [['body', 'jobs', 1, 'hyperparameters', 'max_depth']]],
    ['an unknown model', [of({}), of({}), of({ model_id: 'none' })], 422, [['body', 'jobs', 2, 'model_id']]],
    [
      'a missing field',
      [of({}), { data_id: 'iris.csv' }],
      422,
      [
        ['body', 'jobs', 1, 'model_id'],
        ['body', 'jobs', 1, 'task_type'],
      ],
    ],
    ['nothing', [], 422, [['body', 'jobs']]],
    ['101 jobs', Array.from({ length: 101 }, () => of({})), 422, [['body', 'jobs']]],
    ['one key twice', [of({ idempotency_key: 'k' }), of({ idempotency_key: 'k' })], 422, [['body', 'jobs', 1, 'idempotency_key']]],
    ['a dataset that is not there', [of({}), of({ data_id: 'none.csv' })], 404, 'Dataset none.csv not found'],
  ])('with %s is refused as a whole, by its place', async (_, jobs, status, where) => {
    const before = await count();
    const answer = await rest.batch(jobs);
    const { detail } = answer.body;
    expect([answer.status, typeof detail === 'string' ? detail : detail.map(({ loc }) => loc)]).toEqual([status, where]);
    expect(await count()).toBe(before);
  });

  test('that is sent again under its key is the same jobs, one by one; a changed one is refused', async () => {
    const key = { 'idempotency-key': 'batch-1' };
    const jobs = [of({ seed: 21 }), of({ seed: 22 })];
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => rest.batch(jobs, key)));
    const ids = (answer: Awaited<ReturnType<typeof rest.batch>> | undefined): string[] =>
      answer?.body.jobs.map(({ job_id }) => job_id) ?? [];
    expect(new Set(ids(first)).size).toBe(2);
    for (const other of others) expect(ids(other)).toEqual(ids(first));
    expect(ids(await rest.batch(jobs, key))).toEqual(ids(first));
    expect((await rest.batch([of({ seed: 21 }), of({ seed: 23 })], key)).status).toBe(409);
  });
});

describe('an experiment', () => {
  interface Leaderboard {
    readonly metric: string;
    readonly order: string;
    readonly entries: readonly { readonly rank: number; readonly value: number; readonly job: RestJob }[];
  }
  const NAME = 'which depth? a/b';
  const path = `/experiments/${encodeURIComponent(NAME)}/leaderboard`;

  test('is listed with its jobs, which are ranked by a metric', async () => {
    const jobs = [1, 3].map((max_depth) => irisRequest({ epochs: 5, experiment_name: NAME, hyperparameters: { max_depth } }));
    const ids = (await rest.batch(jobs)).body.jobs.map(({ job_id }) => job_id);
    await Promise.all(ids.map((id) => rest.ended(id)));
    const { body: all } = await rest.call<{ name: string; jobs: object }[]>('/experiments');
    expect(all.find(({ name }) => name === NAME)?.jobs).toEqual({ pending: 0, running: 0, completed: 2, failed: 0, cancelled: 0 });
    const byLoss = (await rest.call<Leaderboard>(`${path}?metric=val_loss`)).body;
    expect(byLoss).toMatchObject({ metric: 'val_loss', order: 'ascending', entries: [{ rank: 1 }, { rank: 2 }] });
    const [best, other] = byLoss.entries;
    expect(best?.value).toBeLessThanOrEqual(other?.value ?? 0);
    expect(best?.value).toBe(best?.job.best_metrics['val_loss']);
    expect((await rest.call<Leaderboard>(`${path}?limit=1`)).body).toMatchObject({ metric: 'val_accuracy', order: 'descending' });
  });

  test('that nobody named, and a metric that none of its jobs has, are said so', async () => {
    expect(await rest.call<Problem>('/experiments/none/leaderboard')).toMatchObject({
      status: 404,
      body: { detail: 'Experiment none not found' },
    });
    const { status, body } = await rest.call<Problem>(`${path}?metric=val_r2`);
    expect([status, body.detail]).toEqual([
      422,
      [expect.objectContaining({ loc: ['query', 'metric'], msg: expect.stringContaining('val_accuracy') })],
    ]);
  });
});
