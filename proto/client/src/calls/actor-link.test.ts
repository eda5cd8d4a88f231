import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manualClock } from '@trainer/runtime/testing';
import fc from 'fast-check';
import { ActorDiedError, CallCancelledError, CallTimeoutError, ClusterUnavailableError, RemoteError } from '../errors.js';
import { rejection } from '../testing/rejection.js';
import { ActorListener } from '../testing/rpc/actor-listener.js';
import { linkTo, type TestLink } from '../testing/test-link.js';

class Subject {
  n = 0;
  add(by = 1): number {
    return (this.n += by);
  }
  echo(value: unknown): unknown {
    return value;
  }
  nothing(): void {}
  async later(value: number, turns: number): Promise<number> {
    for (let i = 0; i < turns; i += 1) await new Promise(setImmediate);
    return value;
  }
  fail(): never {
    throw Object.assign(new RangeError('too far'), { limit: 7 });
  }
}

let listener: ActorListener;
let subject: TestLink<Subject>;

beforeEach(async () => {
  listener = await new ActorListener(new Subject()).start();
  subject = linkTo<Subject>(listener);
});

afterEach(async () => {
  subject.link.close();
  await listener.stop();
});

/** Resolves when the listener has seen so many calls. */
async function arrived(count: number): Promise<void> {
  while (listener.batches.reduce((sum, size) => sum + size, 0) < count) await new Promise(setImmediate);
}

describe('answers', () => {
  test('a call resolves with what the method returned', async () => {
    expect(await subject.handle.call.add(5)).toBe(5);
  });

  test('values keep their types both ways', async () => {
    const value = {
      date: new Date(5),
      bytes: new Uint8Array([1, 2]),
      map: new Map([[1, { a: null }]]),
      big: 2n ** 70n,
      set: new Set(['x']),
    };
    expect(await subject.handle.call.echo(value)).toEqual(value);
  });

  test('a method that returns nothing resolves with undefined', async () => {
    expect(await subject.handle.call.nothing()).toBeUndefined();
  });

  test('what a method throws arrives with its name, message, stack and fields', async () => {
    const error = (await rejection(subject.handle.call.fail())) as RemoteError;
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.facts).toMatchObject({ name: 'RangeError', message: 'too far', fields: { limit: 7 } });
    expect(error.facts.stack).toContain('fail');
  });

  test('an argument that cannot travel rejects with its path, and nothing is sent', async () => {
    const error = await rejection(subject.handle.call.echo({ socket: () => 1 }));
    expect(error).toMatchObject({ code: 'value.not-transferable', facts: { path: 'args[0].socket' } });
    expect(listener.ran).toEqual([]);
  });

  test('a method that does not exist rejects with the code of the actor', async () => {
    const call = subject.handle.call as unknown as { nosuch(): Promise<void> };
    expect(await rejection(call.nosuch())).toMatchObject({ code: 'call.threw' });
  });

  test('a handle can be awaited without becoming a call', async () => {
    expect(await Promise.resolve(subject.handle.call)).toBe(subject.handle.call);
  });
});

