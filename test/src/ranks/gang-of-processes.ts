import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  catalogEntry,
  jobId,
  leaseId,
  type ProcessStart,
  type RankReport,
  type TrainingAssignment,
  type TrainRequest,
} from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { actorChannel, CHANNEL_PIPES } from '@trainer/agent/internal';
import { deferred, systemClock } from '@trainer/runtime';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import { encodeAssignment } from '@trainer/wire';

const ROOT = new URL('../../../', import.meta.url);
const fileOf = (path: string): string => fileURLToPath(new URL(path, ROOT));
const HOST = '127.0.0.1';
const JOB = jobId('train_0123456789ab');

/** What became of one rank's process. */
export interface RankEnd {
  readonly reports: readonly RankReport[];
  readonly signal: string | null;
  /** The most memory that it had in use until its last report. */
  readonly peakBytes: number;
  /** What it had read of files and sockets by then; pages of mapped files do not count (proc(5): rchar). */
  readonly readBytes: number;
}

/** An attempt of several ranks, each the process that an agent would start. */
export interface Attempt {
  readonly attempt?: number;
  readonly ranks: number;
  readonly request: Partial<TrainRequest>;
  readonly resumeFrom?: TrainingAssignment['resumeFrom'];
  /** Where they may listen; default: anywhere. */
  readonly ports?: { readonly from: number; readonly to: number };
  /** Called with each report before it is acknowledged, in its rank's order. */
  readonly onReport?: (rank: number, report: RankReport, signal: (rank: number, signal: NodeJS.Signals) => void) => void;
}

/** Objects in a folder, and the processes of ranks over them; this side plays the agents and the head. */
export class RankGround {
  readonly #children = new Set<ChildProcess>();
  #folders = 0;

  private constructor(
    private readonly folder: string,
    readonly store: ObjectStore,
    private readonly dataset: TrainingAssignment['dataset'],
  ) {}

  static async open(csv: string): Promise<RankGround> {
    const folder = await mkdtemp(join(tmpdir(), 'trainer-ranks-'));
    const store = await openObjectStore({ kind: 'folder', path: join(folder, 'objects') });
    const { etag, bytes } = await store.put('data', 'table.csv', Buffer.from(csv));
    return new RankGround(folder, store, { bucket: 'data', key: 'table.csv', etag, bytes });
  }

  /** Runs an attempt until no process of it is left. */
  async run(attempt: Attempt): Promise<readonly RankEnd[]> {
    const ranks = await Promise.all(Array.from({ length: attempt.ranks }, (_, rank) => this.#start(attempt, rank)));
    const peers = await Promise.all(ranks.map(({ ready }) => ready));
    const signal = (rank: number, name: NodeJS.Signals): void => void ranks[rank]?.child.kill(name);
    ranks.forEach(({ channel, onReport }, rank) => {
      onReport((report) => attempt.onReport?.(rank, report, signal));
      const begin = { attempt: attempt.attempt ?? 1, rank, worldSize: attempt.ranks, peers, secret: 'of this attempt' };
      channel.send({ kind: 'begin', begin });
    });
    return Promise.all(ranks.map(({ ended }) => ended));
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  async #start(attempt: Attempt, rank: number) {
    this.#folders += 1;
    const scratchDir = join(this.folder, `scratch-${this.#folders}`);
    await mkdir(scratchDir);
    const entry = fileOf('node-agent/actor/dist/process.loader.cjs');
    const child = spawn(process.execPath, [entry], { stdio: ['ignore', 'ignore', 'ignore', ...CHANNEL_PIPES] });
    const channel = actorChannel(child, systemClock());
    this.#children.add(child);
    const reports: RankReport[] = [];
    let [peakBytes, readBytes] = [0, 0];
    const ready = deferred<string>();
    let told: (report: RankReport) => void = () => undefined;
    channel.listen({
      onMessage: (message) => {
        if (message.kind === 'ready') ready.resolve(message.address);
        if (message.kind === 'failed') ready.reject(new Error(JSON.stringify(message.cause)));
        if (message.kind !== 'report') return;
        reports.push(message.report);
        // It waits for the answer, so it is still there.
        [peakBytes, readBytes] = [peakOf(child.pid), readOf(child.pid)];
        told(message.report);
        channel.send({ kind: 'reported', number: message.number, refused: null });
      },
      onBroken: (why) => ready.reject(new Error(why)),
      onClosed: () => undefined,
    });
    channel.send({ kind: 'start', start: this.#processStart(attempt, rank, scratchDir) });
    const ended = once(child, 'exit').then(([, signal]: (string | null)[]): RankEnd => {
      this.#children.delete(child);
      return { reports, signal: signal ?? null, peakBytes, readBytes };
    });
    return { child, channel, ready: ready.promise, ended, onReport: (call: (report: RankReport) => void) => (told = call) };
  }

  #processStart(attempt: Attempt, rank: number, scratchDir: string): ProcessStart {
    const number = attempt.attempt ?? 1;
    return {
      lease: leaseId(`1-${number * 10 + rank}`),
      holder: { kind: 'rank', job: JOB, attempt: number, rank },
      classRef: { kind: 'module', specifier: '@trainer/training', exportName: 'TrainingRank' },
      className: 'TrainingRank',
      moduleUrl: new URL('node-agent/training/dist/bundled/index.js', ROOT).href,
      args: { kind: 'inline', bytes: encodeAssignment(this.#assignment(attempt, rank)) },
      concurrency: 1,
      token: '',
      environment: { OMP_NUM_THREADS: '1', OMP_WAIT_POLICY: 'passive' },
      threads: 1,
      nice: 0,
      listenHost: HOST,
      advertisedHost: HOST,
      ports: attempt.ports ?? { from: 0, to: 0 },
      scratchDir,
      nativeDir: fileOf('deploy/native'),
      datasetCache: { folder: join(this.folder, 'datasets'), quotaBytes: 2 ** 30 },
      store: { kind: 'folder', path: join(this.folder, 'objects') },
      beatMs: null,
      answersKeptMs: 1_000,
      actor: null,
      headAddresses: [],
    };
  }

  #assignment({ attempt = 1, ranks, request, resumeFrom = null }: Attempt, rank: number): TrainingAssignment {
    const asked = aTrainRequest({ dataId: 'table.csv', targetColumn: 'y', ...request });
    const known = catalogEntry(asked.modelId)?.parameters.known ?? {};
    const defaults = Object.fromEntries(Object.entries(known).map(([name, { default: value }]) => [name, value]));
    return {
      job: JOB,
      attempt,
      rank,
      worldSize: ranks,
      request: {
        ...asked,
        dataId: 'table.csv',
        targetColumn: request.targetColumn ?? 'y',
        hyperparameters: { ...defaults, ...asked.hyperparameters },
      },
      dataset: this.dataset,
      modelsBucket: 'models',
      artifactStem: `${JOB}_20260102`,
      checkpointIntervalEpochs: 5,
      resumeFrom,
      threads: 1,
      memoryBytes: null,
    };
  }
}

/** Highest resident memory of a process (proc(5): VmHWM). */
function peakOf(pid: number | undefined): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

function readOf(pid: number | undefined): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${String(pid)}/io`, 'utf8'))?.[1] ?? 0);
}
