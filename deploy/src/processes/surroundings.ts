import type { Clock } from '@trainer/model';
import { createLogger, systemClock, type Logger, type ProcessLockOptions } from '@trainer/runtime';
import type { Settings } from '../config/settings.js';
import { storeSecrets } from '../config/store-config.js';
import type { Output } from '../terminal/output.js';

/** What a process is given by `main`. */
export interface ProcessOptions {
  readonly output: Output;
  readonly process: NodeJS.Process;
  /** The process that started it, npm or a launcher, is one that it must not outlive. */
  readonly endsWithParent: boolean;
}

/** @returns the clock, and a log on stderr that shows none of `secrets`. */
export function clockAndLog(settings: Settings, process: NodeJS.Process, secrets: readonly string[]): { clock: Clock; log: Logger } {
  const clock = systemClock();
  const write = (line: string): void => void process.stderr.write(line);
  return {
    clock,
    log: createLogger({
      clock,
      level: settings.TRAINER_LOG_LEVEL,
      format: settings.TRAINER_LOG_FORMAT,
      secrets: [...secrets, ...storeSecrets(settings)],
      write,
    }),
  };
}

/**
 * @param predecessor whose processes may still be ending, in words
 * @returns how a process takes over a folder from an earlier one
 */
export function succession(
  { TRAINER_TAKEOVER_S: patienceS }: Settings,
  { process, endsWithParent }: ProcessOptions,
  predecessor: string,
): ProcessLockOptions {
  return {
    clock: systemClock(),
    patienceMs: patienceS * 1_000,
    endsWith: endsWithParent ? process.ppid : undefined,
    onWait: (pid) => void process.stderr.write(`Waiting for process ${pid} of ${predecessor}: it is ending.\n`),
  };
}
