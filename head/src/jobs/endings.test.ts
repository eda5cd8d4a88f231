import { describe, expect, test } from '@jest/globals';
import { leaseId } from '@trainer/model';
import type { DeathCause } from '@trainer/model';
import { pendingEffects } from './job-effects.js';
import type { JobTrigger } from './job-events.js';
import {
  after,
  cancel,
  checkpointAt,
  CRASH,
  DAY,
  ended,
  epoch,
  gone,
  lost,
  NODE,
  PHASES,
  placedAs,
  promoted,
  queued,
  ready,
  RUN,
  says,
  SIGKILL,
  started,
  stepped,
  whyIllegal,
  yields,
} from './testing/job-scenes.js';

describe('failing', () => {
  const dataError = { code: 'data.no-column', message: "no column 'x'", facts: {}, retry: 'never' } as const;
  const badData = says(1, { kind: 'failed', error: dataError });
  test('an error of the request fails at once, when its process is gone, with its own words', () => {
    const step = stepped(after(...RUN), badData);
    expect(step.record.job).toMatchObject({ status: 'running', phase: 'stopping' });
    expect(step.effects).toMatchObject([{ kind: 'stop', lease: '1-10' }]);
    expect(stepped(step.record, ended(1)).record.job).toMatchObject({ status: 'failed', error: dataError, failures: 0 });
  });
  test('a crash queues the next attempt, and says why', () => {
    expect(after(...RUN, ended(1, CRASH)).job).toMatchObject({
      status: 'pending',
      phase: 'queued',
      attempt: 1,
      failures: 1,
      infraFailures: 0,
      error: null,
      pendingReason: 'Rank 0 of attempt 1: crashed with SIGSEGV. The next attempt starts anew.',
    });
  });
  test('the third crash fails the job with its cause', () => {
    const crashes = [1, 2, 3].flatMap((n) => [placedAs(n), started(n), ended(n, CRASH)]);
    expect(after(...crashes).job).toMatchObject({
      status: 'failed',
      failures: 3,
      error: { code: 'job.crashed', message: expect.stringContaining('SIGSEGV') },
    });
  });
  test('the tenth loss fails the job', () => {
    const losses = Array.from({ length: 10 }, (_, i) => [placedAs(i + 1), started(i + 1), ended(i + 1, SIGKILL)]).flat();
    expect(after(...losses).job).toMatchObject({ status: 'failed', infraFailures: 10, error: { code: 'job.lost' } });
  });
  test('the first failure of an attempt is the one that counts', () => {
    const record = after(placedAs(1, 2), started(1, 0), started(1, 1), ended(1, CRASH, 1), ended(1, SIGKILL, 0));
    expect(record.job).toMatchObject({ phase: 'queued', failures: 1, infraFailures: 0, pendingReason: expect.stringContaining('Rank 1') });
  });
  test('the next attempt waits until the leases of the last one are free', () => {
    const record = after(placedAs(1, 2), started(1, 0), started(1, 1), ended(1, CRASH, 1));
    expect(record.job.phase).toBe('stopping');
    expect(pendingEffects(record)).toMatchObject([{ kind: 'stop', lease: '1-10' }]);
  });
  test('the next attempt goes on from the last checkpoint, and shows what it knew', () => {
    const record = after(
      ...RUN,
      epoch(1, 5, 0.1),
      says(1, { kind: 'checkpoint', checkpoint: checkpointAt(5) }),
      epoch(1, 6, 0.05),
      ended(1, CRASH),
    );
    expect(record.job).toMatchObject({
      currentEpoch: 5,
      progress: 5,
      bestMetrics: { val_f1_macro: 5 },
      pendingReason: expect.stringContaining('goes on from epoch 5'),
    });
    expect(record.checkpoint?.checkpoint.epoch).toBe(5);
  });
  test('epochs of the next attempt count again', () => {
    const again = after(...RUN, epoch(1, 1), epoch(1, 2), ended(1, CRASH), placedAs(2), started(2), ready(2));
    expect(stepped(again, epoch(2, 1)).writes).toMatchObject([{ kind: 'epoch', attempt: 2 }]);
  });
  test('a refusal queues it again and counts nothing', () => {
    const record = after(placedAs(1), { kind: 'refused', attempt: 1, rank: 0, message: 'no room on host1' });
    expect(record.job).toMatchObject({
      phase: 'queued',
      status: 'pending',
      failures: 0,
      infraFailures: 0,
      pendingReason: 'no room on host1',
    });
  });
  test('a refusal releases the rest of the gang first', () => {
    const step = stepped(after(placedAs(1, 2), { kind: 'reserved', attempt: 1, rank: 0 }), {
      kind: 'refused',
      attempt: 1,
      rank: 1,
      message: 'full',
    });
    expect(step.record.job).toMatchObject({ phase: 'reserving', status: 'pending' });
    expect(step.effects).toMatchObject([{ kind: 'release', lease: '1-10', cause: { kind: 'released' } }]);
  });
  test('ranks that are not ready in time are named', () => {
    const record = after(
      placedAs(1, 2),
      started(1, 0),
      started(1, 1),
      ready(1, 0),
      { kind: 'rendezvous-timeout', attempt: 1, afterMs: 30_000 },
      ended(1),
      ended(1, SIGKILL, 1),
    );
    expect(record.job.pendingReason).toContain('rank 1 on node-000000000001 was not ready within 30 s');
  });
  test('a rendezvous timer of a job that trains is late', () => {
    expect(stepped(after(...PHASES.training), { kind: 'rendezvous-timeout', attempt: 1, afterMs: 1 }).isChanged).toBe(false);
  });
});

