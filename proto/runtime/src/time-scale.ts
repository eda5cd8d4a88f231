import type { Millis } from '@trainer/model';

/** Scales every timer of the cluster alike, so that tests of faults are quick and run the same code. */
export interface TimeScale {
  /** 1: as designed; 0.1: ten times as quick. */
  readonly factor: number;
  /** @returns whole milliseconds, at least 1. */
  scaled(ms: Millis): Millis;
}

/** @param factor above 0; what TRAINER_TIME_SCALE says, 1 by default */
export function timeScale(factor = 1): TimeScale {
  return { factor, scaled: (ms) => Math.max(1, Math.round(ms * factor)) };
}
