import { expect, test } from '@jest/globals';
import type { Attempt, AttemptEnd } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { Turn } from '../loop/turn.js';
import { attemptLog } from './attempt-log.js';
import { ID, NODE } from './testing/job-scenes.js';

function logged(...ends: readonly (AttemptEnd | null)[]): unknown[] {
  const lines: unknown[] = [];
  const logger = {
    info: (message: string, facts: object) => lines.push(['info', message, facts]),
    warn: (message: string, facts: object) => lines.push(['warn', message, facts]),
  } as unknown as Logger;
  const attempts = ends.map((end, at): { job: typeof ID; attempt: Attempt } => ({
    job: ID,
    attempt: {
      number: at + 1,
      startedAt: 1_000,
      endedAt: end === null ? null : 3_500,
      fromEpoch: 5,
      workers: 1,
      nodes: [NODE],
      memoryBytes: 7,
      end,
    },
  }));
  attemptLog(logger).committed({ attempts } as unknown as Turn);
  return lines;
}

test('an attempt that ends is one line with its reason, and one that begins none', () => {
  const failed: AttemptEnd = { kind: 'failed', blame: 'crash', rank: 0, code: 'job.crashed', message: 'Crashed with SIGSEGV', cause: null };
  const facts = { job: ID, nodes: [NODE], memoryBytes: 7, fromEpoch: 5, tookMs: 2_500 };
  expect(logged(failed, { kind: 'completed' }, null)).toEqual([
    ['warn', 'an attempt failed', { ...facts, attempt: 1, why: 'Crashed with SIGSEGV', code: 'job.crashed', blame: 'crash', rank: 0 }],
    ['info', 'an attempt ended', { ...facts, attempt: 2, why: 'Completed' }],
  ]);
});