describe('the end of one rank of several', () => {
  const begun = [placedAs(1, 3), ...[0, 1, 2].flatMap((rank) => [started(1, rank), ready(1, rank)])];
  const training = [...begun, says(1, { kind: 'phase', phase: 'training' })];
  const lostPeer = (rank: number, peer: number, how = 'closed'): JobTrigger =>
    says(
      1,
      {
        kind: 'failed',
        error: { code: 'rank.peer-lost', message: `lost rank ${peer}`, facts: { rank, peer, how }, retry: 'same' },
      },
      rank,
    );
  const allAsked: DeathCause = { kind: 'killed', by: 'the job' };

  test.each([
    ['heard first', [ended(1, SIGKILL, 1), lostPeer(0, 1), lostPeer(2, 1)]],
    ['heard last', [lostPeer(0, 1), lostPeer(2, 1), ended(1, { kind: 'finished' }, 0), ended(1, SIGKILL, 1)]],
    ['heard after another that the engine ended', [ended(1, { kind: 'exited', code: 255 }, 2), lostPeer(0, 1), ended(1, SIGKILL, 1)]],
    ['heard after one that aborted', [lostPeer(0, 2), ended(1, { kind: 'signal', signal: 'SIGABRT' }, 2), ended(1, SIGKILL, 1)]],
  ])('gives its signal as the cause, not what the others say of it: %s', (_when, triggers) => {
    const record = after(...training, ...triggers, ended(1, allAsked, 0), ended(1, allAsked, 2));
    expect(record.job).toMatchObject({ phase: 'queued', failures: 0, infraFailures: 1 });
    expect(record.job.pendingReason).toContain('Rank 1 of attempt 1: killed by SIGKILL');
  });
  test('asks only those that have lost it to go, so that its own cause stays true', () => {
    const step = stepped(after(...training), lostPeer(0, 1));
    expect(step.effects).toMatchObject([{ kind: 'stop', lease: '1-10' }]);
    expect(step.record.job).toMatchObject({ status: 'running', phase: 'stopping' });
    expect(pendingEffects(stepped(step.record, lostPeer(2, 1)).record)).toMatchObject([{ lease: '1-10' }, { lease: '1-12' }]);
  });
  test('is waited for a while only: then all are asked to go, for what was said', () => {
    const heard = after(...training, lostPeer(0, 1));
    const step = stepped(heard, { kind: 'echo-timeout', attempt: 1 });
    expect(pendingEffects(step.record)).toMatchObject([{ lease: '1-10' }, { lease: '1-11' }, { lease: '1-12' }]);
    expect(step.record.job).toMatchObject({ phase: 'stopping', infraFailures: 1 });
    expect(stepped(heard, { kind: 'echo-timeout', attempt: 2 }).isChanged).toBe(false);
  });
  test('asks all others to go once it is known', () => {
    expect(pendingEffects(after(...training, ended(1, SIGKILL, 1)))).toMatchObject([{ lease: '1-10' }, { lease: '1-12' }]);
  });
  test('is the loss of its node where that is what happened', () => {
    const record = after(...training, lostPeer(0, 1), lostPeer(2, 1), ended(1, allAsked, 0), ended(1, allAsked, 2), {
      kind: 'lease-lost',
      attempt: 1,
      rank: 1,
    });
    expect(record.job.pendingReason).toContain('node node-000000000001 was lost');
  });
  test('is what the others say where they say no more than that: a cut between them', () => {
    const record = after(...training, lostPeer(0, 1), lostPeer(1, 0), lostPeer(2, 0), ...[0, 1, 2].map((rank) => ended(1, allAsked, rank)));
    expect(record.job).toMatchObject({
      phase: 'queued',
      failures: 0,
      infraFailures: 1,
      pendingReason: expect.stringContaining('lost rank 1'),
    });
  });
  test('is a crash where a rank reports one, though another had spoken before', () => {
    const crashed = says(1, { kind: 'failed', error: { code: 'x', message: 'it broke', facts: {}, retry: 'same' } }, 1);
    const record = after(...training, lostPeer(0, 1), crashed, ...[0, 1, 2].map((rank) => ended(1, allAsked, rank)));
    expect(record.job).toMatchObject({ failures: 1, infraFailures: 0, pendingReason: expect.stringContaining('it broke') });
  });
  test('that others could not reach at all ends the attempt at once', () => {
    expect(pendingEffects(after(...begun, lostPeer(0, 1, 'unreachable')))).toHaveLength(3);
  });
  test('is no failure when its work is done', () => {
    const record = after(...training, ended(1, { kind: 'finished' }, 1), ended(1, { kind: 'finished' }, 2));
    expect(record.job).toMatchObject({ phase: 'training', failures: 0, leases: ['1-10'] });
    expect(
      after(...training, ended(1, { kind: 'finished' }, 1), ended(1, { kind: 'finished' }, 2), says(1, yields)).promotion,
    ).not.toBeNull();
  });
  test('before all have begun is its own cause, whatever it is', () => {
    const record = after(placedAs(1, 2), started(1, 0), started(1, 1), ended(1, { kind: 'exited', code: 1 }, 1));
    expect(pendingEffects(record)).toMatchObject([{ kind: 'stop', lease: '1-10' }]);
    expect(record.ending).toMatchObject({ kind: 'retry' });
  });
  test('a cancel meanwhile ends all of them', () => {
    const record = after(...training, lostPeer(0, 1), cancel);
    expect(pendingEffects(record)).toHaveLength(3);
    expect(after(...training, lostPeer(0, 1), cancel, ...[0, 1, 2].map((rank) => ended(1, allAsked, rank))).job.status).toBe('cancelled');
  });
});

