import { expect, test } from '@jest/globals';
import { isFinalStatus, MOST_ATTEMPTS } from '@trainer/model';
import type { DeathCause, RankReport } from '@trainer/model';
import fc from 'fast-check';
import { pendingEffects } from './job-effects.js';
import type { JobTrigger } from './job-events.js';
import type { JobRecord } from './job-record.js';
import { isActive } from './ranks.js';
import { stepJob } from './step-job.js';
import { checkpointAt, placedAs, queued, result } from './testing/job-scenes.js';

const error = { code: 'x', message: 'x', facts: {}, retry: 'same' } as const;
const none = { trainLoss: null, trainAccuracy: null, valAccuracy: null, learningRate: null, additional: {} };

const REPORTS: readonly RankReport[] = [
  { kind: 'phase', phase: 'training' },
  { kind: 'progress', done: 0.4, epoch: 1 },
  { kind: 'epoch', metrics: { epoch: 1, valLoss: 0.5, ...none }, done: 0.1 },
  { kind: 'epoch', metrics: { epoch: 2, valLoss: 0.7, ...none }, done: 0.2 },
  { kind: 'checkpoint', checkpoint: checkpointAt(1) },
  { kind: 'result', result },
  { kind: 'failed', error },
  { kind: 'failed', error: { ...error, retry: 'never' } },
  { kind: 'failed', error: { ...error, code: 'rank.peer-lost' } },
];
const CAUSES: readonly DeathCause[] = [
  { kind: 'finished' },
  { kind: 'exited', code: 255 },
  { kind: 'signal', signal: 'SIGKILL' },
  { kind: 'signal', signal: 'SIGSEGV' },
];

interface Draw {
  readonly isHelpful: boolean;
  /** Attempt relative to the present one: late messages are of an older one. */
  readonly age: number;
  readonly rank: number;
  readonly size: number;
  readonly report: RankReport;
  readonly cause: DeathCause;
  readonly pick: number;
}
const draw: fc.Arbitrary<Draw> = fc.record({
  isHelpful: fc.integer({ min: 0, max: 9 }).map((n) => n < 6),
  age: fc.constantFrom(0, 0, 0, 1, -1),
  rank: fc.integer({ min: 0, max: 1 }),
  size: fc.constantFrom(1, 2),
  report: fc.constantFrom(...REPORTS),
  cause: fc.constantFrom(...CAUSES),
  pick: fc.nat({ max: 1000 }),
});

const LOST_PEER: RankReport = { kind: 'failed', error: { ...error, code: 'rank.peer-lost' } };

function isAsked(record: JobRecord, lease: string): boolean {
  return pendingEffects(record).some((effect) => (effect.kind === 'stop' || effect.kind === 'release') && effect.lease === lease);
}

/** What an agent that does its work would say next. */
function helpful(record: JobRecord, { pick, size, report, cause }: Draw): JobTrigger {
  const effects = pendingEffects(record);
  const effect = effects[pick % Math.max(1, effects.length)];
  const current = record.ranks.find((rank) => rank.attempt === record.job.attempt && rank.state === 'started');
  if (record.job.phase === 'queued') return placedAs(record.job.attempt + 1, size);
  if (effect?.kind === 'place')
    return { kind: effect.action === 'reserve' ? 'reserved' : 'started', attempt: effect.attempt, rank: effect.rank };
  if (effect?.kind === 'promote') return { kind: 'promoted' };
  if (effect?.kind === 'stop' || effect?.kind === 'release') {
    const rank = record.ranks.find((of) => of.lease === effect.lease);
    return { kind: 'lease-ended', attempt: rank?.attempt ?? 0, rank: rank?.rank ?? 0, cause };
  }
  if (current) return { kind: 'rank-ready', attempt: current.attempt, rank: current.rank, address: 'h:1' };
  const lost = record.ranks.find((rank) => rank.state === 'lost');
  // Who has lost nobody yet hears of it from the others.
  const unheard = record.ending?.kind === 'echo' ? record.ranks.find((rank) => isActive(rank) && !isAsked(record, rank.lease)) : undefined;
  if (unheard) return { kind: 'report', attempt: unheard.attempt, rank: unheard.rank, report: LOST_PEER };
  if (record.ending && lost) return { kind: 'lease-gone', attempt: lost.attempt, rank: lost.rank };
  return { kind: 'report', attempt: record.job.attempt, rank: 0, report };
}

/** Anything: late, doubled, out of order, of another attempt. */
function hostile(record: JobRecord, { age, rank, size, report, cause, pick }: Draw): JobTrigger {
  const at = { attempt: Math.max(1, record.job.attempt - age), rank };
  const all: readonly JobTrigger[] = [
    placedAs(at.attempt, size),
    { kind: 'started', ...at },
    { kind: 'reserved', ...at },
    { kind: 'rank-ready', ...at, address: `h:${rank}` },
    { kind: 'report', ...at, report },
    { kind: 'lease-ended', ...at, cause },
    { kind: 'lease-lost', ...at },
    { kind: 'lease-gone', ...at },
    { kind: 'refused', ...at, message: 'full' },
    { kind: 'promoted' },
    { kind: 'promotion-failed', error },
    { kind: 'cleaned' },
    { kind: 'rendezvous-timeout', attempt: at.attempt, afterMs: 1 },
    { kind: 'echo-timeout', attempt: at.attempt },
    { kind: 'pending-reason', text: `reason ${pick}` },
  ];
  return pick < 40 ? { kind: 'cancel', by: 'me' } : (all[pick % all.length] ?? { kind: 'promoted' });
}