describe('batches and order', () => {
  test('all calls of one turn travel in one batch', async () => {
    await subject.handle.call.add();
    listener.batches.length = 0;
    await Promise.all(Array.from({ length: 500 }, () => subject.handle.call.add()));
    expect(listener.batches).toEqual([500]);
  });

  test('calls made by continuations of one turn travel together', async () => {
    await subject.handle.call.add();
    listener.batches.length = 0;
    const late = async (): Promise<number> => {
      await Promise.resolve();
      await Promise.resolve();
      return subject.handle.call.add();
    };
    await Promise.all([subject.handle.call.add(), late(), late()]);
    expect(listener.batches).toEqual([3]);
  });

  test('calls run in the order in which they were made, whatever turns they come from, and each answer meets its call', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ turns: fc.nat(3), pause: fc.boolean() }), { maxLength: 60 }), async (plan) => {
        listener.ran.length = 0;
        const calls: Promise<number>[] = [];
        for (const [index, { turns, pause }] of plan.entries()) {
          calls.push(subject.handle.call.later(index, turns));
          if (pause) await new Promise(setImmediate);
        }
        expect(await Promise.all(calls)).toEqual(plan.map((_, index) => index));
        expect(listener.ran.map(({ args }) => args[0])).toEqual(plan.map((_, index) => index));
      }),
      { numRuns: 20 },
    );
  });

  test('at most 10,000 calls are unanswered; more wait, and none is dropped', async () => {
    const release = listener.hold();
    const calls = Array.from({ length: 12_000 }, (_, index) => subject.handle.call.echo(index));
    await arrived(10_000);
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    expect(listener.batches.reduce((sum, size) => sum + size, 0)).toBe(10_000);
    release();
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 12_000 }, (_, index) => index));
  });

  test('at most 64 MiB of arguments are unanswered', async () => {
    const release = listener.hold();
    const big = new Uint8Array(24 * 2 ** 20);
    const calls = Array.from({ length: 4 }, () => subject.handle.call.echo(big));
    await arrived(2);
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    expect(listener.batches.reduce((sum, size) => sum + size, 0)).toBe(2);
    release();
    await Promise.all(calls);
  });
});

describe('broken links', () => {
  test('a link that breaks is taken up again, and every call runs once', async () => {
    await subject.handle.call.add();
    const release = listener.hold();
    const calls = Array.from({ length: 2_500 }, () => subject.handle.call.add());
    await arrived(2_501);
    await listener.cutLinks();
    calls.push(subject.handle.call.add());
    release();
    const answers = await Promise.all(calls);
    expect(answers).toEqual(Array.from({ length: 2_501 }, (_, index) => index + 2));
  });

  test('calls that were sent when the actor died have an unknown outcome and its cause; later ones were not run', async () => {
    await subject.handle.call.add();
    listener.hold();
    const sent = rejection(subject.handle.call.add());
    await arrived(2);
    subject.locate = () => Promise.resolve({ at: 'dead', cause: { kind: 'signal', signal: 'SIGSEGV' } });
    await listener.stop();
    const error = (await sent) as ActorDiedError;
    expect(error).toBeInstanceOf(ActorDiedError);
    expect(error.facts).toMatchObject({ outcome: 'unknown', cause: { kind: 'signal', signal: 'SIGSEGV' } });
    expect(await rejection(subject.handle.call.add())).toMatchObject({
      code: 'actor.died',
      facts: { outcome: 'not-run' },
      retry: 'elsewhere',
    });
  });

  test('while the head has no word of it either, calls wait, and reach an actor that comes back', async () => {
    await subject.handle.call.add();
    await listener.stop();
    let looks = 0;
    subject.locate = () => {
      looks += 1;
      return Promise.reject(new ClusterUnavailableError(['127.0.0.1:1'], 0, 'No head answers'));
    };
    const call = subject.handle.call.add(10);
    while (looks < 2) await new Promise(setImmediate);
    await listener.restartListening();
    expect(await call).toBe(11);
  });

  test('an actor that cannot be reached for 30 s fails its calls, and can be tried again', async () => {
    const clock = manualClock();
    const far = linkTo<Subject>(listener, clock);
    await listener.stop();
    far.locate = () => Promise.reject(new Error('no head'));
    const failed = rejection(far.handle.call.add());
    let error: unknown = null;
    void failed.then((reason) => (error = reason));
    while (error === null) await clock.advanceAsync(50);
    expect(error).toMatchObject({ code: 'cluster.unavailable', facts: { addresses: [listener.address], since: 0, outcome: 'not-run' } });
    far.link.close();
  });

  test('a token that is refused since the port is another actor by now means that the actor is dead', async () => {
    const stale = linkTo<Subject>(listener);
    listener.refusal = { code: 'auth.refused', message: 'not my token', facts: {}, retry: 'elsewhere' };
    stale.locate = () => Promise.resolve({ at: 'dead', cause: { kind: 'exited', code: 1 } });
    expect(await rejection(stale.handle.call.add())).toMatchObject({ code: 'actor.died', facts: { outcome: 'not-run' } });
  });

  test('a token that stays refused is an error of its own', async () => {
    listener.refusal = { code: 'auth.refused', message: 'not my token', facts: {}, retry: 'elsewhere' };
    expect(await rejection(subject.handle.call.add())).toMatchObject({ code: 'auth.refused' });
  });

  test('an actor that refuses the caller says why', async () => {
    listener.refusal = { code: 'protocol.version', message: 'Install 2.0.', facts: { install: '2.0' }, retry: 'never' };
    expect(await rejection(subject.handle.call.add())).toMatchObject({ name: 'VersionError', message: 'Install 2.0.' });
  });

  test('closing the link cancels what is pending', async () => {
    await subject.handle.call.add();
    listener.hold();
    const call = rejection(subject.handle.call.add());
    await arrived(2);
    subject.link.close();
    expect(await call).toMatchObject({ code: 'call.cancelled', facts: { outcome: 'unknown' } });
    expect(await rejection(subject.handle.call.add())).toMatchObject({ code: 'call.cancelled', facts: { outcome: 'not-run' } });
  });
});

