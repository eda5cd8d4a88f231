import { describe, expect, test } from '@jest/globals';
import { MOST_ATTEMPTS, type DeathCause } from '@trainer/model';
import { assignmentOf } from './assignment.js';
import type { JobTrigger } from './job-events.js';
import {
  after,
  cancel,
  checkpointAt,
  CRASH,
  DAY,
  ended,
  epoch,
  lost,
  NODE,
  placedAs,
  promoted,
  ready,
  RUN,
  says,
  SIGKILL,
  started,
  stepped,
  yields,
} from './testing/job-scenes.js';

const runs = (attempt: number): readonly JobTrigger[] => [placedAs(attempt), started(attempt), ready(attempt)];
const MIB = 2 ** 20;
const OUT_OF_MEMORY: DeathCause = { kind: 'out-of-memory', limitBytes: 1024 * MIB, usedBytes: 1203 * MIB };

describe('the attempts of a job', () => {
  test('begin with their placement, and go on until their last process is gone', () => {
    expect(after(placedAs(1, 2)).job.attempts).toEqual([
      { number: 1, startedAt: DAY + 5, endedAt: null, fromEpoch: 0, workers: 2, nodes: [NODE], memoryBytes: 1000, end: null },
    ]);
    const stopping = after(placedAs(1, 2), started(1, 0), started(1, 1), ended(1, CRASH, 1));
    expect(stopping.job).toMatchObject({ phase: 'stopping', attempts: [{ endedAt: null, end: null }] });
    expect(stepped(stopping, ended(1, SIGKILL, 0)).record.job.attempts).toMatchObject([
      { endedAt: DAY + 5, end: { kind: 'failed', rank: 1, blame: 'crash' } },
    ]);
  });
  test('say of a completed job why those before the last one ended', () => {
    const record = after(
      ...RUN,
      epoch(1, 5),
      says(1, { kind: 'checkpoint', checkpoint: checkpointAt(5) }),
      ended(1, OUT_OF_MEMORY),
      ...runs(2),
      says(2, yields),
      ended(2),
      promoted,
    );
    expect(record.job).toMatchObject({
      status: 'completed',
      error: null,
      attempts: [
        { number: 1, fromEpoch: 0, end: { kind: 'failed', code: 'job.crashed', cause: OUT_OF_MEMORY } },
        { number: 2, fromEpoch: 5, end: { kind: 'completed' } },
      ],
    });
  });
  test('of a failed job keep each its own cause, and the job the first cause of the last one', () => {
    const broke = { code: 'engine.failed', message: 'it broke', facts: {}, retry: 'same' } as const;
    const record = after(
      ...RUN,
      ended(1, SIGKILL),
      ...runs(2),
      lost(2),
      ...runs(3),
      ended(3, CRASH),
      ...runs(4),
      says(4, { kind: 'failed', error: broke }),
      ended(4),
      ...runs(5),
      ended(5, OUT_OF_MEMORY),
      { kind: 'lease-gone', attempt: 2, rank: 0 },
    );
    expect(record.job).toMatchObject({
      status: 'failed',
      error: { code: 'job.crashed', message: expect.stringContaining('1,203 MiB') },
      attempts: [
        { end: { blame: 'infra', cause: SIGKILL } },
        { end: { blame: 'infra', cause: { kind: 'node-lost', node: NODE } } },
        { end: { blame: 'crash', cause: CRASH } },
        { end: { blame: 'crash', cause: null, code: 'engine.failed', message: 'it broke' } },
        { end: { blame: 'crash', cause: OUT_OF_MEMORY } },
      ],
    });
  });
  test('of a job that is cancelled say by whom; one that never was placed has none', () => {
    expect(after(...RUN, cancel, ended(1, SIGKILL)).job.attempts).toMatchObject([{ end: { kind: 'cancelled', by: 'DELETE /train' } }]);
    expect(after(cancel).job).toMatchObject({ status: 'cancelled', attempts: [] });
  });
  test('cancelled between two of them keep how the last one ended', () => {
    expect(after(...RUN, ended(1, CRASH), cancel).job.attempts).toMatchObject([{ end: { kind: 'failed', cause: CRASH } }]);
  });
  test('that nodes refused are bounded, and push out none that counted', () => {
    const refused = Array.from({ length: 100 }, (_, at): JobTrigger[] => [
      placedAs(at + 2),
      { kind: 'refused', attempt: at + 2, rank: 0, message: 'x'.repeat(2 ** 20) },
    ]).flat();
    const { job } = after(...RUN, ended(1, CRASH), ...refused);
    expect(job.attempts).toHaveLength(MOST_ATTEMPTS);
    expect(job.attempts[0]).toMatchObject({ number: 1, end: { cause: CRASH } });
    expect(job.attempts.at(-1)).toMatchObject({ number: 101, end: { kind: 'requeued' } });
    expect(JSON.stringify(job.attempts).length).toBeLessThan(64 * 1024);
  });
  test('travel with the events that tell of them', () => {
    const step = stepped(after(...RUN), ended(1, CRASH));
    expect(step.events).toMatchObject([{ type: 'status', data: { attempts: [{ end: { cause: CRASH } }] } }]);
  });
});

describe('a rank that needs more memory than it was given', () => {
  const needs = (attempt: number, neededBytes: unknown): JobTrigger =>
    says(attempt, {
      kind: 'failed',
      error: { code: 'rank.needs-memory', message: 'may need 5 MiB', facts: { neededBytes }, retry: 'same' },
    });
  test('goes back to the queue, counts to nothing, and says why', () => {
    const record = after(...RUN, needs(1, 5 * MIB), ended(1));
    expect(record).toMatchObject({ neededMemoryBytes: 5 * MIB, outOfMemory: 0 });
    expect(record.job).toMatchObject({
      phase: 'queued',
      failures: 0,
      infraFailures: 0,
      pendingReason: 'may need 5 MiB',
      attempts: [{ end: { kind: 'requeued', why: 'may need 5 MiB' } }],
    });
  });
  test('is asked once only, so that what no node has is not asked for again and again', () => {
    const again = after(...RUN, needs(1, 5 * MIB), ended(1), ...runs(2));
    expect(assignmentOf(after(...RUN), 0)?.memoryBytes).toBe(1000);
    expect(assignmentOf(again, 0)?.memoryBytes).toBeNull();
    expect(stepped(stepped(again, needs(2, 6 * MIB)).record, ended(2)).record.job).toMatchObject({ failures: 1 });
  });
  test.each([['a text'], [Number.NaN], [2 ** 60], [undefined]])('that says %p is a crash like any other', (needed) => {
    expect(after(...RUN, needs(1, needed), ended(1)).job).toMatchObject({ failures: 1 });
  });
});
