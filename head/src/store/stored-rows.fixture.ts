import { actorId, jobId, leaseId, nodeId, sessionId } from '@trainer/model';
import type { Actor, EpochMetrics, Job, Lease, Model } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { newJob } from '../jobs/new-job.js';
import type { JobRecord } from '../jobs/job-record.js';
import type { StoredNode } from './cluster-store.js';

/* One row of each kind, for tests of what stores them. */

export const NODE = nodeId('node-000000000001');
export const LEASE = leaseId('1-1');
export const SESSION = sessionId('session-0000000000000001');

export function aNode(): StoredNode {
  return {
    storedFact: 3,
    entry: {
      id: NODE,
      incarnation: 1,
      helloNumber: 7,
      host: 'h',
      version: '1',
      capacity: { cpuMilli: 2000, memoryBytes: 2 ** 32, gpus: [] },
      labels: { zone: 'a' },
      engines: [{ engine: 'xgboost', unavailable: null }],
      state: 'connected',
      stream: null,
      since: 4,
    },
  };
}

export function anActor(id: string): Actor {
  return {
    spec: {
      id: actorId(id),
      session: SESSION,
      classRef: { kind: 'bundle', hash: 'f'.repeat(64) as never, exportName: 'Counter' },
      className: 'Counter',
      args: { kind: 'inline', bytes: Buffer.from([0, 1, 255]) },
      resources: { cpuMilli: 100, memoryBytes: 2 ** 28, gpuMilli: 0 },
      concurrency: 1,
      priority: 50,
      env: { A: 'b' },
      name: null,
      namespace: 'default',
      maxRestarts: 0,
      checkpointEvery: 1_000,
      maxCallRetries: 0,
    },
    state: { at: 'pending', since: 1, reason: null },
    restarts: 0,
    deaths: [],
    hasRun: false,
    quickRestarts: 0,
  };
}

export function aLease(): Lease {
  return {
    id: LEASE,
    node: NODE,
    nodeIncarnation: 1,
    grant: { cpuMilli: 100, memoryBytes: 1, gpus: [] },
    state: 'planned',
    since: 2,
    pid: null,
    address: null,
    cause: null,
    holder: { kind: 'actor', actor: actorId('actor-0000000000000001'), incarnation: 1 },
  };
}

export function aJob(id: string, createdAt: number): JobRecord {
  const request = aTrainRequest({
    dataId: 'a\u2028 "b".csv',
    epochs: 10,
    hyperparameters: { max_depth: 6 },
    tags: { n: String(createdAt) },
  });
  const dataset = { key: request.dataId, etag: 'e', bytes: 1 };
  return newJob({ id: jobId(id), request, dataset, dataBucket: 'd', modelsBucket: 'm', checkpointInterval: 5 }, createdAt);
}

export function anEpoch(epoch: number, trainLoss: number): EpochMetrics {
  return { epoch, trainLoss, valLoss: null, trainAccuracy: null, valAccuracy: null, learningRate: null, additional: { val_f1_macro: 0.5 } };
}

export function aModel(job: Job): Model {
  return {
    job: job.id,
    modelId: job.request.modelId,
    task: 'classification',
    files: [],
    hyperparameters: {},
    seed: 42,
    createdAt: job.createdAt,
    result: {
      files: [],
      metrics: {},
      keptEpoch: 1,
      lastEpoch: 1,
      signature: { inputs: [], outputs: [] },
      classes: null,
      featureImportance: null,
      dataFingerprint: '',
      verified: { rows: 0, tiedRows: 0 },
      selectedOnValidation: false,
      baseline: {},
      trainingMs: 1,
    },
  };
}
