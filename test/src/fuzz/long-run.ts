/**
 * The fuzzer for as long as it is told: `node test/dist/fuzz/long-run.js [seconds] [seed]`. Prints its figures, and each kind of
 * defect that the head took for its own.
 */
import { fuzzHead, told } from './rpc/fuzzed-head.js';

const [seconds = 60, seed = 1] = process.argv.slice(2).map(Number);
const endsAt = performance.now() + seconds * 1_000;
const outcome = await fuzzHead(seed, () => performance.now() >= endsAt);
console.log(`seed ${seed}: ${told(outcome)}`);
for (const defect of new Set(outcome.defects)) console.log(defect);
process.exitCode = outcome.isAlive && outcome.defects.length === 0 ? 0 : 1;