describe('an old attempt', () => {
  const second = after(...RUN, lost(1), placedAs(2), started(2), ready(2));
  test('cannot report: its result is refused', () => {
    expect(whyIllegal(second, says(1, yields))).toContain('of the past');
  });
  test('ends without harm to the present one', () => {
    expect(stepped(second, ended(1, SIGKILL)).record.job).toMatchObject({ phase: 'starting', attempt: 2, infraFailures: 1 });
  });
  test('keeps the job from ending while its process may live', () => {
    const done = [says(2, yields), ended(2), promoted].reduce((record, trigger) => stepped(record, trigger).record, second);
    expect(done.job.status).toBe('running');
    expect(stepped(done, gone(1)).record.job.status).toBe('completed');
  });
  test('cannot be placed again', () => {
    expect(whyIllegal(after(...RUN, ended(1, CRASH)), placedAs(1))).toContain('does not follow attempt 1');
  });
});

describe('cancelling', () => {
  test.each(Object.entries(PHASES).filter(([phase]) => phase !== 'promoting'))(
    'in phase %s it ends cancelled once no process is left',
    (_, triggers) => {
      const record = stepped(after(...triggers), cancel).record;
      const last = record.job.status === 'cancelled' ? record : stepped(record, ended(1, SIGKILL)).record;
      expect(last.job).toMatchObject({
        status: 'cancelled',
        phase: 'ended',
        error: null,
        cancelRequested: true,
        failures: 0,
        infraFailures: 0,
      });
    },
  );
  test('a queued job is cancelled at once', () => {
    expect(stepped(queued, cancel)).toMatchObject({
      record: { job: { status: 'cancelled', completedAt: DAY + 5 } },
      events: [{ type: 'status', data: { status: 'cancelled' } }],
    });
  });
  test.each([
    ['reserving', 'release'],
    ['starting', 'stop'],
    ['training', 'stop'],
  ] as const)('in phase %s the lease is ended by %s', (phase, kind) => {
    expect(stepped(after(...PHASES[phase]), cancel).effects).toEqual([
      { kind, lease: '1-10', cause: { kind: 'killed', by: 'DELETE /train' } },
    ]);
  });
  test('twice is once', () => {
    expect(stepped(after(...PHASES.stopping), cancel).isChanged).toBe(false);
  });
  test('is refused once the model is being promoted', () => {
    expect(whyIllegal(after(...PHASES.promoting), cancel)).toBe('Cannot cancel job in status: completed');
  });
  test('is refused once the job has ended', () => {
    expect(whyIllegal(after(cancel), cancel)).toBe('Cannot cancel job in status: cancelled');
  });
  test('a result that comes after it is refused', () => {
    expect(whyIllegal(after(...PHASES.stopping), says(1, yields))).toContain('cancel was committed before');
  });
  test('metrics that come after it are ignored', () => {
    expect(stepped(after(...PHASES.stopping), epoch(1, 9)).isChanged).toBe(false);
  });
  test('an agent that refuses after all ends it too', () => {
    expect(after(placedAs(1), cancel, { kind: 'refused', attempt: 1, rank: 0, message: 'full' }).job.status).toBe('cancelled');
  });
  test('on a lost node it waits until no process can live', () => {
    const record = after(...RUN, cancel, lost(1));
    expect(record.job.status).toBe('running');
    expect(stepped(record, gone(1)).record.job.status).toBe('cancelled');
  });
  test('wins over a failure that is not final yet', () => {
    const failed = says(1, { kind: 'failed', error: { code: 'x', message: 'x', facts: {}, retry: 'same' } });
    expect(after(...RUN, failed, cancel, ended(1)).job).toMatchObject({ status: 'cancelled', error: null });
  });
});

