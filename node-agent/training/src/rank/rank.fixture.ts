import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RankContext } from '@trainer/actor';
import { catalogEntry, jobId, leaseId, type RankReport, type TrainingAssignment, type TrainRequest } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { openObjectStore, type ObjectStore } from '@trainer/storage';

const ROOT = new URL('../../../../', import.meta.url);
export const NATIVE_DIR = fileURLToPath(new URL('deploy/native', ROOT));
export const irisCsv = (): Promise<Buffer> => readFile(new URL('deploy/sample/iris.csv', ROOT));

export function trainRequest(values: Partial<TrainRequest> = {}): TrainRequest {
  const known = catalogEntry('xgboost_classifier')?.hyperparameters.known ?? {};
  return aTrainRequest({
    epochs: 20,
    ...values,
    hyperparameters: {
      ...Object.fromEntries(Object.entries(known).map(([name, { default: value }]) => [name, value])),
      ...values.hyperparameters,
    },
  });
}

/** A store with one dataset, and the world that a rank is put in. */
export interface RankWorld {
  readonly store: ObjectStore;
  readonly reports: RankReport[];
  readonly controller: AbortController;
  assignment(request?: Partial<TrainRequest>, values?: Partial<TrainingAssignment>): TrainingAssignment;
  /** A context with a scratch folder of its own. */
  context(onReport?: (report: RankReport) => void | Promise<void>): Promise<RankContext>;
  remove(): Promise<void>;
}

export async function rankWorld(dataset: string | Uint8Array, key = 'iris.csv'): Promise<RankWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-rank-'));
  const config = { kind: 'folder', path: join(folder, 'objects') } as const;
  const store = await openObjectStore(config);
  const stored = await store.put('data', key, Buffer.from(dataset));
  const reports: RankReport[] = [];
  const controller = new AbortController();
  let contexts = 0;
  return {
    store,
    reports,
    controller,
    assignment: (request = {}, values = {}) => ({
      job: jobId('train_0123456789ab'),
      attempt: 1,
      rank: 0,
      worldSize: 1,
      request: trainRequest({ dataId: key, ...request }),
      dataset: { bucket: 'data', key, etag: stored.etag, bytes: stored.bytes },
      modelsBucket: 'models',
      artifactStem: 'train_0123456789ab_20260102',
      checkpointIntervalEpochs: 5,
      resumeFrom: null,
      threads: 1,
      ...values,
    }),
    async context(onReport = () => undefined) {
      contexts += 1;
      const scratchDir = join(folder, `scratch-${contexts}`);
      await mkdir(scratchDir);
      return {
        leaseId: leaseId('1-1'),
        signal: controller.signal,
        scratchDir,
        nativeDir: NATIVE_DIR,
        threads: 1,
        store: config,
        report: async (report) => {
          reports.push(report);
          await onReport(report);
        },
        log: () => undefined,
      };
    },
    // An upload of an attempt that was ended may still be writing.
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }),
  };
}

export const BEGIN = { attempt: 1, rank: 0, worldSize: 1, peers: [], secret: 'x' } as const;

/** Reports of one kind, in order. */
export function reportsOf<K extends RankReport['kind']>(reports: readonly RankReport[], kind: K): Extract<RankReport, { kind: K }>[] {
  return reports.filter((report): report is Extract<RankReport, { kind: K }> => report.kind === kind);
}
