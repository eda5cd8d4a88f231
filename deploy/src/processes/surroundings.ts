import type { Clock } from '@trainer/model';
import { createLogger, systemClock, type Logger } from '@trainer/runtime';
import type { Settings } from '../config/settings.js';
import type { Output } from '../terminal/output.js';

/** What a process is given by `main`. */
export interface ProcessOptions {
  readonly output: Output;
  readonly process: NodeJS.Process;
  readonly isUnderNpm: boolean;
}

/** @returns the clock, and a log on stderr that shows none of `secrets`. */
export function clockAndLog(settings: Settings, process: NodeJS.Process, secrets: readonly string[]): { clock: Clock; log: Logger } {
  const clock = systemClock();
  const write = (line: string): void => void process.stderr.write(line);
  return { clock, log: createLogger({ clock, level: settings.TRAINER_LOG_LEVEL, format: 'text', secrets: [...secrets], write }) };
}
