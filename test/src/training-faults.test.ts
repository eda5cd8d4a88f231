import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signalTo, slowTable, slowTraining, startCluster, type TestCluster } from './harness/index.js';
import { IRIS, irisRequest, RestService, type TrainBody } from './rest-service.js';

const slowRequest = (fields: TrainBody = {}): TrainBody => ({
  ...slowTraining(1000, { max_depth: 10 }),
  ...fields,
});

let cluster: TestCluster;
let rest: RestService;

beforeAll(async () => {
  cluster = await startCluster({ withGateway: true, env: { MAX_PARALLEL_JOBS: '1', TRAINER_QUEUE_LIMIT: '5' } });
  rest = new RestService(cluster);
  await rest.put('iris.csv', IRIS);
  await rest.put('slow.csv', slowTable());
});

afterAll(() => cluster?.stop());

const nothingRuns = (): Promise<unknown> =>
  cluster.until('no process of a job is left', () => cluster.pidsOf('actors').length === 0, 15_000);
const begunTraining = (id: string, epoch: number): Promise<unknown> =>
  rest.jobWhen(id, `is past epoch ${epoch}`, (job) => job.current_epoch > epoch);

describe('a cancel', () => {
  test.each(['reserving', 'starting', 'loading', 'training'])(
    'while the job is %s ends it with every process',
    async (phase) => {
      const id = await rest.submit(slowRequest());
      for await (const { data } of rest.events(id)) if (data['phase'] === phase) break;
      expect(await rest.cancel(id)).toMatchObject({ status: 200, body: { message: `Job ${id} cancelled successfully` } });
      expect(await rest.job(id)).toMatchObject({ status: 'cancelled', phase: 'ended', final_model_path: null });
      expect(cluster.pidsOf('actors')).toEqual([]);
    },
    180_000,
  );

  test('while the job is exporting ends it or comes too late, and nothing else', async () => {
    const id = await rest.submit(irisRequest({ epochs: 3 }));
    for await (const { data } of rest.events(id)) if (data['phase'] === 'exporting') break;
    const { status } = await rest.cancel(id);
    const job = await rest.ended(id);
    expect([
      [200, 'cancelled'],
      [400, 'completed'],
    ]).toContainEqual([status, job.status]);
    await nothingRuns();
  });

  test('of a queued job ends it at once, and the running one goes on', async () => {
    const running = await rest.submit(slowRequest());
    const queued = await rest.submit(slowRequest());
    await begunTraining(running, 0);
    expect(await rest.job(queued)).toMatchObject({
      status: 'pending',
      phase: 'queued',
      pending_reason: expect.stringContaining('MAX_PARALLEL_JOBS'),
    });
    expect(await rest.cancel(queued)).toMatchObject({ status: 200 });
    expect(await rest.job(queued)).toMatchObject({ status: 'cancelled' });
    expect(await rest.job(running)).toMatchObject({ status: 'running' });
    await rest.cancel(running);
  });

  test('twice at once is one cancel, and one more is refused', async () => {
    const id = await rest.submit(slowRequest());
    await begunTraining(id, 0);
    const both = await Promise.all([rest.cancel(id), rest.cancel(id)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(await rest.cancel(id)).toMatchObject({ status: 400, body: { detail: 'Cannot cancel job in status: cancelled' } });
  });

  test('leaves no model, and the next job trains', async () => {
    const id = await rest.submit(slowRequest());
    await begunTraining(id, 0);
    await rest.cancel(id);
    const detail = `Job ${id} has not completed successfully`;
    expect(await rest.call(`/models/${id}`)).toMatchObject({ status: 400, body: { detail } });
    expect(await rest.call(`/models/${id}/download`)).toMatchObject({ status: 400, body: { detail } });
    expect(await rest.call(`/train/${id}/final_result`)).toMatchObject({ status: 404, body: { detail: 'Result not ready' } });
    expect(await rest.trained(irisRequest())).toMatchObject({ status: 'completed' });
  });
});

test.each([['overwritten', () => rest.put('later.csv', `${IRIS.toString()}6,3,5,2,virginica\n`)]])(
  'a dataset that is %s while its job waits fails the job, naming it',
  async (_what, change) => {
    await rest.put('later.csv', IRIS);
    const running = await rest.submit(slowRequest());
    const waiting = await rest.submit(irisRequest({ data_id: 'later.csv' }));
    await begunTraining(running, 0);
    await change();
    await rest.cancel(running);
    expect(await rest.ended(waiting)).toMatchObject({
      status: 'failed',
      attempt: 1,
      error_message: expect.stringMatching(/later\.csv was overwritten.*Submit the job again/),
    });
  },
  180_000,
);

test('a full queue refuses with 429 and takes jobs again once there is room', async () => {
  const running = await rest.submit(slowRequest());
  await begunTraining(running, 0);
  const waiting = await Promise.all(Array.from({ length: 5 }, () => rest.submit(irisRequest())));
  const answer = await rest.post(irisRequest());
  expect([answer.status, answer.headers.get('retry-after'), answer.body.detail]).toEqual([
    429,
    '1',
    expect.stringContaining('5 jobs wait already'),
  ]);
  await rest.cancel(waiting[0] ?? '');
  const late = await rest.post(irisRequest());
  expect(late.status).toBe(200);
  await Promise.all([running, ...waiting.slice(1), late.body.job_id].map((id) => rest.cancel(id)));
});

/** So many that the training is not over before it is seen to be under way. */
const KILLED_EPOCHS = 300;
/** A model with sampling has four checkpoints, the first at a fifth. */
const FIRST_CHECKPOINT = KILLED_EPOCHS / 5;

test('a rank that is killed is tried again from its checkpoint, and makes the very model of an undisturbed run', async () => {
  const request = slowRequest({ epochs: KILLED_EPOCHS, hyperparameters: { n_estimators: KILLED_EPOCHS, max_depth: 8, subsample: 0.7 } });
  const id = await rest.submit(request);
  await begunTraining(id, FIRST_CHECKPOINT + 20);
  cluster.pidsOf('actors').forEach((pid) => signalTo(pid, 'SIGKILL'));
  const job = await rest.ended(id);
  const requeued = (await rest.allEvents(id)).filter(({ data }) => data['phase'] === 'queued' && data['attempt'] !== 0);
  const reason = /killed by SIGKILL, which the cluster did not send\. The next attempt goes on from epoch \d+/;
  expect(requeued.map(({ data }) => data['pending_reason'])).toEqual([expect.stringMatching(reason)]);
  expect(job).toMatchObject({ status: 'completed', attempt: 2, current_epoch: KILLED_EPOCHS });
  const { body } = await rest.call<{ recent_metrics: { epoch: number }[] }>(`/train/${id}/progress?epochs=all`);
  expect(body.recent_metrics.map(({ epoch }) => epoch)).toEqual(Array.from({ length: KILLED_EPOCHS }, (_, at) => at + 1));

  const undisturbed = await rest.trained(request);
  const filesOf = async (of: string): Promise<string[]> =>
    Promise.all(
      ['onnx', 'native', 'pkl'].map(async (format) =>
        createHash('sha256')
          .update(await rest.download(of, format))
          .digest('hex'),
      ),
    );
  expect(await filesOf(id)).toEqual(await filesOf(undisturbed.job_id));
  expect(job.best_metrics).toEqual(undisturbed.best_metrics);
}, 120_000);
