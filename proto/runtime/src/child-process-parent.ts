import type { Clock, Millis, Timer } from '@trainer/model';

/** How a process watches the one that started it. */
export interface ParentWatch {
  readonly clock: Clock;
  /** How often the parent is looked at; a look is one system call. */
  readonly everyMs: Millis;
  /** Reads the parent's process id anew, as `() => process.ppid`. */
  readonly parentPid: () => number;
  /** Called once when the parent has ended, however it did. */
  readonly onGone: () => void;
}

/**
 * Watches for the end of this process's parent, which shows as another parent id. For programs that must not outlive npm:
 * a SIGKILL of npm is passed on to nobody.
 * @returns what ends the watch
 */
export function watchParent(watch: ParentWatch): Timer {
  const parent = watch.parentPid();
  let timer: Timer;
  const look = (): void => {
    if (watch.parentPid() !== parent) watch.onGone();
    else timer = watch.clock.after(watch.everyMs, look);
  };
  timer = watch.clock.after(watch.everyMs, look);
  return { cancel: () => timer.cancel() };
}
