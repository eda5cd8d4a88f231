import { beforeAll, expect, test } from '@jest/globals';
import { PYTHON_SETUP_MS, testPython, type TestPython } from '../python.js';
import { compareAll, difference, readOurs, told } from './against-pandas.js';
import { tableCase, wideCase } from './table-cases.js';

/* `node test/dist/tables/long-run.js 50000 7` reads as many as wanted. */

let python: TestPython;
beforeAll(async () => {
  python = await testPython();
}, PYTHON_SETUP_MS);

const seeds = (count: number, from: number): number[] => Array.from({ length: count }, (_, index) => from + index);

test('what pandas reads is read with its values, in whatever shares the file is taken', async () => {
  const compared = await compareAll(python, seeds(700, 1).map(tableCase));
  expect(compared.flatMap((one) => difference(one) ?? one.unsteady ?? [])).toEqual([]);
  // Most of them must be tables, or nothing was compared.
  expect(compared.filter(({ ours }) => !('error' in ours)).length).toBeGreaterThan(550);
}, 300_000);
test('and where a value crosses the end of a buffer', async () => {
  const compared = await compareAll(python, seeds(30, 1).map(wideCase));
  expect(compared.flatMap((one) => difference(one) ?? one.unsteady ?? [])).toEqual([]);
}, 300_000);
test('threads change nothing', async () => {
  for (const seed of seeds(12, 1)) {
    const { bytes } = wideCase(seed);
    expect(told((await readOurs(bytes, { threads: 3, rangeBytes: 9_000 })).table)).toBe(
      told((await readOurs(bytes, { threads: 1 })).table),
    );
  }
}, 300_000);
