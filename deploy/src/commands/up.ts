import { connect } from 'node:net';
import { TrainerError } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import { databaseSecrets, databaseUrlOf, requireMode, type Settings } from '../config/settings.js';
import { startEmbeddedCluster, type EmbeddedCluster } from '../embedded-cluster.js';
import { lockDataFolder, openDataFolder, portOwner } from '../embedded/index.js';
import { live } from '../processes/lifetime.js';
import { clockAndLog, succession, type ProcessOptions } from '../processes/surroundings.js';
import { seconds } from '../terminal/table.js';
import { VERSION } from '../version.js';
import { trainSample } from './sample.js';

/** A stop takes at most this long; what hangs then is ended with the process. */
const STOP_WITHIN_MS = 3_000;

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

export interface UpOptions extends ProcessOptions {
  readonly withSample: boolean;
  readonly withGateway: boolean;
  /** How many agents; each beside the first is a process of its own. */
  readonly agents: number;
}

/** `trainer up`: starts the embedded cluster, says how to reach it, and runs until it is told to stop. */
export async function up(settings: Settings, home: string, options: UpOptions): Promise<void> {
  const { output, process } = options;
  requireMode(settings, 'embedded', 'up');
  await live({ ...options, clock: systemClock(), stopWithinMs: STOP_WITHIN_MS }, async ({ onClose, onFatal, onUp }) => {
    const lock = await lockDataFolder(home, succession(settings, options, `the cluster that ran on ${home} before`));
    onClose(() => lock.release());
    // After the lock: a killed cluster has its port until it has ended.
    if (options.withGateway) await checkPort(settings);
    const folder = await openDataFolder(home);
    const { clock, log } = clockAndLog(settings, process, [folder.secret, ...databaseSecrets(databaseUrlOf(settings) ?? '')]);
    const { withGateway, agents } = options;
    const cluster = await startEmbeddedCluster({ folder, settings, withGateway, agents, clock, log, onFatal });
    onClose(() => cluster.close());
    onUp();
    output.write(`${greeting(cluster, home, process.uptime() * 1000)}\n`);
    if (folder.isNew && options.withSample) await trainSample(cluster, settings.MINIO_BUCKET_DATA, output);
  });
}

function greeting(cluster: EmbeddedCluster, home: string, tookMs: number): string {
  const rest = cluster.restUrl === null ? 'without REST' : `REST at ${cluster.restUrl} (its pages at ${cluster.restUrl}/docs)`;
  return [
    `Trainer ${VERSION} is ready in ${seconds(tookMs)}: ${rest}`,
    `  data in ${home}; head at ${cluster.address}; stop it with Ctrl-C; look at it with: npm run trainer -- status`,
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
