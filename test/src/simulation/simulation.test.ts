import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { startProgram } from '../harness/index.js';

const LONG_RUN = fileURLToPath(new URL('../../dist/simulation/long-run.js', import.meta.url));
/** By hand it makes as many runs as it is told. */
const SEEDS = 60;
const OPERATIONS = 60;

// As a program of its own: within jest's module loader it takes ten times as long.
test('whatever is killed, frozen, cut off, lost or late, every invariant of the cluster holds, and all comes to rest', async () => {
  const { code, stdout, stderr } = await startProgram(process.execPath, [LONG_RUN, `${SEEDS}`, `${OPERATIONS}`]).ended;
  const lines = code === 0 ? stdout.split('\n').slice(0, 1) : [stdout, stderr];
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^${SEEDS} seeds from 1, .*; 0 runs failed$`))]);
}, 300_000);