/** Calls `check` on every step of many random lives. */
function everyStep(check: (before: JobRecord, event: JobTrigger, after: JobRecord) => void): void {
  fc.assert(
    fc.property(fc.array(draw, { minLength: 30, maxLength: 60, size: 'max' }), (draws) => {
      let record = queued;
      for (const next of draws) {
        const event = next.isHelpful ? helpful(record, next) : hostile(record, next);
        const step = stepJob(record, event, 1);
        if (step.kind === 'illegal') continue;
        check(record, event, step.record);
        record = step.record;
      }
    }),
    { numRuns: 150 },
  );
}

test('the random lives reach every phase and every end', () => {
  const seen = new Set<string>();
  everyStep((_, __, { job }) => seen.add(job.phase === 'ended' ? job.status : job.phase));
  expect([...seen].sort()).toEqual(
    ['queued', 'reserving', 'starting', 'loading', 'training', 'promoting', 'stopping', 'completed', 'failed', 'cancelled'].sort(),
  );
});

test('a final status stays, and so does all that it says', () => {
  everyStep((before, event, after) => {
    if (isFinalStatus(before.job.status)) expect(after.job).toEqual(before.job);
    expect(event).toBeDefined();
  });
});

test('an ended job holds no lease and has no process of any attempt', () => {
  everyStep((_, __, after) => {
    if (!isFinalStatus(after.job.status)) return;
    expect(after.ranks.filter((rank) => isActive(rank) || rank.state === 'lost')).toEqual([]);
    expect(after.job).toMatchObject({ phase: 'ended', leases: [] });
  });
});

test('the same trigger twice is the trigger once', () => {
  everyStep((_, event, after) => {
    const again = stepJob(after, event, 2);
    if (again.kind === 'stepped') expect(again).toMatchObject({ isChanged: false, effects: [], events: [], writes: [] });
  });
});

test('effects of a step are exactly those that were not pending before', () => {
  everyStep((before, event, after) => {
    const step = stepJob(before, event, 1);
    const was = pendingEffects(before).map((effect) => JSON.stringify(effect));
    const effects = step.kind === 'stepped' ? step.effects : [];
    expect(effects).toEqual(pendingEffects(after).filter((effect) => !was.includes(JSON.stringify(effect))));
  });
});

test('events are numbered without gaps', () => {
  everyStep((before, event, after) => {
    const step = stepJob(before, event, 1);
    const numbers = step.kind === 'stepped' ? step.events.map((of) => of.number) : [];
    expect(numbers).toEqual(numbers.map((_, i) => before.lastEvent + 1 + i));
    expect(after.lastEvent).toBe(before.lastEvent + numbers.length);
  });
});

test('every lease that may hold a process of a job that is ending is asked to go', () => {
  everyStep((_, __, after) => {
    const { ending } = after;
    if (!ending) return;
    const mayStay = ending.kind === 'echo' ? (rank: number): boolean => !ending.heard.includes(rank) : () => false;
    const asked = pendingEffects(after).flatMap((effect) => (effect.kind === 'stop' || effect.kind === 'release' ? [effect.lease] : []));
    expect(asked).toEqual(after.ranks.filter((rank) => isActive(rank) && !mayStay(rank.rank)).map((rank) => rank.lease));
  });
});

test('a job is completed only by a promoted result, and never after a cancel', () => {
  everyStep((before, event, after) => {
    if (after.job.status !== 'completed' || before.job.status === 'completed') return;
    expect(after.promotion).not.toBeNull();
    expect(after.job.cancelRequested).toBe(false);
    expect(event.kind === 'promoted' || before.ending?.kind === 'completed').toBe(true);
  });
});

test('progress never falls within an attempt, attempts only rise, and failures only count up', () => {
  everyStep(({ job: before }, _, { job: after }) => {
    expect(after.attempt).toBeGreaterThanOrEqual(before.attempt);
    if (after.attempt === before.attempt && after.phase !== 'queued') expect(after.progress).toBeGreaterThanOrEqual(before.progress);
    expect(after.failures + after.infraFailures).toBeGreaterThanOrEqual(before.failures + before.infraFailures);
  });
});

test('pending and running are said of the phases that design.md puts there', () => {
  everyStep((_, __, { job }) => {
    const status = ['queued', 'reserving', 'starting'].includes(job.phase) ? 'pending' : job.phase === 'ended' ? job.status : 'running';
    expect(job.status).toBe(status);
  });
});

test('attempts are told as they are: the newest goes on or has ended with a reason, all others have, and they are few', () => {
  everyStep((_, __, { job }) => {
    expect(job.attempts.length).toBeLessThanOrEqual(MOST_ATTEMPTS);
    expect(job.attempts.at(-1)?.number ?? 0).toBe(job.attempt);
    for (const { endedAt, end } of job.attempts.slice(0, -1)) expect([endedAt, end]).not.toContain(null);
    const underWay = job.attempts.filter(({ endedAt, end }) => endedAt === null || end === null).length;
    const isIdle = job.phase === 'queued' || job.phase === 'ended';
    // One that is cancelled between two attempts may still wait for what an old one has lost.
    if (job.phase !== 'stopping') expect(underWay).toBe(isIdle ? 0 : 1);
  });
});
