/**
 * The simulation for as long as it is told: `node test/dist/simulation/long-run.js [seeds] [operations] [first seed]`.
 * Prints what it did; of a run that fails its seed, the fewest operations that fail in the same way, and what happened.
 */
import { report, run, shrink } from './run.js';

const [seeds = 1_000, operations = 60, first = 1] = process.argv.slice(2).map(Number);
const met = new Map<string, number>();
const startedMs = performance.now();
let [calls, virtualMs, failures, rested] = [0, 0, 0, 0];
for (let seed = first; seed < first + seeds; seed += 1) {
  const outcome = await run(seed, operations);
  calls += outcome.calls;
  virtualMs += outcome.virtualMs;
  rested = Math.max(rested, outcome.restedMs);
  for (const [what, n] of Object.entries(outcome.met)) met.set(what, (met.get(what) ?? 0) + n);
  if (outcome.violation === null) continue;
  failures += 1;
  console.log(report(await shrink(outcome)));
}
const seconds = (performance.now() - startedMs) / 1_000;
console.log(
  `${seeds} seeds from ${first}, ${seeds * operations} operations, ${calls} calls in ${Math.round(virtualMs / 3_600_000)} virtual hours, ` +
    `${seconds.toFixed(0)} s; the longest way to rest took ${rested / 1_000} virtual seconds; ${failures} runs failed`,
);
console.log(`met: ${[...met].map(([what, n]) => `${n} ${what}`).join(', ')}`);
process.exitCode = failures === 0 ? 0 : 1;
