import { beforeEach, expect, test } from '@jest/globals';
import { sessionId } from '@trainer/model';
import { deferred, silentLogger } from '@trainer/runtime';
import type { Deferred } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import type { ManualClock } from '@trainer/runtime/testing';
import { ClusterLoop } from '../loop/cluster-loop.js';
import { ClusterState } from '../loop/cluster-state.js';
import { scaledTimers } from '../loop/settings.js';
import type { Change, ClusterStore, StoredSession, StoredState } from '../store/cluster-store.js';
import { StoreUnavailableError } from '../store/errors.js';
import { Sessions } from './sessions.js';

const SESSION = sessionId('session-0000000000000001');
const TIMERS = scaledTimers((ms) => ms);

let clock: ManualClock;
let stored: Map<string, StoredSession>;
let sessions: Sessions;
let loop: ClusterLoop;
/** Until then the database is away. */
let outage: Deferred<void> | null;

beforeEach(async () => {
  clock = manualClock();
  [stored, outage] = [new Map(), null];
  const store = {
    load: async (): Promise<StoredState> => ({
      nodes: [],
      sessions: [...stored.values()].filter(({ state }) => state === 'open'),
      actors: [],
      leases: [],
      jobs: [],
    }),
    commit: async (change: Change) => change.sessions?.forEach((session) => void stored.set(session.id, session)),
  } as Partial<ClusterStore> as ClusterStore;
  const raise = async (): Promise<boolean> => {
    await outage?.promise;
    return true;
  };
  const state = new ClusterState(1);
  loop = new ClusterLoop({ clock, logger: silentLogger, state, store, random: () => 0, raise, onFenced: () => undefined });
  sessions = new Sessions({ loop, timers: TIMERS, clock, wasEnded: async (id) => stored.get(id)?.state === 'ended' });
  loop.listen(sessions);
  await loop.start();
});

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(1_000, left));
    await settle();
  }
}
const state = (): string | undefined => stored.get(SESSION)?.state;

test('a session ends when its client was away for longer than the grace, and is then refused', async () => {
  await sessions.attach(SESSION);
  sessions.detach(SESSION);
  await pass(TIMERS.sessionGraceMs - 1_000);
  expect(state()).toBe('open');
  await pass(2_000);
  expect(state()).toBe('ended');
  await expect(sessions.attach(SESSION)).rejects.toMatchObject({ code: 'session.ended' });
});

test('a client that comes back within the grace keeps its session', async () => {
  await sessions.attach(SESSION);
  sessions.detach(SESSION);
  await pass(TIMERS.sessionGraceMs - 1_000);
  await sessions.attach(SESSION);
  await pass(2 * TIMERS.sessionGraceMs);
  expect(state()).toBe('open');
});

test('a stream that overlaps with its successor leaves the session attached', async () => {
  await sessions.attach(SESSION);
  await sessions.attach(SESSION);
  sessions.detach(SESSION);
  await pass(2 * TIMERS.sessionGraceMs);
  expect(state()).toBe('open');
});

test('an outage costs no grace: who lost its stream before or in it has the whole of it afterwards', async () => {
  await sessions.attach(SESSION);
  outage = deferred<void>();
  loop.suspend(new StoreUnavailableError('away'));
  sessions.detach(SESSION);
  await expect(sessions.attach(SESSION)).rejects.toMatchObject({ code: 'cluster.unavailable' });
  await pass(3 * TIMERS.sessionGraceMs);
  outage.resolve();
  await pass(TIMERS.sessionGraceMs - 1_000);
  expect(state()).toBe('open');
  await sessions.attach(SESSION);
  await pass(2 * TIMERS.sessionGraceMs);
  expect(state()).toBe('open');
});

test('a stream that outlives an outage keeps its session without a word', async () => {
  await sessions.attach(SESSION);
  loop.suspend(new StoreUnavailableError('away'));
  await pass(3 * TIMERS.sessionGraceMs);
  expect(state()).toBe('open');
});
