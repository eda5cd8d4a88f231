import { beforeEach, expect, test } from '@jest/globals';
import { actorId, leaseId, nodeId } from '@trainer/model';
import { createLogger } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import type { ManualClock } from '@trainer/runtime/testing';
import type { ObjectStore } from '@trainer/storage';
import { memoryStore as memoryObjects } from '@trainer/storage/testing';
import { logObjectKey } from '@trainer/wire';
import { ClusterLoop } from '../loop/cluster-loop.js';
import { ClusterState } from '../loop/cluster-state.js';
import { aLease, anActor, aNode } from '../store/stored-rows.fixture.js';
import type { ClusterStore, Forgettable } from '../store/cluster-store.js';
import { emptyRows, memoryStore } from '../store/memory-store.js';
import type { MemoryRows } from '../store/memory-store.js';
import { Retention } from './retention.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEEP = { endedMs: 7 * DAY, metricsMs: 90 * DAY, logsMs: 14 * DAY };
const BUCKETS = { logs: 'trainer-logs', bundles: 'trainer-bundles' };

let clock: ManualClock;
let rows: MemoryRows;
let objects: ObjectStore;
let store: ClusterStore;
let loop: ClusterLoop;
let logged: string[];
let retention: Retention;
let isLeading: boolean;

beforeEach(async () => {
  [clock, rows, logged, isLeading] = [manualClock(), emptyRows(), [], true];
  objects = memoryObjects(() => clock.wallMs());
  store = memoryStore(rows, () => isLeading);
  const logger = createLogger({ clock, level: 'warn', format: 'text', write: (line) => logged.push(line) });
  const raise = async (): Promise<boolean> => true;
  loop = new ClusterLoop({ state: new ClusterState(1), store, clock, random: () => 0, logger, raise, onFenced: () => undefined });
  retention = new Retention({ loop, store, objects, buckets: BUCKETS, keep: KEEP, clock, logger });
});

/** Lets rounds run, with their pauses. */
async function pass(ms: number): Promise<void> {
  const end = clock.monotonicMs() + ms;
  while (clock.monotonicMs() < end) await clock.advanceAsync(Math.min(HOUR, end - clock.monotonicMs()));
  for (let n = 0; n < 200; n += 1) await clock.advanceAsync(50);
}

const keysIn = async (bucket: string): Promise<string[]> =>
  (await objects.list(bucket, { prefix: '', after: '', limit: 100 })).map(({ key }) => key);

test('a lost node is forgotten in memory and in the store, one that holds a lease or is not lost is not, and none before its time', async () => {
  const node = (n: number, state: 'lost' | 'silent') => ({
    ...aNode(),
    entry: { ...aNode().entry, id: nodeId(`node-00000000000${n}`), state, since: clock.wallMs() },
  });
  const lease = { ...aLease(), node: nodeId('node-000000000002'), state: 'stopping' as const };
  await store.commit({
    nodes: [node(1, 'lost'), node(2, 'lost'), node(3, 'silent')],
    leases: [lease],
    newActors: [{ actor: anActor('actor-0000000000000001'), createdAt: 1 }],
  });
  await loop.start();
  retention.start();
  await pass(7 * DAY - HOUR);
  expect([rows.nodes.size, [...loop.state.nodes.decided()].length]).toEqual([3, 3]);
  await pass(2 * HOUR);
  expect([...rows.nodes.keys()]).toEqual(['node-000000000002', 'node-000000000003']);
  expect([...loop.state.nodes.decided()].map(({ entry }) => entry.id)).toEqual([...rows.nodes.keys()]);
  retention.close();
});

test('many rows go in batches, and what is younger stays', async () => {
  await loop.start();
  const sessions = Array.from({ length: 2_000 }, (_, n) => ({
    id: `session-${n}` as never,
    state: 'ended' as const,
    since: clock.wallMs() - 8 * DAY,
  }));
  await store.commit({ sessions: [...sessions, { id: 'session-young' as never, state: 'ended', since: clock.wallMs() }] });
  retention.start();
  await pass(HOUR);
  expect([...rows.sessions.keys()]).toEqual(['session-young']);
  retention.close();
});

