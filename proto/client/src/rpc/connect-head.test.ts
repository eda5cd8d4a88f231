import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { InvalidRequestError, jobId, type Job, type JobEvent } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { encodeJob, encodeJobEvent, errorToStatus, type pb } from '@trainer/wire';
import type { HeadConnection } from '../head/head-door.js';
import { FakeHead } from '../testing/rpc/fake-head.js';
import { connectHead } from './connect-head.js';

let head: FakeHead;
let connection: HeadConnection;

beforeEach(async () => {
  head = await new FakeHead().start();
  connection = connectHead({ address: head.address, secret: head.secret });
});

afterEach(async () => {
  connection.close();
  await head.stop();
});

const REQUEST = aTrainRequest({
  targetColumn: 'species',
  epochs: 10,
  learningRate: 0.1,
  hyperparameters: { max_depth: 6 },
  useGpu: false,
  experimentName: 'default',
  earlyStopping: false,
  patience: 5,
});
const JOB: Job = {
  id: jobId('train_0123456789ab'),
  request: REQUEST,
  dataset: { key: 'iris.csv', etag: 'e', bytes: 5 },
  status: 'pending',
  phase: 'queued',
  createdAt: 1,
  startedAt: null,
  completedAt: null,
  currentEpoch: 0,
  totalEpochs: 10,
  progress: 0,
  attempt: 0,
  attempts: [],
  failures: 0,
  infraFailures: 0,
  gpuAllocated: null,
  bestMetrics: {},
  finalModelPath: null,
  error: null,
  pendingReason: 'waits for 1 CPU',
  warnings: [],
  nodes: [],
  leases: [],
  cancelRequested: false,
  workers: 1,
};

async function restart(): Promise<void> {
  await head.stop();
  await head.start();
}

test('a request is sent as it was given, and its job comes back', async () => {
  const sent: pb.SubmitRequest[] = [];
  head.jobs = {
    submit: (call: ServerUnaryCall<pb.SubmitRequest, pb.Job>, done: sendUnaryData<pb.Job>) => {
      sent.push(call.request);
      done(null, encodeJob(JOB));
    },
  };
  await restart();
  const job = await connection.jobs.submit(
    { modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification', epochs: 10, tags: { team: 'a' } },
    { idempotencyKey: 'k1' },
  );
  expect(job).toEqual(JOB);
  expect(sent[0]).toMatchObject({ idempotencyKey: 'k1', request: { modelId: 'xgboost_classifier', epochs: 10, tags: { team: 'a' } } });
  expect(sent[0]?.request?.seed).toBeUndefined();
});

test('a request that is refused rejects with the issues by field', async () => {
  head.jobs = {
    submit: (_call: unknown, done: sendUnaryData<pb.Job>) =>
      done(errorToStatus(new InvalidRequestError([{ path: ['epochs'], message: 'too many', type: 'range' }]))),
  };
  await restart();
  const submitted = connection.jobs.submit({ modelId: 'm', dataId: 'd', taskType: 'regression' });
  await expect(submitted).rejects.toMatchObject({ code: 'request.invalid', facts: { issues: [{ path: ['epochs'] }] } });
});

test('a page of jobs asks for what the filter says', async () => {
  const asked: pb.ListJobsRequest[] = [];
  head.jobs = {
    list: (call: ServerUnaryCall<pb.ListJobsRequest, pb.ListJobsReply>, done: sendUnaryData<pb.ListJobsReply>) => {
      asked.push(call.request);
      done(null, { jobs: [encodeJob(JOB)], nextCursor: 'c2' });
    },
  };
  await restart();
  const page = await connection.jobs.list({ status: 'pending', limit: 5, tag: { name: 'team', value: 'a' }, cursor: 'c1' });
  expect(page).toEqual({ jobs: [JOB], nextCursor: 'c2' });
  expect(asked[0]).toMatchObject({ limit: 5, tagName: 'team', tagValue: 'a', cursor: 'c1' });
});

test('events that break off go on where they were, without a gap and without one twice', async () => {
  const asked: number[] = [];
  const event = (number: number): JobEvent => ({ job: JOB.id, number, at: number, type: 'status', data: JOB });
  head.jobs = {
    events: (call: ServerWritableStream<pb.EventsRequest, pb.JobEvent>) => {
      asked.push(call.request.after);
      if (asked.length === 1) {
        for (const number of [1, 2, 3]) call.write(encodeJobEvent(event(number)));
        call.emit('error', { code: 14, details: 'the head restarts' });
        return;
      }
      for (const number of [3, 4, 5]) call.write(encodeJobEvent(event(number)));
      call.end();
    },
  };
  await restart();
  const numbers: number[] = [];
  for await (const { number } of connection.jobs.events(JOB.id)) numbers.push(number);
  expect(numbers).toEqual([1, 2, 3, 4, 5]);
  expect(asked[0]).toBe(0);
  expect(asked[1]).toBeLessThanOrEqual(3);
});

test('events of no such job are an error at once', async () => {
  head.jobs = {
    events: (call: ServerWritableStream<pb.EventsRequest, pb.JobEvent>) => void call.emit('error', { code: 5, details: 'no such job' }),
  };
  await restart();
  await expect(connection.jobs.events('train_x').next()).rejects.toMatchObject({ code: 'not-found' });
});

test('a signal ends the events quietly', async () => {
  head.jobs = { events: (call: ServerWritableStream<pb.EventsRequest, pb.JobEvent>) => void call.sendMetadata(call.metadata) };
  await restart();
  const controller = new AbortController();
  const next = connection.jobs.events(JOB.id, { signal: controller.signal }).next();
  setImmediate(() => controller.abort());
  expect(await next).toEqual({ done: true, value: undefined });
});

test('logs are read to their end', async () => {
  const lines: string[] = [];
  for await (const { line } of connection.logs('actor-1')) lines.push(line);
  expect(lines).toEqual(['actor-1: one', 'actor-1: two']);
});

test('a log that is followed is left by leaving the loop', async () => {
  for await (const { line } of connection.logs('actor-1', { follow: true })) if (line.endsWith('two')) break;
  expect((await connection.status()).headEpoch).toBe(3);
});

test('a head that is back is found again', async () => {
  await connection.status();
  await head.stop();
  const status = connection.status();
  await head.start();
  expect(await status).toMatchObject({ headEpoch: 3 });
});

test('after closing nothing is asked any more', async () => {
  connection.close();
  connection.close();
  await expect(connection.status()).rejects.toMatchObject({ code: 'cluster.unavailable' });
});
