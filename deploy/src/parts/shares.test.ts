import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readSettings } from '../config/settings.js';
import { namedShare, sharesOf } from './shares.js';

test('what is left of the CPUs goes to the first agents', () => {
  expect(sharesOf({ cpuMilli: 8_500, memoryBytes: 900 }, 3)).toEqual([
    { cpuMilli: 3_000, memoryBytes: 300 },
    { cpuMilli: 3_000, memoryBytes: 300 },
    { cpuMilli: 2_000, memoryBytes: 300 },
  ]);
});

test('each agent has at least one CPU, the memory is never given twice, and no two differ by more than one CPU', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 256_000 }),
      fc.integer({ min: 1, max: 2 ** 40 }),
      fc.integer({ min: 1, max: 64 }),
      (cpuMilli, memoryBytes, n) => {
        const shares = sharesOf({ cpuMilli, memoryBytes }, n);
        const cpus = shares.map((share) => share.cpuMilli ?? 0);
        expect(Math.min(...cpus)).toBeGreaterThanOrEqual(1_000);
        expect(Math.max(...cpus) - Math.min(...cpus)).toBeLessThanOrEqual(1_000);
        if (cpuMilli >= n * 1_000) expect(cpus.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(cpuMilli);
        expect(shares.reduce((sum, share) => sum + (share.memoryBytes ?? 0), 0)).toBeLessThanOrEqual(memoryBytes);
      },
    ),
  );
});

test('an agent of its own gives what the environment names, else all', () => {
  expect(namedShare(readSettings({ TRAINER_CPUS: '1.5', TRAINER_MEMORY: '2GiB' }))).toEqual({ cpuMilli: 1_500, memoryBytes: 2 ** 31 });
  expect(namedShare(readSettings({}))).toEqual({ cpuMilli: null, memoryBytes: null });
});
