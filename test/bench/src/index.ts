import { join } from 'node:path';
import type { Bench, BenchContext } from './benches/bench.js';
import { actors } from './benches/actors.js';
import { agents } from './benches/agents.js';
import { calls } from './benches/calls.js';
import { coldStart } from './benches/cold-start.js';
import { faults } from './benches/faults.js';
import { endedRows } from './benches/ended-rows.js';
import { jobs } from './benches/jobs.js';
import { recovery } from './benches/recovery.js';
import { resume } from './benches/resume.js';
import { turns } from './benches/turns.js';
import { twoRanks } from './benches/two-ranks.js';
import { xgboost } from './benches/xgboost.js';
import { commit, listenForNoise, machine, ROOT, versions } from './measuring/surroundings.js';
import { round } from './measuring/statistics.js';
import { GOALS } from './report/goals.js';
import { runOnRay } from './report/ray.js';
import { goalTable, type Found } from './report/table.js';

/** `npm run bench -- NAME...`: all that measure when none is named. JSON lines and tables go to the output, the rest to the error output. */
const BENCHES: readonly Bench[] = [coldStart, actors, calls, jobs, xgboost, recovery, agents, twoRanks, turns];
/** They prove more than they measure, over many minutes: only when named. */
const ONLY_NAMED: readonly Bench[] = [endedRows, faults, resume];
const ALL = [...BENCHES, ...ONLY_NAMED];
const DEFAULT_RUNS = 5;
const DEFAULT_SECONDS = 2;

const say = (text: string): void => void process.stderr.write(`» ${text}\n`);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !ALL.some((bench) => bench.name === name));
if (unknown.length > 0) {
  const known = ALL.map((bench) => `  ${bench.name.padEnd(12)}${bench.about}`).join('\n');
  process.stderr.write(`There is no benchmark ${unknown.join(', ')}. There are:\n${known}\n`);
  process.exit(2);
}

const context: BenchContext = {
  runs: Number(process.env['BENCH_RUNS'] ?? DEFAULT_RUNS),
  seconds: Number(process.env['BENCH_SECONDS'] ?? DEFAULT_SECONDS),
  say,
};
const found = new Map<string, Found>();
for (const bench of asked.length === 0 ? BENCHES : ALL.filter(({ name }) => asked.includes(name))) {
  say(`${bench.name}: ${bench.about}`);
  found.set(bench.name, { ours: await runOurs(bench), ray: await runRays(bench) });
}
if (GOALS.some(({ bench }) => found.has(bench))) process.stdout.write(`\n${goalTable(GOALS, found)}\n`);

async function runOurs(bench: Bench): Promise<Found['ours']> {
  const noise = listenForNoise();
  const begun = performance.now();
  try {
    const results = await bench.run(context);
    const line = {
      bench: bench.name.replace('-', '_'),
      system: 'trainer',
      results,
      versions: versions(),
      commit: commit(),
      machine: machine(),
      noise: noise(),
      wall_s: round((performance.now() - begun) / 1000, 1),
      at: new Date().toISOString(),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return results;
  } catch (error) {
    process.stderr.write(`${bench.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
    return null;
  }
}

async function runRays(bench: Bench): Promise<Found['ray']> {
  const python = process.env['RAY_PYTHON'];
  if (python === undefined || bench.ray === null) return null;
  say(`${bench.name} on Ray`);
  try {
    const folder = process.env['RAY_BASELINE'] ?? join(ROOT, '..', 'shared', 'ray-baseline');
    const { line, results } = await runOnRay(bench.ray, { python, folder, runs: context.runs });
    process.stdout.write(`${line}\n`);
    return results;
  } catch (error) {
    process.stderr.write(`${bench.name} on Ray failed: ${String(error)}\n`);
    process.exitCode = 1;
    return null;
  }
}
