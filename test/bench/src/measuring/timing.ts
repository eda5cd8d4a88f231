import { cpuSeconds } from './processes.js';
import { round, summary, type Summary } from './statistics.js';

/** The measured work was not done: its time would say nothing. */
export class NotDoneError extends Error {}

/** @throws NotDoneError unless `isDone`. */
export function prove(isDone: boolean, what: string): asserts isDone {
  if (!isDone) throw new NotDoneError(`Not measured, because this does not hold: ${what}.`);
}

/** Runs `work` `count` times, one after the other. @param proof looks at each result outside the measured time. @returns milliseconds. */
export async function timeEach<T>(
  count: number,
  work: (index: number) => Promise<T>,
  proof: (result: T) => Promise<void> | void,
): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const begun = performance.now();
    const result = await work(index);
    times.push(performance.now() - begun);
    await proof(result);
  }
  return times;
}

export interface RateOptions {
  readonly runs: number;
  /** Length of each run. */
  readonly seconds: number;
  /** Operations that one call of the work does. */
  readonly perRound: number;
  /** Whose CPU time counts. */
  readonly pids: () => readonly number[];
}

/** Operations a second over several runs, and what one costs in CPU time over all processes involved. */
export type Rate = Summary & { readonly cpu_us_each: number };

/** How long the work goes on unmeasured first, so that compilers and connections are warm. */
const WARM_UP_MS = 500;

export async function rate(options: RateOptions, work: () => Promise<unknown>): Promise<Rate> {
  await repeat(WARM_UP_MS, work);
  const perSecond: number[] = [];
  const cpuBefore = cpuSeconds(options.pids());
  let total = 0;
  for (let run = 0; run < options.runs; run += 1) {
    const begun = performance.now();
    const done = (await repeat(options.seconds * 1000, work)) * options.perRound;
    perSecond.push((done / (performance.now() - begun)) * 1000);
    total += done;
  }
  return { ...summary(perSecond), cpu_us_each: round(((cpuSeconds(options.pids()) - cpuBefore) / total) * 1e6, 1) };
}

async function repeat(forMs: number, work: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + forMs;
  let rounds = 0;
  do {
    await work();
    rounds += 1;
  } while (performance.now() < end);
  return rounds;
}
