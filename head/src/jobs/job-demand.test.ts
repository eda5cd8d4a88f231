import { describe, expect, test } from '@jest/globals';
import { catalogEntry, jobId, leaseId, nodeId } from '@trainer/model';
import type { CatalogEntry, DeathCause, EngineState, HyperparameterValues, NodeState } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { artifactStem } from './artifacts.js';
import { assignmentOf } from './assignment.js';
import { wantOf, holdsLeases, resourcesFor } from './job-demand.js';
import type { JobRecord } from './job-record.js';
import { newJob, submittedEvent } from './new-job.js';
import { stepJob } from './step-job.js';

const MiB = 2 ** 20;
const known = catalogEntry('xgboost_classifier');
if (!known) throw new Error('the catalog has no xgboost_classifier');
const entry: CatalogEntry = known;
/** Of the catalog's formula. */

const engines: readonly EngineState[] = [{ engine: 'xgboost', unavailable: null }];
/** Long after the nodes have joined: no other is to come. */
const LATE = { now: 60_000, lateNodesMs: 10_000 };

function node(cpus: number, memoryMiB: number, state: NodeState = 'connected') {
  return { state, engines, since: 0, capacity: { cpuMilli: cpus * 1000, memoryBytes: memoryMiB * MiB, gpus: [] } };
}

function job(bytes: number, epochs = 100, createdAt = 0, numWorkers: number | null = 1): JobRecord {
  const request = aTrainRequest({ epochs, numWorkers });
  const dataset = { key: 'iris.csv', etag: 'e', bytes };
  const from = { request, dataset, dataBucket: 'datasets', modelsBucket: 'models', checkpointInterval: 5 };
  return { ...newJob({ id: jobId('train_0123456789ab'), ...from }, createdAt), table: null };
}

function placed(record: JobRecord, attempt = 1, cpuMilli = 1000): JobRecord {
  const ranks = [
    { rank: 0, lease: leaseId(`1-${attempt}`), node: nodeId('node-000000000001'), grant: { cpuMilli, memoryBytes: 300 * MiB, gpus: [] } },
  ];
  const step = stepJob(record, { kind: 'placed', attempt, ranks }, 1);
  return step.kind === 'stepped' ? step.record : record;
}

function died(record: JobRecord, cause: DeathCause): JobRecord {
  const step = stepJob(record, { kind: 'lease-ended', attempt: record.job.attempt, rank: 0, cause }, 1);
  return step.kind === 'stepped' ? step.record : record;
}

describe('resourcesFor', () => {
  test.each([
    ['below 8 MiB one CPU', 'a.csv', 8 * MiB - 1, [node(16, 64_000)], 1000],
    ['above as many as the largest node has', 'a.csv', 8 * MiB, [node(2, 64_000), node(4, 64_000)], 4000],
    ['but never more than 8', 'a.csv', 1000 * MiB, [node(64, 64_000)], 8000],
    ['a lost node does not count', 'a.csv', 1000 * MiB, [node(2, 64_000), node(8, 64_000, 'lost')], 2000],
    ['without nodes one', 'a.csv', 1000 * MiB, [], 1000],
    ['a compressed file is larger than it seems', 'a.csv.gz', 8 * MiB, [node(4, 64_000)], 4000],
  ])('%s', (_, dataId, bytes, nodes, cpuMilli) => {
    expect(resourcesFor({ dataId, hyperparameters: {} }, { bytes, table: null }, entry, nodes)).toMatchObject({ cpuMilli, gpuMilli: 0 });
  });
  test('memory is the formula of the catalog for a table of that size, and knows trees', () => {
    const of = (hyperparameters: HyperparameterValues, bytes = 10 * MiB): number =>
      resourcesFor({ dataId: 'a.csv', hyperparameters }, { bytes, table: null }, entry, [node(1, 64_000)]).memoryBytes;
    const table = { rows: Math.ceil((10 * MiB) / 4 / 21), columns: 20, classes: 2 };
    const many = { n_estimators: 1500, max_depth: 8 };
    expect([of({}), of(many)]).toEqual([entry.limits(table, {}).memoryBytes, entry.limits(table, many).memoryBytes]);
    expect(of({}, 20 * MiB)).toBeGreaterThan(of({}));
    expect(of(many)).toBeGreaterThan(of({}));
  });
  test('the estimate never asks more memory than the largest node has', () => {
    expect(
      resourcesFor({ dataId: 'a.csv', hyperparameters: {} }, { bytes: 2000 * MiB, table: null }, entry, [node(1, 2000), node(1, 4000)])
        .memoryBytes,
    ).toBe(4000 * MiB);
  });
});

