import { expect, test } from '@jest/globals';
import { actorId, leaseId, streamId } from '@trainer/model';
import type { Clock, PlaceRequest, StartSpec } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { Outbox } from '../facts/outbox.js';
import { emptyLedger } from '../ledger/ledger.js';
import type { SupervisedActor } from '../processes/supervised-actor.js';
import { LeaseKeeper } from './lease-keeper.js';

const STREAM = streamId('stream-0000000000000001');
const spec: StartSpec = {
  holder: { kind: 'actor', actor: actorId('actor-0000000000000001'), incarnation: 1 },
  classRef: { kind: 'module', specifier: 'm', exportName: 'E' },
  className: 'E',
  args: { kind: 'inline', bytes: new Uint8Array(0) },
  concurrency: 1,
  token: 't',
  env: {},
  actor: null,
};
const request: PlaceRequest = {
  stream: STREAM,
  headEpoch: 1,
  lowWater: leaseId('1-1'),
  lease: leaseId('1-1'),
  action: { kind: 'reserve-and-start', grant: { cpuMilli: 1, memoryBytes: 0, gpus: [] }, spec },
};

function keeperOf(clock: Clock, outbox: Outbox, launched: () => void): LeaseKeeper {
  return new LeaseKeeper(emptyLedger({ cpuMilli: 1_000, memoryBytes: 1, gpus: [] }, 0), {
    clock,
    reservationMs: 10_000,
    silentMs: 3_000,
    outbox,
    launch: () => {
      launched();
      return { owned: () => undefined } as unknown as SupervisedActor;
    },
    onLine: () => undefined,
    onGone: () => undefined,
    onFacts: () => undefined,
    onHeadEpoch: () => undefined,
  });
}

test('a reservation that is not started in time is told as what it is', () => {
  const clock = manualClock();
  const outbox = new Outbox({ append: () => 0, read: () => Buffer.alloc(0), clear: () => undefined, close: () => undefined });
  const keeper = keeperOf(clock, outbox, () => undefined);
  outbox.resume(0);
  keeper.welcomed(STREAM, leaseId('1-1'), []);
  const grant = { cpuMilli: 1, memoryBytes: 0, gpus: [] };
  expect(keeper.place({ ...request, action: { kind: 'reserve', grant } })).toEqual({ kind: 'granted' });
  clock.advance(9_999);
  keeper.beat();
  expect(keeper.takeFacts()).toEqual([]);
  clock.advance(1);
  keeper.beat();
  expect(keeper.takeFacts()).toMatchObject([{ body: { kind: 'ended', cause: { kind: 'reservation-expired', afterMs: 10_000 } } }]);
});

test('an agent that stood still for as long as its head is patient starts nothing before it has said hello again', () => {
  const clock = manualClock();
  const disk = { append: () => 0, read: () => Buffer.alloc(0), clear: () => undefined, close: () => undefined };
  let launched = 0;
  const keeper = keeperOf(clock, new Outbox(disk), () => (launched += 1));
  keeper.welcomed(STREAM, leaseId('1-1'), []);
  keeper.beat();
  clock.advance(3_000);
  expect(keeper.place(request)).toMatchObject({ kind: 'refused', reason: 'stale-stream' });
  keeper.beat();
  keeper.welcomed(STREAM, leaseId('1-1'), []);
  expect(keeper.place(request)).toEqual({ kind: 'granted' });
  expect(launched).toBe(1);
});
