import { describe, expect, test } from '@jest/globals';
import {
  actorId,
  available,
  leaseId,
  streamId,
  type Capacity,
  type Grant,
  type LeaseId,
  type PlaceRequest,
  type StartSpec,
} from '@trainer/model';
import fc from 'fast-check';
import { admit, type AdmitContext } from './admit.js';
import {
  advance,
  disconnected,
  draining,
  emptyLedger,
  expire,
  finish,
  heldGrants,
  heldLeases,
  raiseLowWater,
  welcomed,
  type Ledger,
} from './ledger.js';

const CAPACITY: Capacity = {
  cpuMilli: 4_000,
  memoryBytes: 1_000,
  gpus: [0, 1].map((index) => ({ index, uuid: `GPU-${index}`, model: 'fake', memoryBytes: 1 })),
};
const STREAM = streamId('stream-0000000000000001');
const SPEC: StartSpec = {
  holder: { kind: 'actor', actor: actorId('actor-0123456789abcdef'), incarnation: 1 },
  classRef: { kind: 'module', specifier: 'm', exportName: 'C' },
  className: 'C',
  args: { kind: 'inline', bytes: new Uint8Array() },
  concurrency: 1,
  token: 't',
  env: {},
  actor: null,
};
const CONTEXT: AdmitContext = { now: 0, reservationMs: 10_000, isBufferFull: false };
const ONE: Grant = { cpuMilli: 1_000, memoryBytes: 100, gpus: [] };
const A = leaseId('1-10');

function ready(): Ledger {
  return welcomed(emptyLedger(CAPACITY, 1), STREAM, leaseId('1-1'));
}

function request(action: PlaceRequest['action'], changes: Partial<PlaceRequest> = {}): PlaceRequest {
  return { stream: STREAM, headEpoch: 1, lowWater: leaseId('1-1'), lease: A, action, ...changes };
}
const reserve = (grant = ONE): PlaceRequest['action'] => ({ kind: 'reserve', grant });
const startIt: PlaceRequest['action'] = { kind: 'start', spec: SPEC };
const both = (grant = ONE): PlaceRequest['action'] => ({ kind: 'reserve-and-start', grant, spec: SPEC });

function book(ledger: Ledger, ...requests: PlaceRequest[]): { ledger: Ledger; answers: string[]; starts: number } {
  const answers: string[] = [];
  let starts = 0;
  for (const each of requests) {
    const admitted = admit(ledger, each, CONTEXT);
    ledger = admitted.ledger;
    starts += admitted.start === null ? 0 : 1;
    answers.push(admitted.answer.kind === 'granted' ? 'granted' : admitted.answer.reason);
  }
  return { ledger, answers, starts };
}

