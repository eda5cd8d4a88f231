import { join } from 'node:path';
import type { Clock } from '@trainer/model';
import type { Logger, Spawner } from '@trainer/runtime';
import type { ObjectStoreConfig } from '@trainer/storage';
import type { Settings } from '../config/settings.js';
import { storeEnvironment } from '../config/store-config.js';
import { RESTARTS, SupervisedServer, type RestartPolicy, type ServerProgram, type StopRung } from '../embedded/index.js';
import { COMMAND } from '../own-files.js';
import type { Share } from './shares.js';

/** Its own grace is a second; what is left of it and its actors is then killed. */
const STOP_LADDER: readonly StopRung[] = [
  { signal: 'SIGTERM', waitMs: 2_000 },
  { signal: 'SIGKILL', waitMs: 200 },
];
const GRACE_S = 1;
/** An agent that was not welcomed by then will not be; its last line says why. A wait for its predecessor's end comes on top. */
const WELCOMED_WITHIN_MS = 20_000;

export interface ChildAgentOptions {
  /** From 2: the launcher's own is the first. */
  readonly number: number;
  /** The data folder of the cluster, which holds the secret and the agent's own folder. */
  readonly home: string;
  readonly settings: Settings;
  readonly headAddress: string;
  readonly natsUrl: string;
  readonly store: ObjectStoreConfig;
  readonly share: Share;
  readonly spawner: Spawner;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * An agent as a process of its own, as if it were on another machine: `trainer agent` with a folder of its own. Once it is started it
 * is started again whenever it dies, and it ends with this process.
 */
export function childAgent(options: ChildAgentOptions): SupervisedServer {
  const { number, log } = options;
  const policy: RestartPolicy = { ...RESTARTS, readyWithinMs: WELCOMED_WITHIN_MS + options.settings.TRAINER_TAKEOVER_S * 1_000 };
  const server = new SupervisedServer(programOf(options), options.clock, policy, {
    onLine: (line) => {
      if (!isReadyLine(line)) log.warn(`agent ${number} wrote`, { line });
    },
    // The others go on: the cluster is smaller, as if a machine were gone.
    onGivenUp: (error) => log.error(`agent ${number} is given up`, { error: error.message }),
  });
  server.onRestart(() => log.info(`agent ${number} has joined again`, {}));
  return server;
}

function programOf(options: ChildAgentOptions): ServerProgram {
  return {
    name: `agent ${options.number}`,
    stopLadder: STOP_LADDER,
    isReady: (_pid, lines) => Promise.resolve(lines.some(isReadyLine)),
    launch: () =>
      options.spawner.spawn({
        command: process.execPath,
        args: [COMMAND, 'agent', '--with-parent'],
        env: environmentOf(options),
        stdio: ['ignore', 'pipe', 'pipe'],
        isGroupLeader: true,
      }),
  };
}

function isReadyLine(line: string): boolean {
  return line.startsWith('agent is ready');
}

/** What the launcher was told holds for all its agents; GPUs belong to its own, as one device can't be promised twice. */
function environmentOf({ number, home, settings, headAddress, natsUrl, store, share }: ChildAgentOptions): Record<string, string> {
  return {
    PATH: settings.PATH,
    TRAINER_MODE: 'cluster',
    TRAINER_HOME: join(home, `agent-${number}`),
    TRAINER_SECRET_FILE: join(home, 'secret'),
    TRAINER_HEADS: headAddress,
    NATS_URL: natsUrl,
    ...storeEnvironment(settings, store),
    TRAINER_CPUS: String((share.cpuMilli ?? 1_000) / 1_000),
    ...(share.memoryBytes === null ? {} : { TRAINER_MEMORY: String(share.memoryBytes) }),
    TRAINER_STOP_GRACE_S: String(GRACE_S),
    TRAINER_TIME_SCALE: String(settings.TRAINER_TIME_SCALE),
    TRAINER_DATASET_CACHE: String(settings.TRAINER_DATASET_CACHE),
    TRAINER_HEADLESS_S: String(settings.TRAINER_HEADLESS_S),
    TRAINER_TAKEOVER_S: String(settings.TRAINER_TAKEOVER_S),
    TRAINER_LOG_LEVEL: settings.TRAINER_LOG_LEVEL,
    TRAINER_LOG_FORMAT: settings.TRAINER_LOG_FORMAT,
    TRAINER_FAKE_GPUS: String(settings.TRAINER_FAKE_GPUS),
    ...(settings.TRAINER_PORTS === undefined ? {} : { TRAINER_PORTS: settings.TRAINER_PORTS }),
    ...(settings.TRAINER_FAKE_GPUS > 0 ? {} : { CUDA_VISIBLE_DEVICES: 'none' }),
  };
}