describe('holdsLeases', () => {
  const lost = (record: JobRecord): JobRecord => {
    const step = stepJob(record, { kind: 'lease-lost', attempt: 1, rank: 0 }, 1);
    return step.kind === 'stepped' ? step.record : record;
  };
  test('a queued job holds none, and a placed one does', () => {
    expect([job(100), placed(job(100))].map(holdsLeases)).toEqual([false, true]);
  });
  test('a job that lost its node counts no longer, so that it does not wait for itself', () => {
    const waiting = lost(placed(job(100)));
    expect(waiting.ranks).toMatchObject([{ state: 'lost' }]);
    expect([waiting.job.phase, holdsLeases(waiting)]).toEqual(['queued', false]);
  });
});

describe('wantOf', () => {
  const nodes = [node(4, 64_000)];
  test('what a rank found its table to need is asked for, up to what the largest node has', () => {
    const waiting = (neededMemoryBytes: number): JobRecord => ({
      ...died(placed(job(100)), { kind: 'node-lost', node: 'n' }),
      neededMemoryBytes,
    });
    const asked = (needed: number): number | undefined => wantOf(waiting(needed), entry, nodes, LATE)?.bundles[0]?.memoryBytes;
    expect([asked(200 * MiB), asked(900 * MiB), asked(90_000 * MiB)]).toEqual([300 * MiB, 900 * MiB, 64_000 * MiB]);
  });
  test('a queued job is a gang of its world size: one, where the model has one rank', () => {
    expect(wantOf(job(100), entry, nodes, LATE)).toMatchObject({
      kind: 'job',
      bundles: [{ cpuMilli: 1000 }],
      needsEngine: 'xgboost',
    });
  });
  test('a model of one rank has one, whatever workers were asked', () => {
    expect(wantOf(job(100, 100, 0, 4), { ...entry, ranks: null }, nodes, LATE)?.bundles).toHaveLength(1);
  });
  test('a job that is placed demands nothing', () => {
    expect(wantOf(placed(job(100)), entry, nodes, LATE)).toBeNull();
  });
  test('the next attempt asks what the first one got, so that the model has the same bytes', () => {
    const record = died(placed(job(100), 1, 3000), { kind: 'exited', code: 1 });
    expect(wantOf(record, entry, nodes, LATE)?.bundles).toEqual([{ cpuMilli: 3000, memoryBytes: 300 * MiB, gpuMilli: 0 }]);
  });
  test('but no more CPUs than a node of today has', () => {
    const record = died(placed(job(100), 1, 8000), { kind: 'exited', code: 1 });
    expect(wantOf(record, entry, nodes, LATE)?.bundles[0]?.cpuMilli).toBe(4000);
  });
  test('memory is doubled after each end out of memory', () => {
    const oom: DeathCause = { kind: 'out-of-memory', limitBytes: 1, usedBytes: 2 };
    const once = died(placed(job(100)), oom);
    expect(wantOf(once, entry, nodes, LATE)?.bundles[0]?.memoryBytes).toBe(600 * MiB);
    expect(wantOf(died(placed(once, 2), oom), entry, nodes, LATE)?.bundles[0]?.memoryBytes).toBe(1200 * MiB);
  });
});

