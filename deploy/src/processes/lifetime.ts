import { constants } from 'node:os';
import type { Clock } from '@trainer/model';
import { sleep, watchParent } from '@trainer/runtime';

/** A look at the parent is one system call; its end is seen within this time. */
const PARENT_EVERY_MS = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** How a process lives: until a signal, the end of its parent, or something that it can't go on without. */
export interface LifetimeOptions {
  readonly process: NodeJS.Process;
  readonly clock: Clock;
  /** npm or a launcher started it: their SIGKILL reaches nobody, so their end is watched. */
  readonly endsWithParent: boolean;
  /** A stop takes at most this long, ms; what hangs then is ended with the process. */
  readonly stopWithinMs: number;
}

/** What is given to the start of a process. */
export interface Lifetime {
  /** What ends it again, run newest first; one that is pushed after the stop began is run too. */
  readonly onClose: (close: () => Promise<void> | void) => void;
  /** Says why in one line and ends the process with code 1. */
  readonly onFatal: (error: Error) => void;
  /** It does what it is for, or waits for its turn: from now on a signal is an orderly end. */
  readonly onUp: () => void;
}

/** What shells and supervisors take for the end by a signal. */
const ENDED_BY_SIGNAL = 128;

/**
 * Runs `start`, and ends the process when it is told to: with code 0 once it has started, with that of the signal before. When
 * `start` fails, what it began is ended and its error thrown.
 */
export async function live(options: LifetimeOptions, start: (lifetime: Lifetime) => Promise<void>): Promise<void> {
  const { process, clock } = options;
  const closers: (() => Promise<void> | void)[] = [];
  let [isStopping, isUp] = [false, false];
  const closeAll = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  const stop = async (code: number): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    clock.after(options.stopWithinMs, () => process.exit(code || 1));
    await closeAll();
    process.exit(code);
  };
  const stopBy = (signal: Signal): void => void stop(isUp ? 0 : ENDED_BY_SIGNAL + constants.signals[signal]);
  for (const signal of SIGNALS) process.on(signal, () => stopBy(signal));
  const watch = options.endsWithParent
    ? watchParent({ clock, everyMs: PARENT_EVERY_MS, parentPid: () => process.ppid, onGone: () => stopBy('SIGHUP') })
    : null;
  const onFatal = (error: Error): void => {
    if (!isStopping) process.stderr.write(`${error.message}\n`);
    void stop(1);
  };
  try {
    await start({ onClose: (close) => void closers.push(close), onFatal, onUp: () => void (isUp = true) });
    isUp = true;
  } catch (error) {
    // A stop breaks off a start, and says no more than that.
    if (isStopping) return await new Promise<void>(() => undefined);
    isStopping = true;
    watch?.cancel();
    await Promise.race([closeAll(), sleep(clock, options.stopWithinMs)]);
    throw error;
  }
}