describe('admit', () => {
  test('a reservation that is started holds its grant once and starts once', () => {
    const { ledger, answers, starts } = book(ready(), request(reserve()), request(startIt), request(startIt), request(reserve()));
    expect(answers).toEqual(['granted', 'granted', 'granted', 'granted']);
    expect(starts).toBe(1);
    expect(heldGrants(ledger)).toEqual([ONE]);
  });

  test('what does not fit beside what is held is refused, and stays refused when there is room again', () => {
    const big = request(both({ ...ONE, cpuMilli: 3_500 }), { lease: leaseId('1-11') });
    const first = book(ready(), request(both()), big);
    expect(first.answers).toEqual(['granted', 'capacity']);
    expect(book(finish(first.ledger, A), big).answers).toEqual(['capacity']);
  });

  test('a share of a device never straddles two, and none is named that is not there', () => {
    const shares = (...gpus: [number, number][]) =>
      book(ready(), request(both({ ...ONE, gpus: gpus.map(([index, milli]) => ({ index, milli })) }))).answers;
    expect(shares([0, 500], [1, 500])).toEqual(['capacity']);
    expect(shares([0, 500])).toEqual(['granted']);
    expect(shares([0, 1000], [1, 1000])).toEqual(['granted']);
    expect(shares([2, 1000])).toEqual(['capacity']);
    expect(shares([0, 1000], [0, 1000])).toEqual(['capacity']);
  });

  test('an older headEpoch is refused, a newer one is remembered', () => {
    const { ledger, answers } = book(ready(), request(both(), { headEpoch: 3 }), request(both(), { headEpoch: 2, lease: leaseId('2-1') }));
    expect(answers).toEqual(['granted', 'stale-epoch']);
    expect(ledger.newestHeadEpoch).toBe(3);
  });

  test('a placement of another stream is refused and leaves nothing', () => {
    const other = request(both(), { stream: streamId('stream-0000000000000002') });
    const { ledger, answers } = book(ready(), other, request(both()));
    expect(answers).toEqual(['stale-stream', 'granted']);
    expect(book(disconnected(ledger), request(startIt)).answers).toEqual(['stale-stream']);
  });

  test('a start without a reservation is refused, and so is the reservation that comes late', () => {
    expect(book(ready(), request(startIt), request(reserve())).answers).toEqual(['unknown-lease', 'unknown-lease']);
  });

  test('a draining node and a full buffer take nothing new, and start what is reserved', () => {
    const reserved = book(ready(), request(reserve())).ledger;
    expect(book(draining(reserved), request(startIt), request(both(), { lease: leaseId('1-11') })).answers).toEqual([
      'granted',
      'draining',
    ]);
    expect(admit(ready(), request(both()), { ...CONTEXT, isBufferFull: true }).answer).toMatchObject({ reason: 'buffer-full' });
  });

  test('a released id never comes back, whether it was known or not', () => {
    const unknown = finish(ready(), A);
    expect(book(unknown, request(reserve()), request(startIt)).answers).toEqual(['tombstone', 'tombstone']);
    const known = finish(book(ready(), request(both())).ledger, A);
    expect(book(known, request(both())).answers).toEqual(['granted']);
    expect(heldGrants(known)).toEqual([]);
  });

  test('the low-water mark forgets tombstones and refuses ids below it', () => {
    const over = finish(book(ready(), request(both())).ledger, A);
    const raised = raiseLowWater(over, leaseId('2-1'));
    expect(raised.held.size).toBe(0);
    expect([...raised.over]).toEqual([]);
    expect(book(raised, request(both())).answers).toEqual(['tombstone']);
  });

  test('a reservation that is not started expires, and its start is then refused', () => {
    const reserved = book(ready(), request(reserve())).ledger;
    expect(expire(reserved, 9_999).expired).toEqual([]);
    const { ledger, expired } = expire(reserved, 10_000);
    expect(expired).toEqual([A]);
    expect(book(ledger, request(startIt), request(reserve())).answers).toEqual(['tombstone', 'granted']);
  });

  test('a lease goes on from starting to ready to stopping, and never back', () => {
    const started = book(ready(), request(both())).ledger;
    const stopping = advance(advance(started, A, 'ready'), A, 'stopping');
    expect(heldLeases(advance(stopping, A, 'ready'))).toEqual([{ lease: A, state: 'stopping' }]);
  });
});

const grants = fc.record({
  cpuMilli: fc.integer({ min: 0, max: 5_000 }),
  memoryBytes: fc.integer({ min: 0, max: 1_200 }),
  gpus: fc.array(fc.record({ index: fc.integer({ min: 0, max: 2 }), milli: fc.constantFrom(250, 500, 1_000, 1_500) }), { maxLength: 3 }),
});
const ids: fc.Arbitrary<LeaseId> = fc
  .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 6 }))
  .map(([epoch, n]) => leaseId(`${epoch}-${n}`));
const actions: fc.Arbitrary<PlaceRequest['action']> = fc.oneof(
  grants.map((grant) => ({ kind: 'reserve' as const, grant })),
  fc.constant({ kind: 'start' as const, spec: SPEC }),
  grants.map((grant) => ({ kind: 'reserve-and-start' as const, grant, spec: SPEC })),
);
type Step =
  | { readonly do: 'place'; readonly request: PlaceRequest }
  | { readonly do: 'finish' | 'stop'; readonly lease: LeaseId }
  | { readonly do: 'wait'; readonly ms: number };
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('place' as const),
      request: fc
        .tuple(ids, actions, fc.integer({ min: 1, max: 2 }))
        .map(([lease, action, headEpoch]) => request(action, { lease, headEpoch })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'stop' as const), lease: ids }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 12_000 }) }) },
);

function take(ledger: Ledger, step: Step, now: number): Ledger {
  switch (step.do) {
    case 'place':
      return admit(expire(ledger, now).ledger, step.request, { ...CONTEXT, now }).ledger;
    case 'finish':
      return finish(ledger, step.lease);
    case 'stop':
      return advance(ledger, step.lease, 'stopping');
    case 'wait':
      return expire(ledger, now).ledger;
  }
}

