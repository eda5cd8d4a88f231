import { expect, test } from '@jest/globals';
import { report, run, shrink } from './run.js';

/** Runs of the normal suite; `long-run.ts` makes as many as it is told. */
const SEEDS = 100;
const OPERATIONS = 60;

test('whatever is killed, frozen, cut off, lost or late, every invariant of the cluster holds, and all comes to rest', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const outcome = await run(seed, OPERATIONS);
    if (outcome.violation !== null) expect(report(await shrink(outcome))).toBe('');
  }
}, 300_000);
