import { join } from 'node:path';
import type { Bench, BenchContext } from './benches/bench.js';
import { commit, listenForNoise, machine, ROOT, versions } from './measuring/surroundings.js';
import { round } from './measuring/statistics.js';
import { GOALS } from './report/goals.js';
import { runOnRay } from './report/ray.js';
import { goalTable, type Found } from './report/table.js';

type Benches = Readonly<Record<string, () => Promise<Bench>>>;

/**
 * `npm run bench -- NAME...`: all that measure when none is named. JSON lines and tables go to the output, the rest to the error output.
 * Each is loaded when it runs, as what another has loaded, such as a whole head, would lie in the heap of the measured client.
 */
const BENCHES: Benches = {
  'cold-start': async () => (await import('./benches/cold-start.js')).coldStart,
  actors: async () => (await import('./benches/actors.js')).actors,
  calls: async () => (await import('./benches/calls.js')).calls,
  jobs: async () => (await import('./benches/jobs.js')).jobs,
  xgboost: async () => (await import('./benches/xgboost.js')).xgboost,
  recovery: async () => (await import('./benches/recovery.js')).recovery,
  agents: async () => (await import('./benches/agents.js')).agents,
  'two-ranks': async () => (await import('./benches/two-ranks.js')).twoRanks,
  collective: async () => (await import('./benches/collective.js')).collective,
  turns: async () => (await import('./benches/turns.js')).turns,
};
/** They prove more than they measure, over many minutes: only when named. */
const ONLY_NAMED: Benches = {
  'ended-rows': async () => (await import('./benches/ended-rows.js')).endedRows,
  memory: async () => (await import('./benches/memory.js')).memory,
  models: async () => (await import('./benches/models.js')).models,
  faults: async () => (await import('./benches/faults.js')).faults,
  quality: async () => (await import('./quality/quality.js')).quality,
  reading: async () => (await import('./benches/reading.js')).reading,
  resume: async () => (await import('./benches/resume.js')).resume,
};
const ALL: Benches = { ...BENCHES, ...ONLY_NAMED };
const DEFAULT_RUNS = 5;
const DEFAULT_SECONDS = 2;

const say = (text: string): void => void process.stderr.write(`» ${text}\n`);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(ALL, name));
if (unknown.length > 0) {
  const all = await Promise.all(Object.values(ALL).map((load) => load()));
  const known = all.map((bench) => `  ${bench.name.padEnd(12)}${bench.about}`).join('\n');
  process.stderr.write(`There is no benchmark ${unknown.join(', ')}. There are:\n${known}\n`);
  process.exit(2);
}

const context: BenchContext = {
  runs: Number(process.env['BENCH_RUNS'] ?? DEFAULT_RUNS),
  seconds: Number(process.env['BENCH_SECONDS'] ?? DEFAULT_SECONDS),
  say,
};
const found = new Map<string, Found>();
for (const [name, load] of Object.entries(asked.length === 0 ? BENCHES : ALL)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const bench = await load();
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
