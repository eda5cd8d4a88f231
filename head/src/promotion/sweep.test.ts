import { beforeEach, expect, test } from '@jest/globals';
import { jobId } from '@trainer/model';
import type { JobStatus } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import { memoryStore as memoryObjects } from '@trainer/storage/testing';
import { aJob } from '../store/stored-rows.fixture.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { emptyRows, memoryStore } from '../store/memory-store.js';
import { sweepFinalKeys } from './sweep.js';

const BUCKET = 'trained-models';

let objects: ObjectStore;
let store: ClusterStore;
let signal: AbortSignal;

beforeEach(() => {
  [objects, store, signal] = [memoryObjects(), memoryStore(emptyRows(), () => true), new AbortController().signal];
});

const idOf = (n: number): string => `train_${String(n).padStart(12, '0')}`;
const keyOf = (n: number): string => `xgboost_classifier/${idOf(n)}_20260101.onnx`;
const write = (key: string): Promise<unknown> => objects.put(BUCKET, key, Buffer.from('x'));
const keys = async (): Promise<string[]> => (await objects.list(BUCKET, { prefix: '', after: '', limit: 5_000 })).map(({ key }) => key);

async function job(n: number, status: JobStatus): Promise<void> {
  const record = aJob(idOf(n), n);
  await store.commit({ newJobs: [{ ...record, job: { ...record.job, status } }] });
}

test('final files of a job that ended without a model, or that nobody knows, are removed; no other file is touched', async () => {
  await job(1, 'running');
  await job(2, 'failed');
  await job(3, 'completed');
  await store.commit({ models: [{ job: jobId(idOf(3)), createdAt: 1 } as never] });
  const others = [`attempts/${idOf(2)}/1/model.onnx`, 'readme.txt'];
  for (const key of [...[1, 2, 3, 4].map(keyOf), ...others]) await write(key);
  expect(await sweepFinalKeys(objects, BUCKET, store, signal)).toBe(2);
  expect(await keys()).toEqual([others[0], others[1], keyOf(1), keyOf(3)]);
});

test('a thousand models cost one question a page', async () => {
  let asked = 0;
  const counting = {
    ...store,
    jobsWithFiles: (jobs: Parameters<ClusterStore['jobsWithFiles']>[0]) => ((asked += 1), store.jobsWithFiles(jobs)),
  };
  for (let n = 0; n < 1_000; n += 1) await write(keyOf(n));
  expect(await sweepFinalKeys(objects, BUCKET, counting, signal)).toBe(1_000);
  expect(asked).toBeLessThanOrEqual(3);
});

test('what another head promotes meanwhile stays, though this one has never heard of its job', async () => {
  await write(keyOf(7));
  const overtaken = {
    ...store,
    // The listing is done; the other head submitted and promoted the job before.
    jobsWithFiles: async (jobs: Parameters<ClusterStore['jobsWithFiles']>[0]) => (await job(7, 'running'), store.jobsWithFiles(jobs)),
  };
  expect(await sweepFinalKeys(objects, BUCKET, overtaken, signal)).toBe(0);
  expect(await keys()).toEqual([keyOf(7)]);
});

test('a head that ends sweeps no more', async () => {
  await write(keyOf(1));
  const closing = new AbortController();
  const answering = { ...store, jobsWithFiles: async () => (closing.abort(new Error('the head ends')), new Set<never>()) };
  await expect(sweepFinalKeys(objects, BUCKET, answering, closing.signal)).rejects.toThrow('the head ends');
  expect(await keys()).toHaveLength(1);
});
