import { connect } from 'node:net';
import { TrainerError } from '@trainer/model';
import { createLogger, systemClock, watchParent } from '@trainer/runtime';
import type { Settings } from '../config/settings.js';
import { startEmbeddedCluster, type EmbeddedCluster } from '../embedded-cluster.js';
import { openDataFolder, portOwner } from '../embedded/index.js';
import type { Output } from '../terminal/output.js';
import { seconds } from '../terminal/table.js';
import { VERSION } from '../version.js';
import { trainSample } from './sample.js';

/** A stop takes at most this long; what hangs then is ended with the process. */
const STOP_WITHIN_MS = 3_000;
/** A look at the parent is one system call; npm's end is seen within this time. */
const PARENT_EVERY_MS = 500;

/** Somebody else listens where REST should. */
export class PortTakenError extends TrainerError<'port.taken', { port: number; pid: number | null }> {
  constructor(port: number, owner: { pid: number; command: string } | null) {
    const who = owner === null ? 'another process' : `process ${owner.pid} (${owner.command})`;
    super('port.taken', `Port ${port} is taken by ${who}: stop it, or choose another with --port or SERVICE_PORT.`, {
      port,
      pid: owner?.pid ?? null,
    });
  }
}

export interface UpOptions {
  readonly output: Output;
  readonly withSample: boolean;
  readonly withGateway: boolean;
  /** npm started it: SIGKILL of npm reaches nobody, so its end is watched. */
  readonly isUnderNpm: boolean;
  readonly process: NodeJS.Process;
}

/** `trainer up`: starts the embedded cluster, says how to reach it, and runs until it is told to stop. */
export async function up(settings: Settings, home: string, options: UpOptions): Promise<void> {
  const { output, process } = options;
  const clock = systemClock();
  if (options.withGateway) await checkPort(settings);
  const folder = await openDataFolder(home);
  const log = createLogger({
    clock,
    level: settings.TRAINER_LOG_LEVEL,
    format: 'text',
    secrets: [folder.secret],
    write: (line) => void process.stderr.write(line),
  });
  let cluster: EmbeddedCluster | null = null;
  const stop = once(async (code: number) => {
    clock.after(STOP_WITHIN_MS, () => process.exit(code || 1));
    await cluster?.close();
    await folder.release();
    process.exit(code);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
  const watch = options.isUnderNpm
    ? watchParent({ clock, everyMs: PARENT_EVERY_MS, parentPid: () => process.ppid, onGone: () => void stop(0) })
    : null;
  const onFatal = (error: Error): void => {
    process.stderr.write(`${error.message}\n`);
    void stop(1);
  };
  try {
    cluster = await startEmbeddedCluster({ folder, settings, withGateway: options.withGateway, clock, log, onFatal });
  } catch (error) {
    watch?.cancel();
    await folder.release();
    throw error;
  }
  output.write(`${greeting(cluster, home, process.uptime() * 1000)}\n`);
  if (folder.isNew && options.withSample) await trainSample(cluster, settings.MINIO_BUCKET_DATA, output);
}

function greeting(cluster: EmbeddedCluster, home: string, tookMs: number): string {
  const rest = cluster.restUrl === null ? 'without REST' : `REST at ${cluster.restUrl} (its pages at ${cluster.restUrl}/docs)`;
  return [
    `Trainer ${VERSION} is ready in ${seconds(tookMs)}: ${rest}`,
    `  data in ${home}; head at ${cluster.address}; stop it with Ctrl-C; look at it with: npx trainer status`,
  ].join('\n');
}

/** Asked before anything is started: a taken port is a matter of a second, not of a start. */
async function checkPort({ SERVICE_HOST: host, SERVICE_PORT: port }: Settings): Promise<void> {
  if (port === 0) return;
  const isTaken = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: host === '0.0.0.0' ? '127.0.0.1' : host, port });
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
  if (isTaken) throw new PortTakenError(port, await portOwner(port));
}

function once(run: (code: number) => Promise<void>): (code: number) => Promise<void> {
  let running: Promise<void> | null = null;
  return (code) => (running ??= run(code));
}
