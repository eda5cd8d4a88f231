import { describe, expect, test } from '@jest/globals';
import { leaseId } from '@trainer/model';
import { pendingEffects } from './job-effects.js';
import {
  after,
  CRASH,
  DAY,
  ended,
  epoch,
  ID,
  NODE,
  PHASES,
  placedAs,
  promoted,
  queued,
  ready,
  RUN,
  says,
  started,
  stepped,
  whyIllegal,
  yields,
} from './testing/job-scenes.js';

describe('the way of a job', () => {
  test.each(Object.entries(PHASES))('%s is reached, with its public status', (phase, triggers) => {
    const { job } = after(...triggers);
    expect(job.phase).toBe(phase);
    expect(job.status).toBe(['queued', 'reserving', 'starting'].includes(phase) ? 'pending' : 'running');
  });
  test('a placed gang of one is reserved and started in one round trip', () => {
    expect(stepped(queued, placedAs(1)).effects).toMatchObject([
      { kind: 'place', attempt: 1, rank: 0, lease: '1-10', action: 'reserve-and-start' },
    ]);
  });
  test('a gang of two is reserved first, and started once all hold', () => {
    const one = stepped(after(placedAs(1, 2)), { kind: 'reserved', attempt: 1, rank: 0 });
    expect(one.effects).toEqual([]);
    expect(stepped(one.record, { kind: 'reserved', attempt: 1, rank: 1 }).effects).toMatchObject([
      { action: 'start', rank: 0 },
      { action: 'start', rank: 1 },
    ]);
  });
  test('begin goes out once all ranks are ready, with their addresses by rank', () => {
    const almost = after(placedAs(1, 2), started(1, 0), started(1, 1), ready(1, 1));
    expect(stepped(almost, ready(1, 0)).effects).toEqual([{ kind: 'begin', attempt: 1, leases: ['1-10', '1-11'], peers: ['h:0', 'h:1'] }]);
  });
  test('begin is sent once, and again only after a restart of the head', () => {
    const begun = after(...RUN);
    expect(stepped(begun, says(1, { kind: 'warning', message: 'w' })).effects).toEqual([]);
    expect(pendingEffects(begun)).toMatchObject([{ kind: 'begin' }]);
  });
  test('started_at is the first report of its training and stays over attempts', () => {
    const { job } = after(...PHASES.training, ended(1, CRASH), placedAs(2));
    expect(job.startedAt).toBe(DAY + 5);
  });
  test('each phase is an event with the next number', () => {
    const step = stepped(after(...RUN), says(1, { kind: 'phase', phase: 'loading' }));
    expect(step.events).toMatchObject([
      { type: 'status', number: after(...RUN).lastEvent + 1, data: { phase: 'loading', status: 'running' } },
    ]);
  });
  test('why it waits is a pending event, once', () => {
    const step = stepped(queued, { kind: 'pending-reason', text: 'no CPU' });
    expect(step.events).toMatchObject([{ type: 'pending', number: 2, data: { pendingReason: 'no CPU' } }]);
    expect(stepped(step.record, { kind: 'pending-reason', text: 'no CPU' }).isChanged).toBe(false);
  });
});

describe('metrics', () => {
  const training = after(...PHASES.training);
  test('an epoch is a row and an event', () => {
    expect(stepped(training, epoch(1, 1))).toMatchObject({
      writes: [{ kind: 'epoch', attempt: 1 }],
      events: [{ type: 'metrics', data: { epoch: 1 } }],
    });
  });
  test('an epoch said twice counts once', () => {
    expect(stepped(after(...PHASES.training, epoch(1, 1)), epoch(1, 1)).isChanged).toBe(false);
  });
  test('best_metrics are those of the epoch with the least validation loss, without what is null', () => {
    const { job } = after(...PHASES.training, epoch(1, 1, 0.5), epoch(1, 2, 0.2), epoch(1, 3, 0.4));
    expect(job.bestMetrics).toEqual({ train_loss: 0.5, val_loss: 0.2, val_accuracy: 0.9, val_f1_macro: 2 });
    expect(job.currentEpoch).toBe(3);
  });
  test('without a validation loss the newest epoch is shown', () => {
    expect(after(...PHASES.training, epoch(1, 1, null), epoch(1, 2, null)).job.bestMetrics).toMatchObject({ val_f1_macro: 2 });
  });
  test('progress never falls within an attempt', () => {
    const record = after(...PHASES.training, epoch(1, 50), says(1, { kind: 'progress', done: 0.3, epoch: 0 }));
    expect(record.job).toMatchObject({ progress: 50, currentEpoch: 50 });
  });
  test('a warning is shown once', () => {
    const warning = says(1, { kind: 'warning', message: 'w' });
    expect(after(...RUN, warning, warning).job.warnings).toEqual(['w']);
  });
  test('other ranks do not speak of progress', () => {
    const two = after(placedAs(1, 2), started(1, 0), started(1, 1), ready(1, 0), ready(1, 1));
    expect(stepped(two, says(1, { kind: 'progress', done: 0.5, epoch: 1 }, 1)).isChanged).toBe(false);
  });
});