describe('a gang', () => {
  const MB30 = 30 * MiB;
  const bundlesOf = (record: JobRecord, nodes: ReturnType<typeof node>[], time = LATE): (number | undefined)[] =>
    (wantOf(record, entry, nodes, time)?.bundles ?? []).map(({ cpuMilli }) => cpuMilli);
  test.each([
    ['has as many ranks as workers were asked', 100, 4, [node(8, 64_000)], [1000, 1000, 1000, 1000]],
    ['has one CPU a rank on nodes of one CPU', MB30, 2, [node(1, 4000), node(1, 4000), node(1, 4000)], [1000, 1000]],
    ['shares the CPUs of one node', MB30, 2, [node(4, 64_000)], [2000, 2000]],
    ['takes whole nodes where there is one for each rank', MB30, 2, [node(4, 64_000), node(4, 64_000)], [4000, 4000]],
    ['has fewer ranks where the cluster can’t hold them', 100, 4, [node(1, 4000), node(2, 4000)], [1000, 1000, 1000]],
    ['counts no lost node', 100, 2, [node(1, 4000), node(1, 4000, 'lost')], [1000]],
    ['counts no node whose memory is too small', 100, 2, [node(1, 4000), node(1, 200)], [1000]],
    ['counts no node without the engine', 100, 2, [node(1, 4000), { ...node(1, 4000), engines: [] }], [1000]],
    ['stays whole where there is no node yet', 100, 2, [], [1000, 1000]],
  ] as [string, number, number, ReturnType<typeof node>[], number[]][])('%s', (_, bytes, workers, nodes, cpus) => {
    expect(bundlesOf(job(bytes, 100, 0, workers), nodes)).toEqual(cpus);
  });
  test.each([
    ['one rank, where nothing was asked', 500 * MiB, null, 1],
    ['one rank, where 0 was asked', 5000 * MiB, 0, 1],
    ['a rank a GiB, where nothing was asked and the data is large', 2500 * MiB, null, 3],
    ['no more ranks than nodes then', 25_000 * MiB, null, 4],
  ])('has %s', (_, bytes, workers, ranks) => {
    const nodes = Array.from({ length: 4 }, () => node(2, 1_000_000));
    expect(bundlesOf(job(bytes, 100, 0, workers), nodes)).toHaveLength(ranks);
  });
  test('waits whole while nodes are joining', () => {
    expect(bundlesOf(job(100, 100, 0, 3), [node(1, 4000)], { now: 9_999, lateNodesMs: 10_000 })).toHaveLength(3);
    expect(bundlesOf(job(100, 100, 0, 3), [node(1, 4000)], { now: 10_000, lateNodesMs: 10_000 })).toHaveLength(1);
  });
  test('of a later attempt has the ranks of the first, or what there is', () => {
    const record = died(placed(job(100, 100, 0, 4)), { kind: 'exited', code: 1 });
    expect(record.shape?.worldSize).toBe(1);
    expect(bundlesOf(record, [node(8, 64_000)])).toEqual([1000]);
  });
  test('that is smaller than asked is told with its numbers', () => {
    const step = stepJob(job(100, 100, 0, 3), { kind: 'placed', attempt: 1, ranks: placedRanks(2) }, 1);
    expect(step.kind === 'stepped' ? step.record.job.warnings : []).toEqual([
      'num_workers is 3, but the nodes of the cluster can hold no more than 2 workers of this job; it trains on 2 workers.',
    ]);
  });
  test('that is as asked is told nothing', () => {
    const step = stepJob(job(100, 100, 0, 2), { kind: 'placed', attempt: 1, ranks: placedRanks(2) }, 1);
    expect(step.kind === 'stepped' ? step.record.job.warnings : null).toEqual([]);
  });
});

function placedRanks(count: number) {
  return Array.from({ length: count }, (_, rank) => ({
    rank,
    lease: leaseId(`1-${rank + 1}`),
    node: nodeId('node-000000000001'),
    grant: { cpuMilli: 1000, memoryBytes: 300 * MiB, gpus: [] },
  }));
}

describe('assignmentOf', () => {
  test('has everything that decides the model', () => {
    expect(assignmentOf(placed(job(100, 100, Date.UTC(2025, 11, 2)), 1, 2500), 0)).toMatchObject({
      job: 'train_0123456789ab',
      attempt: 1,
      rank: 0,
      worldSize: 1,
      dataset: { bucket: 'datasets', key: 'iris.csv', etag: 'e', bytes: 100 },
      modelsBucket: 'models',
      artifactStem: 'train_0123456789ab_20251202',
      checkpointIntervalEpochs: 5,
      resumeFrom: null,
      threads: 2,
    });
  });
  test('a fraction of a CPU is one thread', () => {
    expect(assignmentOf(placed(job(100), 1, 500), 0)?.threads).toBe(1);
  });
  test('there is none for a rank that the attempt does not have', () => {
    expect(assignmentOf(placed(job(100)), 1)).toBeNull();
  });
  test.each([
    [100, 5],
    [101, 6],
    [1000, 50],
    [1, 5],
  ])('of %d epochs a checkpoint is written every %d', (epochs, every) => {
    expect(job(100, epochs).checkpointIntervalEpochs).toBe(every);
  });
});

test('the stem of artifacts has the day of the submission in UTC', () => {
  const days = Array.from({ length: 4000 }, (_, i) => Date.UTC(2000, 0, 1) + i * 9 * 86_400_000 + 86_399_999);
  const stems = days.map((createdAt) => artifactStem({ id: jobId('train_0123456789ab'), createdAt }));
  expect(stems).toEqual(days.map((day) => `train_0123456789ab_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`));
});

test('the submission is the first event of a job', () => {
  const record = job(100);
  expect(submittedEvent(record)).toMatchObject({ number: record.lastEvent, type: 'status', data: { status: 'pending', phase: 'queued' } });
});
