import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GANG_SETTINGS, PeerListener, type Gang, type RankContext } from '@trainer/actor';
import { catalogEntry, jobId, leaseId, type RankReport, type TrainingAssignment, type TrainRequest } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { systemClock } from '@trainer/runtime';
import { openObjectStore, type ObjectStore } from '@trainer/storage';

const ROOT = new URL('../../../../', import.meta.url);
export const NATIVE_DIR = fileURLToPath(new URL('deploy/native', ROOT));
export const irisCsv = (): Promise<Buffer> => readFile(new URL('deploy/sample/iris.csv', ROOT));

export function trainRequest(values: Partial<TrainRequest> = {}): TrainRequest {
  const known = catalogEntry(values.modelId ?? 'xgboost_classifier')?.parameters.known ?? {};
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
  context(onReport?: (report: RankReport) => void | Promise<void>): Promise<RankContext & { readonly address: string }>;
  /** Puts other bytes in the dataset's place, unseen by the store: what reads it from now on reads no table. */
  spoil(): Promise<void>;
  remove(): Promise<void>;
}

export async function rankWorld(dataset: string | Uint8Array, key = 'iris.csv'): Promise<RankWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-rank-'));
  const config = { kind: 'folder', path: join(folder, 'objects') } as const;
  const store = await openObjectStore(config);
  const stored = await store.put('data', key, Buffer.from(dataset));
  const reports: RankReport[] = [];
  const controller = new AbortController();
  const gangs: Gang[] = [];
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
      memoryBytes: null,
      ...values,
    }),
    async context(onReport = () => undefined) {
      contexts += 1;
      const scratchDir = join(folder, `scratch-${contexts}`);
      await mkdir(scratchDir);
      return {
        ...(await peersOf(gangs)),
        working: () => undefined,
        leaseId: leaseId('1-1'),
        signal: controller.signal,
        scratchDir,
        nativeDir: NATIVE_DIR,
        datasetCache: { folder: join(folder, 'datasets'), quotaBytes: 2 ** 30 },
        threads: 1,
        openStore: () => Promise.resolve(store),
        report: async (report) => {
          reports.push(report);
          await onReport(report);
        },
        log: () => undefined,
      };
    },
    spoil: () => spoil(join(folder, 'objects', 'data', key), join(folder, 'like')),
    async remove() {
      await Promise.all(gangs.map((gang) => gang.leave()));
      // An upload of an attempt that was ended may still be writing.
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** Fills a file with zeros; its size and time, to the nanosecond, stay. */
async function spoil(file: string, like: string): Promise<void> {
  await writeFile(like, '');
  execFileSync('touch', ['-r', file, like]);
  await writeFile(file, Buffer.alloc((await stat(file)).size));
  execFileSync('touch', ['-r', like, file]);
}

/** What a rank needs to join others; its gang is noted in `gangs`. */
async function peersOf(gangs: Gang[]): Promise<Pick<RankContext, 'network' | 'join'> & { readonly address: string }> {
  const network = { listenHost: '127.0.0.1', advertisedHost: '127.0.0.1', ports: { from: 0, to: 0 } };
  const { listenHost: host, ports } = network;
  const listener = await PeerListener.open({ clock: systemClock(), host, ports, settings: GANG_SETTINGS });
  return {
    address: `${network.advertisedHost}:${listener.port}`,
    network,
    join: async (begin) => {
      const gang = await listener.join(begin);
      gangs.push(gang);
      return gang;
    },
  };
}

export const BEGIN = { attempt: 1, rank: 0, worldSize: 1, peers: [], secret: 'x' } as const;

/** Reports of one kind, in order. */
export function reportsOf<K extends RankReport['kind']>(reports: readonly RankReport[], kind: K): Extract<RankReport, { kind: K }>[] {
  return reports.filter((report): report is Extract<RankReport, { kind: K }> => report.kind === kind);
}