describe('completing', () => {
  const promoting = after(...PHASES.promoting);
  test('a result is promoted to the final keys while the ranks are asked to go', () => {
    expect(stepped(after(...PHASES.training), says(1, yields)).effects).toEqual([
      {
        kind: 'promote',
        bucket: 'trained-models',
        copies: [
          { from: `attempts/${ID}/1/x.onnx`, to: `xgboost_classifier/${ID}_20251202.onnx` },
          { from: `attempts/${ID}/1/x.pkl`, to: `xgboost_classifier/${ID}_20251202.pkl` },
        ],
      },
      { kind: 'stop', lease: '1-10', cause: { kind: 'finished' } },
    ]);
  });
  test('it is completed only once it is promoted and no process is left, in either order', () => {
    const ways = [after(...PHASES.promoting, promoted), after(...PHASES.promoting, ended(1))];
    expect(ways.map(({ job }) => [job.status, job.phase])).toEqual([
      ['running', 'promoting'],
      ['running', 'promoting'],
    ]);
    expect(stepped(ways[0] ?? queued, ended(1)).record.job.status).toBe('completed');
    expect(stepped(ways[1] ?? queued, promoted).record.job.status).toBe('completed');
  });
  test('a completed job has its model, its path, the metrics of the result and 100 %', () => {
    const step = stepped(after(...PHASES.promoting, ended(1)), promoted);
    expect(step.record.job).toMatchObject({
      status: 'completed',
      phase: 'ended',
      progress: 100,
      currentEpoch: 40,
      bestMetrics: { val_accuracy: 0.97 },
      completedAt: DAY + 5,
      leases: [],
      finalModelPath: `trained-models/xgboost_classifier/${ID}_20251202.pkl`,
      error: null,
    });
    expect(step.writes).toMatchObject([{ kind: 'model', model: { job: ID, modelId: 'xgboost_classifier', seed: 42 } }]);
    expect(step.effects).toEqual([{ kind: 'cleanup', job: ID, bucket: 'trained-models', prefix: `attempts/${ID}/` }]);
  });
  test('a process that crashes after its result harms nothing', () => {
    expect(after(...PHASES.promoting, ended(1, CRASH), promoted).job.status).toBe('completed');
  });
  test('the same result again changes nothing', () => {
    expect(stepped(promoting, says(1, yields)).isChanged).toBe(false);
  });
  test('a failed promotion fails the job with its reason', () => {
    const error = { code: 'store.full', message: 'disk full', facts: {}, retry: 'same' } as const;
    expect(after(...PHASES.promoting, { kind: 'promotion-failed', error }, ended(1)).job).toMatchObject({
      status: 'failed',
      error,
      finalModelPath: null,
    });
  });
  test('promoted without a result is illegal', () => {
    expect(whyIllegal(after(...RUN), promoted)).toContain('nothing is being promoted');
  });
  test('after a restart of the head the promotion goes on', () => {
    expect(pendingEffects(promoting)).toMatchObject([{ kind: 'promote' }, { kind: 'stop' }]);
  });
  test('a cleaned job leaves nothing to do', () => {
    expect(pendingEffects(after(...PHASES.promoting, ended(1), promoted, { kind: 'cleaned' }))).toEqual([]);
  });
});

describe('the shape of later attempts', () => {
  test('other resources than the first attempt had are a warning', () => {
    const wide = placedAs(2);
    const ranks = wide.kind === 'placed' ? wide.ranks.map((rank) => ({ ...rank, grant: { ...rank.grant, cpuMilli: 2000 } })) : [];
    expect(after(...RUN, ended(1, CRASH), { kind: 'placed', attempt: 2, ranks }).job.warnings).toEqual([
      'attempt 2 runs with other resources than the first; the model may differ in its last digits',
    ]);
  });
  test('the devices of a job are listed by index', () => {
    const ranks = [0, 1].map((rank) => ({
      rank,
      lease: leaseId(`1-${rank + 1}`),
      node: NODE,
      grant: { cpuMilli: 1, memoryBytes: 1, gpus: [{ index: 1 - rank, milli: 1000 }] },
    }));
    expect(after({ kind: 'placed', attempt: 1, ranks }).job.gpuAllocated).toBe('cuda:0,cuda:1');
  });
});
