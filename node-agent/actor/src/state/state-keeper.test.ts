import { describe, expect, test } from '@jest/globals';
import { PROTOCOL, type SavedState } from '@trainer/model';
import { deferred, type Deferred } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { decodeValue, encodeValue } from '@trainer/wire';
import fc from 'fast-check';
import type { CallAnswer } from '../calls/answer.js';
import { CallRunner } from '../calls/call-runner.js';
import { Callers } from '../calls/callers.js';
import { MethodTable } from '../calls/method-table.js';
import { StateKeeper, type StateRules } from './state-keeper.js';

const NO_HANDLES = { toData: () => null, fromData: () => null };

class Counter {
  n = 0;
  /** What checkpoint() does, beside giving the state. */
  onCheckpoint: () => unknown = () => this.n;
  readonly taken: { n: number; isBusy: boolean }[] = [];
  isBusy = false;
  #release: (() => void)[] = [];
  add(): number {
    return (this.n += 1);
  }
  async slowly(): Promise<number> {
    this.isBusy = true;
    await new Promise<void>((resolve) => this.#release.push(resolve));
    this.isBusy = false;
    return (this.n += 1);
  }
  release(): void {
    for (const resolve of this.#release.splice(0)) resolve();
  }
  fail(): never {
    this.n += 1;
    throw new RangeError('after it counted');
  }
  *numbers(): Generator<number> {
    yield this.add();
  }
  checkpoint(): unknown {
    this.taken.push({ n: this.n, isBusy: this.isBusy });
    return this.onCheckpoint();
  }
  restore(): void {}
}

function world(changes: Partial<StateRules> = {}) {
  const clock = manualClock();
  const counter = new Counter();
  const answers: CallAnswer[] = [];
  const reports: { readonly n: unknown; readonly done: Deferred<void> }[] = [];
  const lines: string[] = [];
  const rules = { className: 'Counter', every: 100, isSerial: true, handles: NO_HANDLES, ...changes } as const;
  const keeper: StateKeeper = new StateKeeper(counter, rules, {
    clock,
    save: (bytes) => Promise.resolve({ kind: 'inline', bytes }),
    report: (state: SavedState) => {
      const done = deferred<void>();
      reports.push({ n: state.kind === 'inline' ? decodeValue(state.bytes) : null, done });
      return done.promise;
    },
    isBusy: () => runner.isBusy,
    pause: (until) => runner.pause(until),
    log: (line) => void lines.push(line),
  });
  const runner = new CallRunner(
    { className: 'Counter', instance: counter, methods: new MethodTable(counter), handles: NO_HANDLES, keeper },
    rules.isSerial ? 1 : 10,
    { monotonicMs: () => clock.monotonicMs(), later: (run) => void setImmediate(run) },
  );
  const callers = new Callers('token', { clock, answersKeptMs: 30_000, submit: (call) => runner.submit(call) });
  const link = { send: (answer: CallAnswer) => void answers.push(answer), close: () => undefined };
  const caller = callers.welcome({ caller: 'c', token: 'token', protocol: PROTOCOL, written: 0 }, link);
  let number = 0;
  const call = async (method: string, windowBytes = 0): Promise<void> => {
    number += 1;
    caller.receive({ calls: [{ number, method, args: encodeValue([]), timeoutMs: 0, windowBytes }], cancels: [], credits: [] });
    await turn();
  };
  return { clock, counter, answers, reports, lines, keeper, runner, call };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a state that may be some milliseconds old', () => {
  test('is taken after the first call, and then not before its time', async () => {
    const { clock, counter, reports, call } = world();
    await call('add');
    expect(reports.map(({ n }) => n)).toEqual([1]);
    reports[0]?.done.resolve();
    await turn();
    await call('add');
    await call('add');
    await clock.advanceAsync(99);
    expect(counter.taken).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(reports.map(({ n }) => n)).toEqual([1, 3]);
  });

  test('is not taken again when no call was answered since', async () => {
    const { clock, reports, call } = world();
    await call('add');
    reports[0]?.done.resolve();
    await clock.advanceAsync(10_000);
    expect(reports).toHaveLength(1);
  });

  test('is the newest when the one before is stored: one is on its way at a time', async () => {
    const { clock, reports, call } = world();
    await call('add');
    for (let i = 0; i < 5; i += 1) {
      await call('add');
      await clock.advanceAsync(100);
    }
    expect(reports.map(({ n }) => n)).toEqual([1]);
    reports[0]?.done.resolve();
    await turn();
    await turn();
    expect(reports.map(({ n }) => n)).toEqual([1, 6]);
  });

  test('waits for the end of a call that runs', async () => {
    const { clock, counter, reports, call } = world();
    await call('add');
    reports[0]?.done.resolve();
    await turn();
    await call('add');
    await call('slowly');
    await clock.advanceAsync(200);
    expect(reports).toHaveLength(1);
    counter.release();
    await turn();
    expect(reports.map(({ n }) => n)).toEqual([1, 3]);
    expect(counter.taken.some(({ isBusy }) => isBusy)).toBe(false);
  });

  test('of an async checkpoint holds the next call back until it is taken', async () => {
    const { counter, answers, reports, call } = world();
    const gate = deferred<number>();
    counter.onCheckpoint = () => gate.promise;
    await call('add');
    await call('add');
    expect(answers).toHaveLength(1);
    gate.resolve(1);
    await turn();
    await turn();
    expect(answers).toHaveLength(2);
    expect(reports.map(({ n }) => n)).toEqual([1]);
  });

  test('that cannot be taken is told in the log, and the next call asks for another', async () => {
    const { clock, counter, lines, reports, call } = world();
    counter.onCheckpoint = () => {
      throw new RangeError('not now');
    };
    await call('add');
    expect(lines).toEqual([expect.stringContaining('RangeError: not now')]);
    counter.onCheckpoint = () => counter.n;
    await call('add');
    await clock.advanceAsync(100);
    expect(reports.map(({ n }) => n)).toEqual([2]);
  });

  test('is taken a last time before the process ends, after the call that runs', async () => {
    const { counter, keeper, runner, reports, call } = world();
    await call('add');
    await call('slowly');
    await call('add');
    let isOver = false;
    const finish = (async () => {
      await runner.close();
      await keeper.last();
      isOver = true;
    })();
    reports[0]?.done.resolve();
    counter.release();
    await turn();
    await turn();
    expect([reports.map(({ n }) => n), isOver]).toEqual([[1, 2], false]);
    reports[1]?.done.resolve();
    await finish;
  });
});

describe("with 'call'", () => {
  test('an answer goes out when its state is stored, and the next call begins then', async () => {
    const { counter, answers, reports, call } = world({ every: 'call' });
    await call('add');
    await call('fail');
    expect([answers.length, counter.n, reports.map(({ n }) => n)]).toEqual([0, 1, [1]]);
    reports[0]?.done.resolve();
    await turn();
    expect([answers.length, reports.map(({ n }) => n)]).toEqual([1, [1, 2]]);
    reports[1]?.done.resolve();
    await turn();
    expect(answers.map(({ body }) => body.kind)).toEqual(['value', 'threw']);
  });

  test('a state that is refused lets nothing out any more', async () => {
    const { counter, answers, reports, call } = world({ every: 'call' });
    await call('add');
    await call('add');
    reports[0]?.done.reject(new Error('refused'));
    await turn();
    await turn();
    expect([answers, counter.n]).toEqual([[], 1]);
  });

  test('a state above 64 KiB, and one that cannot be taken, fail the call that ran', async () => {
    const { counter, answers, call } = world({ every: 'call' });
    counter.onCheckpoint = () => 'x'.repeat(70_000);
    await call('add');
    counter.onCheckpoint = () => Promise.reject(new RangeError('not now'));
    await call('add');
    expect(answers.map(({ body }) => body)).toMatchObject([
      { kind: 'failed', error: { code: 'checkpoint.failed', message: expect.stringContaining('65536'), facts: { outcome: 'unknown' } } },
      { kind: 'failed', error: { code: 'checkpoint.failed', message: expect.stringContaining('not now'), facts: { outcome: 'unknown' } } },
    ]);
  });

  test('a stream is refused and not begun', async () => {
    const { counter, answers, call } = world({ every: 'call' });
    await call('numbers', 1_000);
    expect(answers[0]?.body).toMatchObject({ kind: 'failed', error: { code: 'call.no-method', facts: { outcome: 'not-run' } } });
    expect(counter.n).toBe(0);
  });

  test('whatever comes when, the state stored last holds every call that was answered (invariant 11)', async () => {
    const step = fc.constantFrom('add', 'fail', 'slowly', 'release', 'stored', 'stored', 'turn');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { counter, answers, reports, call } = world({ every: 'call' });
        let stored = 0;
        for (const name of steps) {
          if (name === 'release') counter.release();
          else if (name === 'turn') await turn();
          else if (name === 'stored') {
            const next = reports.find(({ done }) => !done.isSettled);
            if (next !== undefined) stored = next.n as number;
            next?.done.resolve();
            await turn();
          } else await call(name);
          expect(stored).toBeGreaterThanOrEqual(answers.length);
          expect(counter.taken.some(({ isBusy }) => isBusy)).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** What a checkpoint may do that bites whoever reads it. */
const BITES: readonly (readonly [string, () => unknown])[] = [
  ['gives a revoked proxy', () => revoked()],
  [
    'throws a revoked proxy',
    () => {
      throw revoked();
    },
  ],
  [
    'throws null',
    () => {
      throw null;
    },
  ],
  [
    'gives a getter that throws',
    () => ({
      get rows() {
        throw new Error('closed');
      },
    }),
  ],
  ['gives half of a surrogate pair', () => ({ text: '\ud800' })],
  ['gives a promise of a revoked proxy', async () => revoked()],
  [
    'gives a thenable that throws',
    () => ({
      then: () => {
        throw revoked();
      },
    }),
  ],
];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe.each(BITES)('a checkpoint that %s', (_, bite) => {
  test('is told to the log, and the next one is stored', async () => {
    const { clock, counter, reports, lines, call } = world();
    counter.onCheckpoint = bite;
    await call('add');
    await turn();
    expect(lines).toEqual([expect.stringContaining('was not stored')]);
    counter.onCheckpoint = () => counter.n;
    clock.advance(100);
    await call('add');
    await turn();
    expect(reports.map(({ n }) => n)).toEqual([2]);
  });

  test('fails a call that was to be stored, and the actor goes on', async () => {
    const { counter, answers, reports, call } = world({ every: 'call' });
    counter.onCheckpoint = bite;
    await call('add');
    await turn();
    expect(answers[0]?.body).toMatchObject({ kind: 'failed' });
    counter.onCheckpoint = () => counter.n;
    await call('add');
    reports[0]?.done.resolve();
    await turn();
    expect(answers[1]?.body).toMatchObject({ kind: 'value' });
  });
});
