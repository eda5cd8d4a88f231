import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { manualClock } from '@trainer/runtime/testing';
import { rejection } from '../testing/rejection.js';
import { ActorListener } from '../testing/rpc/actor-listener.js';
import type { ActorLocation } from './actor-search.js';
import { aliveAt, linkTo, type TestLink } from '../testing/test-link.js';

class Subject {
  n = 0;
  add(by = 1): number {
    return (this.n += by);
  }
  async *endless(): AsyncGenerator<number> {
    for (let i = 0; ; i += 1) yield i;
  }
}

let listener: ActorListener;

beforeEach(async () => {
  listener = await new ActorListener(new Subject()).start();
});

afterEach(() => listener.stop());

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}
/** Resolves when the listener has seen so many calls. */
async function arrived(count: number): Promise<void> {
  await until(() => listener.batches.reduce((sum, size) => sum + size, 0) >= count);
}

const CAUSE = { kind: 'signal', signal: 'SIGKILL' } as const;

/** The actor's process is gone; the head says so. @returns what makes it live again, in a new incarnation of its own token */
async function die(of: TestLink<Subject>): Promise<(instance: Subject) => Promise<ActorListener>> {
  of.locate = () => Promise.resolve({ at: 'moving', lastDeath: CAUSE, maxCallRetries: 2 });
  await listener.stop();
  return async (instance) => {
    listener = await new ActorListener(instance, 'token-of-the-next').start();
    of.locate = () => Promise.resolve(aliveAt(listener, { lastDeath: CAUSE, maxCallRetries: 2 }));
    return listener;
  };
}

test('calls that were sent fail as unknown with the cause; those that wait run in the next incarnation, in their order', async () => {
  const restarting = linkTo<Subject>(listener);
  await restarting.handle.call.add();
  listener.hold();
  const sent = rejection(restarting.handle.call.add());
  await arrived(2);
  await listener.stop();
  restarting.locate = () => Promise.resolve({ at: 'moving', lastDeath: CAUSE, maxCallRetries: 0 });
  const later = [restarting.handle.call.add(10), restarting.handle.call.add(20)];
  expect(await sent).toMatchObject({ code: 'actor.died', facts: { outcome: 'unknown', cause: CAUSE } });
  listener = await new ActorListener(new Subject(), 'token-of-the-next').start();
  restarting.locate = () => Promise.resolve(aliveAt(listener, { lastDeath: CAUSE }));
  expect(await Promise.all(later)).toEqual([10, 30]);
  restarting.link.close();
});

test('with maxCallRetries a call of unknown outcome is made again, ahead of those that were not sent', async () => {
  const retrying = linkTo<Subject>(listener, undefined, 2);
  await retrying.handle.call.add();
  listener.hold();
  const sent = [retrying.handle.call.add(1), retrying.handle.call.add(2)];
  await arrived(3);
  const revive = await die(retrying);
  const later = retrying.handle.call.add(3);
  await revive(new Subject());
  expect(await Promise.all([...sent, later])).toEqual([1, 3, 6]);
  retrying.link.close();
});

test('a call that was made again stays unknown when the actor ends for good, and when it is refused', async () => {
  const retrying = linkTo<Subject>(listener, undefined, 2);
  await retrying.handle.call.add();
  listener.hold();
  const sent = rejection(retrying.handle.call.add(1));
  await arrived(2);
  const revive = await die(retrying);
  const never = rejection(retrying.handle.call.add(2));
  await until(() => retrying.looks > 1);
  retrying.locate = () => Promise.resolve({ at: 'dead', cause: CAUSE });
  expect(await sent).toMatchObject({ code: 'actor.died', facts: { outcome: 'unknown' } });
  expect(await never).toMatchObject({ code: 'actor.died', facts: { outcome: 'not-run' } });
  await revive(new Subject());
});

test('a stream that had begun fails as unknown, even with maxCallRetries', async () => {
  const retrying = linkTo<Subject>(listener, undefined, 2);
  const items = retrying.handle.stream.endless();
  expect(await items.next()).toEqual({ done: false, value: 0 });
  await die(retrying);
  const failed = (async () => {
    for await (const item of items) void item;
  })();
  expect(await rejection(failed)).toMatchObject({ code: 'actor.died', facts: { outcome: 'unknown' } });
  retrying.link.close();
});

test('calls wait for an actor that restarts as long as the head says so, up to their own deadline', async () => {
  const clock = manualClock();
  const patient = linkTo<Subject>(listener, clock);
  await patient.handle.call.add();
  await listener.stop();
  patient.locate = () => Promise.resolve({ at: 'moving', lastDeath: CAUSE, maxCallRetries: 0 });
  const waiting = patient.handle.call.add();
  const limited = rejection(patient.handle.with({ timeoutMs: 60_000 }).call.add());
  for (let i = 0; i < 120; i += 1) await clock.advanceAsync(1_000);
  expect(await limited).toMatchObject({ code: 'call.timeout', facts: { outcome: 'not-run' } });
  listener = await new ActorListener(new Subject(), 'token-of-the-next').start();
  patient.locate = () => Promise.resolve(aliveAt(listener));
  let answer: number | null = null;
  void waiting.then((value) => (answer = value));
  while (answer === null) await clock.advanceAsync(50);
  expect(answer).toBe(1);
  patient.link.close();
});

test('an incarnation that is silent, since its machine is cut off, is left when the head says that another one lives', async () => {
  const clock = manualClock();
  const far = linkTo<Subject>(listener, clock);
  await far.handle.call.add();
  const silent = listener;
  silent.hold();
  const sent = rejection(far.handle.call.add());
  await arrived(2);
  const next = await new ActorListener(new Subject(), 'token-of-the-next').start();
  far.locate = () => Promise.resolve(aliveAt(next, { lastDeath: { kind: 'node-lost', node: 'node-1' } }));
  let error: unknown = null;
  void sent.then((reason) => (error = reason));
  while (error === null) await clock.advanceAsync(50);
  expect(error).toMatchObject({ code: 'actor.died', facts: { outcome: 'unknown', cause: { kind: 'node-lost' } } });
  expect(await far.handle.call.add(5)).toBe(5);
  far.link.close();
  await next.stop();
});

test('of a silent incarnation the head is asked one question at a time, however many calls are made meanwhile', async () => {
  const clock = manualClock();
  const slow = linkTo<Subject>(listener, clock);
  await slow.handle.call.add();
  const release = listener.hold();
  let answer: (found: ActorLocation) => void = () => undefined;
  slow.locate = () => new Promise((resolve) => (answer = resolve));
  const calls = [slow.handle.call.add()];
  await arrived(2);
  for (let second = 0; second < 5; second += 1) {
    await clock.advanceAsync(1_000);
    calls.push(slow.handle.call.add());
    await arrived(calls.length + 1);
  }
  expect(slow.looks).toBe(1);
  answer(aliveAt(listener));
  while (slow.looks < 2) await clock.advanceAsync(50);
  release();
  expect(await Promise.all(calls)).toEqual([2, 3, 4, 5, 6, 7]);
  slow.link.close();
});

test('an incarnation that is silent and lives is waited for', async () => {
  const clock = manualClock();
  const slow = linkTo<Subject>(listener, clock);
  await slow.handle.call.add();
  const release = listener.hold();
  const call = slow.handle.call.add();
  await arrived(2);
  for (let i = 0; i < 100; i += 1) await clock.advanceAsync(1_000);
  expect(slow.looks).toBeGreaterThan(50);
  release();
  expect(await call).toBe(2);
  slow.link.close();
});
