import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Cluster } from '@trainer/client';
import { connectHead } from '@trainer/client/internal';
import { systemClock, until } from '@trainer/runtime';
import { runTrainer, startProgram, TRAINER, type Ended, type Program } from './program.js';
import { isActorProcess, signalTo, stillRunning, treeOf, type ProcessRow } from './processes.js';

/** A first start makes a database; on a busy machine that takes a while. */
const READY_WITHIN_MS = 60_000;
const GONE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 40;

/** What of a cluster can be ended. Head, agent and gateway live in the launcher. */
export type Part = 'npm' | 'launcher' | 'everything' | 'postgres' | 'nats' | 'actors';

export interface ClusterSettings {
  /** Default false. */
  readonly withGateway?: boolean;
  /** As a person starts it, with npm as the parent; else the launcher itself. Default false. */
  readonly withNpm?: boolean;
  /** How many agents; default 1, the launcher's own. */
  readonly agents?: number;
  /** TRAINER_TIME_SCALE; default 1. */
  readonly timeScale?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A data folder to go on with; it is left when the cluster stops. Default: a new one, removed with the cluster. */
  readonly home?: string;
}

/** A cluster of one node, started as a person starts it: the launcher as a process of its own, on free ports. */
export interface TestCluster extends AsyncDisposable {
  readonly home: string;
  /** host:port of the head. */
  readonly address: string;
  readonly secret: string;
  readonly restUrl: string | null;
  /** What was started: the launcher, or npm above it. 'npm' and 'launcher' are one without npm. */
  readonly launcher: Program;
  /** A new client, as a program of somebody else has it. */
  connect(): Promise<Cluster>;
  /** Runs a `trainer` command against it. */
  trainer(...words: readonly string[]): Promise<Ended>;
  /** Everything that it runs, as it is now. */
  processes(): readonly ProcessRow[];
  pidsOf(part: Part): readonly number[];
  /** Sends SIGKILL to every process of a part. @returns which those were */
  kill(part: Part): readonly number[];
  /** Waits for a condition. @throws WaitTimeoutError that tells the state of the cluster */
  until<T>(what: string, condition: () => T | Promise<T>, deadlineMs: number): Promise<NonNullable<T>>;
  /** Ends it as Ctrl-C does, and waits until nothing of it is left; idempotent. */
  stop(): Promise<Ended>;
}

