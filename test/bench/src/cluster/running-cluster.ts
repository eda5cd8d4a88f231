import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { treeOf } from '@trainer/test';
import { untilGone } from '../measuring/processes.js';
import { ROOT } from '../measuring/surroundings.js';

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 10_000;
/** Fine enough for times of hundreds of milliseconds; looking costs the started processes some CPU. */
const LOOK_EVERY_MS = 5;
/** What a cluster that did not start said last. */
const KEPT_OUTPUT = 8_000;

export interface StartOptions {
  readonly withGateway: boolean;
  /** As a person starts it, with npm as the parent; else the launcher itself. */
  readonly withNpm?: boolean;
  /** Data folder; kept when the cluster stops. */
  readonly home: string;
}

/** A cluster of one node that was started for a benchmark. */
export interface RunningCluster extends AsyncDisposable {
  readonly home: string;
  readonly restUrl: string | null;
  /** From the start of the first process. */
  readonly readyMs: number;
  /** When the first process was started, on the clock of `performance.now()`. */
  readonly startedAt: number;
  /** All its processes, as they are now. */
  pids(): readonly number[];
  /** Ends it and waits until none of its processes is left; idempotent. */
  stop(): Promise<void>;
}

/** @returns a new, empty data folder, which is removed when it is disposed. */
export async function temporaryHome(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'trainer-bench-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Starts a cluster; it is ready when it has left its address, and with the gateway when /health/ready says so. @throws with what it wrote. */
export async function startCluster(options: StartOptions): Promise<RunningCluster> {
  const startedAt = performance.now();
  const child = launch(options);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece: Buffer) => (output = (output + piece.toString()).slice(-KEPT_OUTPUT)));
  const pid = child.pid ?? -1;
  const stop = once(() => end(child, pid));
  try {
    const restUrl = await ready(options, child, pid);
    const readyMs = performance.now() - startedAt;
    return { home: options.home, restUrl, readyMs, startedAt, pids: () => pidsOf(pid), stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw new Error(`The cluster did not start:\n${output}`, { cause: error });
  }
}

function launch({ withGateway, withNpm, home }: StartOptions): ChildProcess {
  const up = ['--no-sample', '--port', '0', ...(withGateway ? [] : ['--no-gateway'])];
  const flags = process.env['BENCH_NODE_FLAGS']?.split(' ').filter((flag) => flag !== '') ?? [];
  const [command, words] =
    withNpm === true
      ? ['npm', ['start', '--silent', '--', ...up]]
      : [process.execPath, [...flags, join(ROOT, 'deploy', 'bin', 'trainer.mjs'), 'up', ...up]];
  return spawn(command, words, { cwd: ROOT, env: { ...process.env, TRAINER_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** @returns the URL of its REST interface, if it has one. */
async function ready({ home, withGateway }: StartOptions, child: ChildProcess, pid: number): Promise<string | null> {
  const deadline = performance.now() + READY_WITHIN_MS;
  const check = (): void => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`It ended with ${child.exitCode ?? child.signalCode}.`);
    if (performance.now() > deadline) throw new Error(`It was not ready within ${READY_WITHIN_MS} ms.`);
  };
  for (;;) {
    check();
    const file = await readFile(join(home, 'cluster.json'), 'utf8').then(JSON.parse, () => null);
    const left = file as { pid: number; restUrl: string | null } | null;
    // A file of an earlier run names another process.
    if (
      left !== null &&
      (left.pid === pid || pidsOf(pid).includes(left.pid)) &&
      (!withGateway || (await answers(`${left.restUrl}/health/ready`)))
    )
      return left.restUrl;
    await wait(LOOK_EVERY_MS);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const { ok, body } = await fetch(url);
    await body?.cancel();
    return ok;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess, pid: number): Promise<void> {
  const tree = pidsOf(pid);
  child.kill('SIGTERM');
  try {
    await untilGone(tree, STOPPED_WITHIN_MS);
  } catch (error) {
    for (const left of tree) kill(left);
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => (running ??= run());
}

function pidsOf(root: number): readonly number[] {
  return treeOf(root).map(({ pid }) => pid);
}
