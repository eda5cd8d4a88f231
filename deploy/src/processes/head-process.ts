import { startHead, type Head, type HeadOptions } from '@trainer/head';
import { ConfigError, sleep } from '@trainer/runtime';
import type { TrainerError } from '@trainer/model';
import { headPlace } from '../config/cluster-settings.js';
import { databaseSecrets, requireMode, type Settings } from '../config/settings.js';
import { headOptions } from '../parts/head-part.js';
import type { Output } from '../terminal/output.js';
import { live } from './lifetime.js';
import { clockAndLog, type ProcessOptions } from './surroundings.js';

/** The leadership is given back and connections are closed. */
const STOP_WITHIN_MS = 3_000;
/** Between two tries while PostgreSQL is not there yet. */
const RETRY_MS = 500;

/** `trainer head`: leads the cluster, or waits to, until it is told to stop or another head has taken over. */
export async function headProcess(settings: Settings, listen: string, { output, process, endsWithParent }: ProcessOptions): Promise<void> {
  requireMode(settings, 'cluster', 'head');
  const { host, port } = listenAddress(listen);
  const place = await headPlace(settings, host);
  const { clock, log } = clockAndLog(settings, process, [place.secret, place.nats.token, ...databaseSecrets(place.databaseUrl)]);
  await live({ process, clock, endsWithParent, stopWithinMs: STOP_WITHIN_MS }, async ({ onClose, onFatal, onUp }) => {
    const starting = new StartOfHead(output, settings.TRAINER_START_WITHIN_S * 1_000);
    const onWaiting = (): void => {
      onUp();
      starting.waits();
    };
    const head = await starting.run(headOptions(settings, place, { host, port, clock, log, onFatal, onWaiting }));
    onClose(() => head.close());
    output.write(`head is ready at ${head.address}\n`);
  });
}

/** A database that is not there yet is waited for: the parts of a cluster start in any order. */
class StartOfHead {
  #hasWaited = false;
  #failingSinceMs: number | null = null;

  constructor(
    private readonly output: Output,
    private readonly withinMs: number,
  ) {}

  /** Another head leads: PostgreSQL is there. */
  waits(): void {
    this.#failingSinceMs = null;
    if (!this.#hasWaited) this.output.write('head waits: another head leads\n');
    this.#hasWaited = true;
  }

  async run(options: HeadOptions): Promise<Head> {
    const { clock, log } = options;
    for (;;) {
      try {
        return await startHead(options);
      } catch (error) {
        const { code, message } = error as TrainerError;
        const isFirst = this.#failingSinceMs === null;
        this.#failingSinceMs ??= clock.monotonicMs();
        if (code !== 'cluster.unavailable' || clock.monotonicMs() - this.#failingSinceMs >= this.withinMs) throw error;
        if (isFirst) log.warn('the head can not start yet, and tries on', { reason: message });
      }
      await sleep(clock, RETRY_MS);
    }
  }
}

/** @param text host:port, or [host]:port for an address with colons. @throws ConfigError */
function listenAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new ConfigError([{ name: '--listen', problem: 'give host:port, such as 127.0.0.1:8003', from: null }]);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}