describe('deadlines and signals', () => {
  test('a call that is not answered in time rejects, and the actor is told', async () => {
    await subject.handle.call.add();
    const clock = manualClock();
    const timed = linkTo<Subject>(listener, clock);
    const release = listener.hold();
    const call = rejection(timed.handle.with({ timeoutMs: 500 }).call.add());
    await arrived(2);
    let isOver = false;
    void call.then(() => (isOver = true));
    await clock.advanceAsync(499);
    expect(isOver).toBe(false);
    clock.advance(1);
    const error = (await call) as CallTimeoutError;
    expect(error).toBeInstanceOf(CallTimeoutError);
    expect(error.facts).toEqual({ method: 'add', timeoutMs: 500, outcome: 'unknown' });
    while (listener.cancelled.length === 0) await new Promise(setImmediate);
    release();
    timed.link.close();
  });

  test('a call that never left is known not to have run, and never runs', async () => {
    const clock = manualClock();
    const timed = linkTo<Subject>(listener, clock);
    const call = rejection(timed.handle.with({ timeoutMs: 500 }).call.add(100));
    clock.advance(500);
    expect(await call).toMatchObject({ code: 'call.timeout', facts: { outcome: 'not-run' }, retry: 'same' });
    await timed.handle.call.add();
    expect(listener.ran).toEqual([{ method: 'add', args: [] }]);
    timed.link.close();
  });

  test('an answer in time leaves no timer', async () => {
    const clock = manualClock();
    const timed = linkTo<Subject>(listener, clock);
    await timed.handle.with({ timeoutMs: 500 }).call.add();
    timed.link.close();
    expect(clock.pending).toBe(0);
  });

  test('a signal cancels all its pending calls through one listener', async () => {
    await subject.handle.call.add();
    listener.hold();
    const controller = new AbortController();
    const bound = subject.handle.with({ signal: controller.signal });
    const calls = Array.from({ length: 20 }, () => rejection(bound.call.add()));
    await arrived(21);
    controller.abort();
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'call.cancelled', facts: { outcome: 'unknown' } });
  });

  test('a signal given to many handles, calls and streams has one listener, which holds nothing of what is over', async () => {
    listener.hold();
    const controller = new AbortController();
    const listeners = () => getEventListeners(controller.signal, 'abort').length;
    const given = () => subject.handle.with({ signal: controller.signal });
    const calls = Array.from({ length: 20 }, () => rejection(given().call.add()));
    await arrived(20);
    expect(listeners()).toBe(1);
    controller.abort();
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'call.cancelled' });
    expect(listeners()).toBe(0);
  });

  test('a call under a signal that has fired is not made', async () => {
    const bound = subject.handle.with({ signal: AbortSignal.abort() });
    const error = await rejection(bound.call.add());
    expect(error).toBeInstanceOf(CallCancelledError);
    expect(error).toMatchObject({ facts: { outcome: 'not-run' } });
  });
});
