import { expect, test } from '@jest/globals';
import { actorId, sessionId } from '@trainer/model';
import type { Actor } from '@trainer/model';
import { deferred, silentLogger } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { ClusterLoop } from '../loop/cluster-loop.js';
import { ClusterState } from '../loop/cluster-state.js';
import { scaledTimers } from '../loop/settings.js';
import type { Change, ClusterStore, StoredState } from '../store/cluster-store.js';
import { Sessions } from './sessions.js';

const SESSION = sessionId('session-0000000000000001');
const OTHER = sessionId('session-0000000000000002');
const ACTOR = actorId('actor-0000000000000001');
const GRACE_MS = 30_000;

/** One that waits to be started again; of all a session's actors the one that is easiest to forget. */
const restarting = {
  spec: { id: ACTOR, session: SESSION },
  state: { at: 'pending', since: 0, reason: null },
  restarts: 1,
  lastDeath: { kind: 'exited', code: 1 },
  hasRun: true,
  quickRestarts: 1,
} as Actor;
const STORED: StoredState = { nodes: [], sessions: [{ id: SESSION, state: 'open', since: 0 }], actors: [restarting], leases: [], jobs: [] };

/** A loop whose database commits when it is told to. */
async function open() {
  const clock = manualClock(0);
  const written: Change[] = [];
  let answer = Promise.resolve();
  const store = {
    load: () => Promise.resolve(STORED),
    commit: async (change: Change) => {
      await answer;
      written.push(change);
    },
  } as Partial<ClusterStore> as ClusterStore;
  const raise = (): Promise<boolean> => Promise.resolve(true);
  const onFenced = (): void => undefined;
  const loop = new ClusterLoop({ state: new ClusterState(1), store, clock, random: () => 0.5, logger: silentLogger, raise, onFenced });
  const sessions = new Sessions({ loop, timers: scaledTimers((ms) => ms), clock, wasEnded: () => Promise.resolve(false) });
  loop.listen(sessions);
  await loop.start();
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 20; round += 1) await Promise.resolve();
  };
  /** In steps, as a loop that runs. */
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 1_000) {
      clock.advance(1_000);
      await settle();
    }
  };
  const hold = (): (() => void) => {
    const gate = deferred<void>();
    answer = gate.promise;
    return () => gate.resolve();
  };
  const ended = (): string[] => written.flatMap(({ actors = [] }) => actors).map(({ state }) => state.at);
  return { sessions, pass, hold, settle, ended };
}

test('a session that nobody takes up within its grace ends, and with it an actor that waits to be started again', async () => {
  const { pass, ended } = await open();
  await pass(GRACE_MS - 1_000);
  expect(ended()).toEqual([]);
  await pass(2_000);
  expect(ended()).toEqual(['dead']);
});

test('contact within the grace keeps the session, though it is stored after the grace', async () => {
  const { sessions, pass, hold, settle, ended } = await open();
  await pass(GRACE_MS - 1_000);
  const release = hold();
  const attached = Promise.all([sessions.attach(OTHER), sessions.attach(SESSION)]);
  await pass(5_000);
  release();
  await attached;
  await settle();
  expect(ended()).toEqual([]);
});

test('the grace begins with the last stream that goes', async () => {
  const { sessions, pass, ended } = await open();
  await sessions.attach(SESSION);
  await sessions.attach(SESSION);
  sessions.detach(SESSION);
  await pass(2 * GRACE_MS);
  expect(ended()).toEqual([]);
  sessions.detach(SESSION);
  await pass(GRACE_MS - 1_000);
  expect(ended()).toEqual([]);
  await pass(2_000);
  expect(ended()).toEqual(['dead']);
});

test('after a suspension the grace begins anew', async () => {
  const { sessions, pass, ended } = await open();
  await pass(GRACE_MS - 1_000);
  sessions.suspended();
  await pass(2 * GRACE_MS);
  sessions.resumed();
  await pass(GRACE_MS - 1_000);
  expect(ended()).toEqual([]);
  await pass(2_000);
  expect(ended()).toEqual(['dead']);
});
