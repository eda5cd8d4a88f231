import { expect, test } from '@jest/globals';
import { nodeId, type Attempt, type AttemptEnd, type DeathCause } from '@trainer/model';
import { JobSchema } from './jobs.answers.js';
import { attemptView } from './attempts.mapper.js';

const attempt = (end: AttemptEnd | null): Attempt => ({
  number: 2,
  startedAt: Date.UTC(2025, 11, 2, 10),
  endedAt: end === null ? null : Date.UTC(2025, 11, 2, 10, 0, 1),
  fromEpoch: 5,
  workers: 1,
  nodes: [nodeId('node-000000000001')],
  memoryBytes: 2 ** 30,
  end,
});
const failed = (cause: DeathCause | null, blame: 'request' | 'crash' | 'infra' = 'crash'): AttemptEnd => ({
  kind: 'failed',
  blame,
  rank: 0,
  code: 'job.crashed',
  message: 'Out of memory: used 2 MiB of 1 MiB',
  cause,
});

test('an attempt that failed says why, as a sentence and as data in snake_case', () => {
  expect(attemptView(attempt(failed({ kind: 'out-of-memory', limitBytes: 1, usedBytes: 2 })))).toEqual({
    number: 2,
    started_at: '2025-12-02T10:00:00.000',
    ended_at: '2025-12-02T10:00:01.000',
    from_epoch: 5,
    workers: 1,
    nodes: ['node-000000000001'],
    memory_bytes: 2 ** 30,
    why: 'Out of memory: used 2 MiB of 1 MiB',
    end: {
      kind: 'failed',
      blame: 'crash',
      counts_to: 'max_failures',
      rank: 0,
      code: 'job.crashed',
      cause: { kind: 'out_of_memory', limit_bytes: 1, used_bytes: 2 },
    },
  });
});

test('one that goes on says so by nulls', () => {
  expect(attemptView(attempt(null))).toMatchObject({ ended_at: null, why: null, end: null });
});

test.each<[AttemptEnd, object]>([
  [{ kind: 'completed' }, { kind: 'completed', counts_to: null, cause: null }],
  [
    { kind: 'cancelled', by: 'me' },
    { kind: 'cancelled', counts_to: null },
  ],
  [
    { kind: 'requeued', why: 'no room' },
    { kind: 'requeued', counts_to: null },
  ],
  [failed(null, 'request'), { kind: 'failed', blame: 'request', counts_to: null, cause: null }],
  [failed({ kind: 'signal', signal: 'SIGKILL' }, 'infra'), { blame: 'infra', counts_to: 'max_infra_failures' }],
])('every end is as the contract has it: %#', (end, expected) => {
  const view = attemptView(attempt(end));
  expect(view.end).toMatchObject(expected);
  expect(JobSchema.shape.attempts.parse([view])).toEqual([view]);
});
