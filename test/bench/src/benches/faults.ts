import { FAULTS, ProvingGround, type Fault, type Recovery } from '@trainer/test';
import { round } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, Results } from './bench.js';

/** Longer than the head's patience with a silent agent, 3 s. */
const OUTAGE_MS = 5_000;
/** Half of them take longer than that. */
const TREES = 600;

/** Every fault over a working cluster of processes, as often as asked, and how long each took to recover from. */
export const faults: Bench = {
  name: 'faults',
  about: 'each fault over a cluster that works: nothing lost, and the time until calls, REST and the job went on',
  ray: null,
  run: async (context) => {
    const found = new Map<string, Recovery[]>(FAULTS.map(({ name }) => [name, []]));
    let calls = { answered: 0, notRun: 0, unknown: 0 };
    for (let run = 0; run < context.runs; run += 1) {
      await using ground = await ProvingGround.start({ timeScale: 1, outageMs: OUTAGE_MS, trees: TREES });
      for (const fault of chosen()) {
        const recovery = await ground.strike(fault);
        found.get(fault.name)?.push(recovery);
        context.say(`${run + 1} of ${context.runs}: when ${fault.name}: ${told(recovery)}`);
      }
      const violations = await ground.finish();
      prove(violations.length === 0, `every word was kept, and not: ${violations.join('; ')}`);
      const { answered, notRun, unknown } = ground.calls;
      calls = { answered: calls.answered + answered, notRun: calls.notRun + notRun, unknown: calls.unknown + unknown };
    }
    process.stdout.write(`\n${faultTable(found)}\n\n`);
    return { calls, faults: Object.fromEntries([...found].map(([name, recoveries]) => [name, summarized(recoveries)])) };
  },
};

/** BENCH_FAULTS: a part of the names of those that are wanted. */
function chosen(): readonly Fault[] {
  const part = process.env['BENCH_FAULTS'] ?? '';
  return FAULTS.filter(({ name }) => name.includes(part));
}

function summarized(recoveries: readonly Recovery[]): Results {
  const of = (name: keyof Recovery): Results => {
    const sorted = recoveries.map((recovery) => recovery[name]).toSorted((a, b) => a - b);
    return { p50: round(sorted[(sorted.length - 1) >> 1] ?? Number.NaN, 0), max: round(sorted.at(-1) ?? Number.NaN, 0) };
  };
  if (recoveries.length === 0) return { n: 0 };
  return { n: recoveries.length, calls_ms: of('callsMs'), accept_ms: of('acceptMs'), job_ms: of('jobMs') };
}

function told({ callsMs, acceptMs, jobMs }: Recovery): string {
  return `calls ${round(callsMs, 0)} ms, REST ${round(acceptMs, 0)} ms, job ${round(jobMs, 0)} ms`;
}

/** For a person: each fault, how often, and p50/max of each time in milliseconds. */
function faultTable(found: ReadonlyMap<string, readonly Recovery[]>): string {
  const cell = (results: Results, name: string): string => {
    const { p50, max } = (results[name] ?? {}) as { p50?: number; max?: number };
    return `${p50 ?? '-'} / ${max ?? '-'}`;
  };
  const rows = [...found]
    .filter(([, recoveries]) => recoveries.length > 0)
    .map(([name, recoveries]) => {
      const results = summarized(recoveries);
      return [name, String(recoveries.length), cell(results, 'calls_ms'), cell(results, 'accept_ms'), cell(results, 'job_ms')];
    });
  const header = ['what happens (ms: p50 / max)', 'times', 'calls answered', 'REST accepts', 'job goes on'];
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  return [header, ...rows]
    .map((row) => row.map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join('  '))
    .join('\n');
}