/** @returns a new folder for a cluster's data. */
export async function newHome(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'trainer-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Starts a cluster and waits until its node can be used. @throws with what it wrote when it does not start; nothing is left then */
export async function startCluster(settings: ClusterSettings = {}): Promise<TestCluster> {
  const home = settings.home === undefined ? await newHome() : { path: settings.home, [Symbol.asyncDispose]: async () => undefined };
  const agents = settings.agents === undefined ? [] : ['--agents', String(settings.agents)];
  const up = ['--no-sample', '--port', '0', ...(settings.withGateway === true ? [] : ['--no-gateway']), ...agents];
  const env = {
    TRAINER_HOME: home.path,
    TRAINER_TIME_SCALE: String(settings.timeScale ?? 1),
    // The launcher then watches its parent: it can't outlive the tests, however they end.
    npm_lifecycle_event: 'test',
    ...settings.env,
  };
  const launcher =
    settings.withNpm === true
      ? startProgram('npm', ['start', '--silent', '--', ...up], { env })
      : startProgram(process.execPath, [TRAINER, 'up', ...up], { env });
  try {
    const file = await clusterFileOf(launcher, home.path);
    const secret = (await readFile(join(home.path, 'secret'), 'utf8')).trim();
    return new StartedCluster(launcher, home, { ...file, secret });
  } catch (error) {
    await endTree(launcher);
    await home[Symbol.asyncDispose]();
    throw new Error(`The cluster did not start. It wrote:\n${launcher.output()}`, { cause: error });
  }
}

class StartedCluster implements TestCluster {
  readonly home: string;
  readonly address: string;
  readonly secret: string;
  readonly restUrl: string | null;
  readonly #launcherPid: number;
  #stopping: Promise<Ended> | null = null;

  constructor(
    readonly launcher: Program,
    private readonly folder: { readonly path: string } & AsyncDisposable,
    at: { readonly address: string; readonly secret: string; readonly restUrl: string | null; readonly pid: number },
  ) {
    this.#launcherPid = at.pid;
    this.home = folder.path;
    this.address = at.address;
    this.secret = at.secret;
    this.restUrl = at.restUrl;
  }

  connect(): Promise<Cluster> {
    return connect({ address: this.address, token: this.secret });
  }

  trainer(...words: readonly string[]): Promise<Ended> {
    return runTrainer(words, { TRAINER_HOME: this.home });
  }

  processes(): readonly ProcessRow[] {
    return treeOf(this.launcher.pid);
  }

  pidsOf(part: Part): readonly number[] {
    const { pid } = this.launcher;
    if (part === 'npm') return stillRunning([pid]);
    if (part === 'launcher') return stillRunning([this.#launcherPid]);
    if (part === 'everything') return this.processes().map((row) => row.pid);
    return this.processes()
      .filter((row) => row.pid !== this.#launcherPid && partOf(row) === part)
      .map((row) => row.pid);
  }

  kill(part: Part): readonly number[] {
    const pids = this.pidsOf(part);
    if (pids.length === 0) throw new Error(`The cluster has no process of ${part} to kill.`);
    for (const pid of pids) signalTo(pid, 'SIGKILL');
    return pids;
  }

  until<T>(what: string, condition: () => T | Promise<T>, deadlineMs: number): Promise<NonNullable<T>> {
    return until(what, condition, { clock: systemClock(), deadlineMs, everyMs: LOOK_EVERY_MS, describe: () => this.#describe() });
  }

  stop(): Promise<Ended> {
    return (this.#stopping ??= this.#stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<Ended> {
    try {
      return await endTree(this.launcher);
    } finally {
      await this.folder[Symbol.asyncDispose]();
    }
  }

  async #describe(): Promise<string> {
    const head = connectHead({ address: this.address, secret: this.secret });
    const ask = async <T>(name: string, asked: Promise<T>): Promise<string> =>
      `${name}: ${await asked.then(
        (found) => JSON.stringify(found),
        (error: unknown) => String(error),
      )}`;
    try {
      const told = await Promise.all([
        ask('status', head.status({ deadlineMs: 1_000 })),
        ask('actors', head.actors.list({ withEnded: true })),
      ]);
      const processes = this.processes().map(({ pid, parent, command }) => `  ${pid} (of ${parent}) ${command.slice(0, 120)}`);
      return ['', ...told, 'processes:', ...processes, `the launcher wrote:\n${this.launcher.output().slice(-4_000)}`].join('\n');
    } finally {
      head.close();
    }
  }
}

function partOf(row: ProcessRow): Part | null {
  const { command } = row;
  if (/nats-server/.test(command)) return 'nats';
  if (/postgres/.test(command)) return 'postgres';
  return isActorProcess(row) ? 'actors' : null;
}

/** What a cluster leaves in its folder. */
interface StartedAt {
  readonly address: string;
  readonly restUrl: string | null;
  readonly pid: number;
}

async function clusterFileOf(launcher: Program, home: string): Promise<StartedAt> {
  const read = async (): Promise<StartedAt | null> => {
    if (launcher.hasEnded()) throw new Error('It ended.');
    const text = await readFile(join(home, 'cluster.json'), 'utf8').catch(() => 'null');
    const file = JSON.parse(text) as StartedAt | null;
    // A file of an earlier cluster of this folder names another process; npm is the parent of ours.
    return file !== null && treeOf(launcher.pid).some(({ pid }) => pid === file.pid) ? file : null;
  };
  return until('the cluster has left its address', read, { clock: systemClock(), deadlineMs: READY_WITHIN_MS, everyMs: LOOK_EVERY_MS });
}

/** SIGTERM, and SIGKILL for what is left of it: a test that found that must fail, and the next must not meet it. */
async function endTree(launcher: Program): Promise<Ended> {
  const pids = treeOf(launcher.pid).map(({ pid }) => pid);
  launcher.kill('SIGTERM');
  try {
    await until('all processes of the cluster have ended', () => launcher.hasEnded() && stillRunning(pids).length === 0, {
      clock: systemClock(),
      deadlineMs: GONE_WITHIN_MS,
      describe: () => `${stillRunning(pids).join(', ')} still run. The launcher wrote:\n${launcher.output().slice(-4_000)}`,
    });
  } catch (error) {
    for (const pid of [launcher.pid, ...pids]) signalTo(pid, 'SIGKILL');
    throw error;
  }
  return launcher.ended;
}