test('leases are kept for as long as the logs that are found by them', async () => {
  await store.commit({ leases: [{ ...aLease(), state: 'ended', since: clock.wallMs() }] });
  await loop.start();
  retention.start();
  await pass(13 * DAY);
  expect(rows.leases.size).toBe(1);
  await pass(2 * DAY);
  expect(rows.leases.size).toBe(0);
  retention.close();
});

test('old logs of what has ended go, and those of what lives stay, however old', async () => {
  const living = anActor('actor-0000000000000001');
  const lease = {
    ...aLease(),
    id: leaseId('1-2'),
    state: 'ready' as const,
    holder: { kind: 'actor', actor: living.spec.id, incarnation: 1 } as const,
  };
  await store.commit({ leases: [lease], newActors: [{ actor: living, createdAt: 1 }] });
  await loop.start();
  for (const id of ['1-1', '1-2']) await objects.put(BUCKETS.logs, logObjectKey(leaseId(id), 0), Buffer.from('x'));
  retention.start();
  await pass(13 * DAY);
  await objects.put(BUCKETS.logs, logObjectKey(leaseId('1-3'), 0), Buffer.from('x'));
  await pass(2 * DAY);
  expect(await keysIn(BUCKETS.logs)).toEqual([logObjectKey(leaseId('1-2'), 0), logObjectKey(leaseId('1-3'), 0)]);
  retention.close();
});

test('a bundle goes from the store and from the objects, unless an actor that is known uses it or it is being uploaded', async () => {
  const actor = anActor('actor-0000000000000001');
  const used = actor.spec.classRef.kind === 'bundle' ? actor.spec.classRef.hash : '';
  await store.commit({
    bundles: ['unused', used].map((hash) => ({ hash, bytes: 1, createdAt: clock.wallMs() })),
    newActors: [{ actor, createdAt: 1 }],
  });
  await loop.start();
  for (const key of ['unused', used]) await objects.put(BUCKETS.bundles, key, Buffer.from('x'));
  retention.start();
  await pass(8 * DAY - HOUR);
  await objects.put(BUCKETS.bundles, 'being-uploaded', Buffer.from('x'));
  await pass(HOUR / 2);
  expect([await store.hasBundle('unused'), await store.hasBundle(used)]).toEqual([false, true]);
  expect(await keysIn(BUCKETS.bundles)).toEqual(['being-uploaded', used].sort());
  retention.close();
});

test('one kind that fails keeps none of the others, and is tried again', async () => {
  await loop.start();
  await store.commit({
    bundles: [{ hash: 'b', bytes: 1, createdAt: clock.wallMs() - 8 * DAY }],
    sessions: [{ id: 'session-1' as never, state: 'ended', since: clock.wallMs() - 8 * DAY }],
  });
  const forget = store.forget.bind(store);
  const failing = (what: Forgettable, before: number, limit: number) =>
    what === 'sessions' ? Promise.reject(new Error('canceling statement due to statement timeout')) : forget(what, before, limit);
  store.forget = failing;
  const done = retention.round();
  await pass(1_000);
  await done;
  expect([rows.bundles.size, rows.sessions.size]).toEqual([0, 1]);
  expect(logged.join()).toContain('sessions');
  store.forget = forget;
  const again = retention.round();
  await pass(1_000);
  await again;
  expect(rows.sessions.size).toBe(0);
});

test('a head that leads no more, and one that ends, forget nothing more', async () => {
  await loop.start();
  await store.commit({
    actors: [],
    newActors: [
      {
        actor: {
          ...anActor('actor-0000000000000001'),
          state: { at: 'dead', since: clock.wallMs() - 8 * DAY, cause: { kind: 'finished' } },
        },
        createdAt: 1,
      },
    ],
  });
  isLeading = false;
  await expect(retention.round()).rejects.toMatchObject({ code: 'head.fenced' });
  isLeading = true;
  retention.close();
  await expect(retention.round()).rejects.toThrow('the head ends');
  expect(rows.actors.has(actorId('actor-0000000000000001'))).toBe(true);
});
