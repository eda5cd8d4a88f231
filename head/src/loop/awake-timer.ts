import type { Clock, Millis, Timer } from '@trainer/model';

/** So many looks go into one wait. */
const LOOKS = 6;

/**
 * Calls back after `ms` in which this process's event loop ran. A stall counts as one look, whatever it took: others could not be
 * heard meanwhile, and must not be accused (design.md section 9). Without stalls it takes `ms`.
 */
export function afterAwake(clock: Clock, ms: Millis, call: () => void): Timer {
  const lookMs = ms / LOOKS;
  let leftMs = ms;
  let timer: Timer;
  const wait = (): void => {
    const fromMs = clock.monotonicMs();
    const dueMs = Math.min(lookMs, leftMs);
    timer = clock.after(dueMs, () => {
      const tookMs = clock.monotonicMs() - fromMs;
      // At least what was waited for: a rest too small to move the clock would be waited for for ever.
      leftMs -= tookMs > 2 * lookMs ? dueMs : Math.max(dueMs, tookMs);
      if (leftMs <= 0) call();
      else wait();
    });
  };
  wait();
  return { cancel: () => timer.cancel() };
}