function play(all: readonly Step[], each: (ledger: Ledger, step: Step, now: number) => void): Ledger {
  let ledger = ready();
  let now = 0;
  for (const step of all) {
    if (step.do === 'wait') now += step.ms;
    ledger = take(ledger, step, now);
    each(ledger, step, now);
  }
  return ledger;
}

describe('whatever comes, in whatever order', () => {
  test('held leases are never above the capacity, in CPU, memory and each device', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), (all) => {
        play(all, (ledger) => {
          const left = available(CAPACITY, heldGrants(ledger));
          expect(Math.min(left.cpuMilli, left.memoryBytes, ...left.gpus.map(({ milli }) => milli))).toBeGreaterThanOrEqual(0);
          expect(left.gpus).toHaveLength(2);
        });
      }),
    );
  });

  test('a step taken twice leaves the ledger as the first of them did', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 30 }), (all) => {
        play(all, (ledger, step, now) => expect(take(ledger, step, now)).toEqual(ledger));
      }),
    );
  });

  test('the first answer to a placement is the answer to every later one', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), (all) => {
        const first = new Map<string, unknown>();
        let before = ready();
        play(all, (ledger, step, now) => {
          if (step.do === 'place' && step.request.action.kind !== 'start') {
            const { answer } = admit(expire(before, now).ledger, step.request, { ...CONTEXT, now });
            const isRemembered = answer.kind === 'granted' || answer.reason !== 'stale-epoch';
            const key = `${step.request.lease} ${step.request.action.kind}`;
            if (isRemembered && step.request.action.kind === 'reserve') expect(first.get(key) ?? answer).toEqual(answer);
            if (isRemembered) first.set(key, first.get(key) ?? answer);
          }
          before = ledger;
        });
      }),
    );
  });

  test('an id that is over holds nothing again', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), (all) => {
        const over = new Set<LeaseId>();
        play(all, (ledger) => {
          for (const [lease] of ledger.over) over.add(lease);
          for (const lease of ledger.held.keys()) expect(over.has(lease)).toBe(false);
        });
      }),
    );
  });
});

/** Leases that come and go, and what they cost in processor time, in milliseconds. @param next books one more and lets it end */
function passing(leases: number, next: (ledger: Ledger, lease: LeaseId, n: number) => Ledger): { ledger: Ledger; cpuMs: number } {
  let ledger = book(ready(), request(both())).ledger;
  const before = process.cpuUsage();
  for (let n = 0; n < leases; n += 1) ledger = next(ledger, leaseId(`1-${100 + n}`), n);
  const { user, system } = process.cpuUsage(before);
  return { ledger, cpuMs: (user + system) / 1_000 };
}

/** In proportion it is ten times; a book that is copied, or looked through, with each lease costs a hundred times. */
const TEN_TIMES_AS_MANY = { few: 2_000, many: 20_000, atMost: 40, besidesMs: 50 };

test('20,000 leases beside one that lives on, and a mark that stands, cost in proportion to their number', () => {
  const { few, many, atMost, besidesMs } = TEN_TIMES_AS_MANY;
  let granted = 0;
  const next = (ledger: Ledger, lease: LeaseId, n: number): Ledger => {
    const admitted = admit(expire(ledger, n).ledger, request(both(), { lease }), CONTEXT);
    granted += admitted.answer.kind === 'granted' ? 1 : 0;
    return finish(advance(admitted.ledger, lease, 'ready'), lease);
  };
  const first = passing(few, next);
  granted = 0;
  const { ledger, cpuMs } = passing(many, next);
  expect(cpuMs).toBeLessThan(atMost * first.cpuMs + besidesMs);
  expect(granted).toBe(many);
  expect(heldLeases(ledger)).toEqual([{ lease: A, state: 'starting' }]);
  expect(book(ledger, request(reserve(), { lease: leaseId('1-100') })).answers).toEqual(['granted']);
});

test('a mark that rises with every lease costs no more', () => {
  const { few, many, atMost, besidesMs } = TEN_TIMES_AS_MANY;
  const next = (ledger: Ledger, lease: LeaseId): Ledger =>
    finish(admit(ledger, request(both(), { lease, lowWater: lease }), CONTEXT).ledger, lease);
  const first = passing(few, next);
  const { ledger, cpuMs } = passing(many, next);
  expect(cpuMs).toBeLessThan(atMost * first.cpuMs + besidesMs);
  expect([...ledger.over]).toHaveLength(1);
});
