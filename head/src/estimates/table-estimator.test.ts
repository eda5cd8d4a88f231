import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { jobId } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import type { JobTrigger } from '../jobs/job-events.js';
import type { AskedTable } from './estimated-table.js';
import { TableEstimator } from './table-estimator.js';

const JOB = jobId('train_0123456789ab');
const WAIT_MS = 60_000;
let folder: string;
let store: ObjectStore;
let reads: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-estimates-'));
  store = await openObjectStore({ kind: 'folder', path: folder });
  reads = 0;
});
afterEach(() => rm(folder, { recursive: true }));

async function stored(key: string, body: Uint8Array): Promise<AskedTable> {
  const { etag, bytes } = await store.put('data', key, body);
  return { bucket: 'data', key, etag, bytes, target: null, hasTarget: true, excluded: [], hasClasses: true };
}

/** An estimator over a store, and what its jobs hear. */
function estimatorOver(objects: Pick<ObjectStore, 'get'>) {
  const clock = manualClock();
  const told: { job: string; trigger: JobTrigger }[] = [];
  const waiting: (() => void)[] = [];
  const counting = {
    get: (...asked: Parameters<ObjectStore['get']>) => {
      reads += 1;
      return objects.get(...asked);
    },
  } as ObjectStore;
  const turn = { stepJob: (job: string, trigger: JobTrigger) => void told.push({ job, trigger }) };
  const loop = {
    inBackground: (run: (of: typeof turn) => void) => {
      run(turn);
      for (const heard of waiting.splice(0)) heard();
    },
  };
  const estimator = new TableEstimator({ loop: loop as never, objects: counting, clock, logger: silentLogger, waitMs: WAIT_MS });
  const heard = async (count: number): Promise<typeof told> => {
    while (told.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return told;
  };
  return { estimator, clock, told, heard };
}

async function tableOf(asked: AskedTable): Promise<unknown> {
  const { estimator, heard } = estimatorOver(store);
  estimator.estimate(JOB, asked);
  const [told] = await heard(1);
  return told?.trigger.kind === 'estimated' ? told.trigger.table : told;
}

const csv = (rows: number): Buffer =>
  Buffer.from(`a,b,y\n${Array.from({ length: rows }, (_, row) => `${row % 7},${row % 5},${row % 3}\n`).join('')}`);

test.each([1, 10, 1_000, 400_000])('a CSV of %d rows', async (rows) => {
  const table = (await tableOf(await stored('a.csv', csv(rows)))) as { rows: number };
  expect(table).toMatchObject({ columns: 2, classes: Math.min(3, rows) });
  expect(Math.abs(table.rows - rows)).toBeLessThanOrEqual(rows * 0.01);
});

test.each([1, 1_000, 400_000])('a packed CSV of %d rows, by what its beginning unpacks to', async (rows) => {
  const table = (await tableOf(await stored('a.csv.gz', gzipSync(csv(rows))))) as { rows: number };
  expect(Math.abs(table.rows - rows)).toBeLessThanOrEqual(rows * 0.2);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['something else', Buffer.from('%PDF-1.7')],
  ['a broken gzip', gzipSync(csv(1_000)).fill(7, 20)],
  ['a cut Parquet', Buffer.from('PAR1 and no more')],
  ['Parquet that lies of its length', Buffer.from('PAR1....\xff\xff\xff\xffPAR1', 'latin1')],
])('of a file that is %s nothing is told', async (_, body) => expect(await tableOf(await stored('a.csv', body))).toBeNull());

test('a dataset that was replaced or removed meanwhile, and a store that is away, tell nothing', async () => {
  const asked = await stored('a.csv', csv(10));
  await store.put('data', 'a.csv', csv(20));
  expect(await tableOf(asked)).toBeNull();
  await store.remove('data', ['a.csv']);
  expect(await tableOf(asked)).toBeNull();
});

test('a store that does not answer is waited for no longer than said', async () => {
  const { estimator, clock, told, heard } = estimatorOver({ get: () => new Promise(() => undefined) });
  estimator.estimate(JOB, { ...(await stored('a.csv', csv(10))) });
  clock.advance(WAIT_MS - 1);
  await new Promise(setImmediate);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(await heard(1)).toEqual([{ job: JOB, trigger: { kind: 'estimated', table: null } }]);
});

test('jobs that ask for the same table share one look; those that come later need none, and are told together, not at once', async () => {
  const asked = await stored('a.csv', csv(10));
  const { estimator, clock, told, heard } = estimatorOver(store);
  const jobs = Array.from({ length: 100 }, (_, n) => jobId(`train_${String(n).padStart(12, '0')}`));
  for (const job of jobs) estimator.estimate(job, asked);
  expect((await heard(100)).map(({ job }) => job)).toEqual(jobs);
  expect(reads).toBe(1);
  for (const job of jobs.slice(0, 10)) estimator.estimate(job, asked);
  expect([told.length, clock.pending]).toEqual([100, 1]);
  clock.advance(0);
  const table = { rows: 10, columns: 2, classes: 3 };
  expect(told.slice(100)).toEqual(jobs.slice(0, 10).map((job) => ({ job, trigger: { kind: 'estimated', table } })));
  expect([reads, clock.pending]).toEqual([1, 0]);
  estimator.estimate(JOB, { ...asked, target: 'a' });
  await heard(111);
  expect(reads).toBe(2);
});

test('a closed estimator tells nobody any more', async () => {
  const asked = await stored('a.csv', csv(10));
  const { estimator, clock, told, heard } = estimatorOver(store);
  estimator.estimate(JOB, asked);
  await heard(1);
  estimator.estimate(JOB, asked);
  estimator.close();
  clock.advance(1);
  expect(told).toHaveLength(1);
});

test('at most four files are looked at side by side, and each has its turn', async () => {
  const asked = await Promise.all(Array.from({ length: 20 }, (_, n) => stored(`${n}.csv`, csv(10))));
  let open = 0;
  let most = 0;
  const { estimator, heard } = estimatorOver({
    get: async (...words) => {
      open += 1;
      most = Math.max(most, open);
      const object = await store.get(...words);
      object.stream.once('close', () => (open -= 1));
      return object;
    },
  });
  for (const one of asked) estimator.estimate(JOB, one);
  expect(await heard(20)).toHaveLength(20);
  expect(most).toBe(4);
});