describe('what is not allowed', () => {
  test.each([
    ['a placement of a job that runs', [...RUN], placedAs(2)],
    [
      'a placement with a hole in its ranks',
      [],
      {
        kind: 'placed',
        attempt: 1,
        ranks: [{ rank: 1, lease: leaseId('1-1'), node: NODE, grant: { cpuMilli: 0, memoryBytes: 0, gpus: [] } }],
      },
    ],
    ['a report of a rank that is not ready', [placedAs(1), started(1)], says(1, yields)],
    ['a report of an unknown attempt', [], says(1, yields)],
    ['a life sign of a rank that ended', [...RUN, cancel, ended(1)], ready(1)],
    ['a refusal after the grant', [...RUN], { kind: 'refused', attempt: 1, rank: 0, message: 'full' }],
    ['a report of a lost rank', [...RUN, cancel, lost(1)], epoch(1, 1)],
    ['loss that expires before it was a loss', [...RUN], gone(1)],
    ['cleaning before the end', [...RUN], { kind: 'cleaned' }],
  ] as [string, JobTrigger[], JobTrigger][])('%s', (_, triggers, trigger) => {
    expect(whyIllegal(after(...triggers), trigger)).not.toBeNull();
  });
  test.each([
    ['the same placement', [placedAs(1)], placedAs(1)],
    ['started after ready', [...RUN], started(1)],
    ['the end of a rank of a forgotten attempt', [...RUN, ended(1, CRASH)], ended(1, CRASH)],
    ['promoted after completed', [...PHASES.promoting, ended(1), promoted], promoted],
  ] as [string, JobTrigger[], JobTrigger][])('but repeated or overtaken, it changes nothing: %s', (_, triggers, trigger) => {
    expect(stepped(after(...triggers), trigger).isChanged).toBe(false);
  });
});
