import type { Clock, Millis, Timer } from '@trainer/model';

/** Node's timers take at most this many milliseconds; longer ones fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Its timers keep the process alive until they fire or are cancelled. */
export function systemClock(): Clock {
  return { wallMs: () => Date.now(), monotonicMs: () => performance.now(), after };
}

function after(ms: Millis, call: () => void): Timer {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const partMs = Math.min(leftMs, LONGEST_TIMER_MS);
    timer = setTimeout(() => (leftMs > partMs ? arm(leftMs - partMs) : call()), Math.max(0, partMs));
  };
  arm(ms);
  return { cancel: () => clearTimeout(timer) };
}
