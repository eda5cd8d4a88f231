import type { Clock, Millis } from '@trainer/model';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Goes on by `ms` and calls the timers that fall due, in order; each sees the time at which it was due. */
  advance(ms: Millis): void;
  /** As `advance`, but lets promises settle after each timer. */
  advanceAsync(ms: Millis): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

interface Waiting {
  readonly dueMs: number;
  readonly call: () => void;
}

/** @param startMs what both clocks show at first */
export function manualClock(startMs: Millis = 0): ManualClock {
  let nowMs = startMs;
  const timers = new Set<Waiting>();
  /** The earliest due timer; of equal ones the one set first. */
  const nextDue = (untilMs: number): Waiting | null => {
    let next: Waiting | null = null;
    for (const timer of timers) if (timer.dueMs <= untilMs && (next === null || timer.dueMs < next.dueMs)) next = timer;
    return next;
  };
  const fire = (timer: Waiting): void => {
    timers.delete(timer);
    nowMs = Math.max(nowMs, timer.dueMs);
    timer.call();
  };
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (ms, call) => {
      const timer = { dueMs: nowMs + Math.max(0, ms), call };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance: (ms) => {
      const untilMs = nowMs + ms;
      for (let timer = nextDue(untilMs); timer; timer = nextDue(untilMs)) fire(timer);
      nowMs = untilMs;
    },
    advanceAsync: async (ms) => {
      const untilMs = nowMs + ms;
      await settled();
      for (let timer = nextDue(untilMs); timer; timer = nextDue(untilMs)) {
        fire(timer);
        await settled();
      }
      nowMs = untilMs;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Resolves after all promises that can settle without time or I/O have. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
