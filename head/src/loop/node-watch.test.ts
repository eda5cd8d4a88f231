import { beforeEach, expect, test } from '@jest/globals';
import { actorId, jobId, leaseId, nodeId, streamId } from '@trainer/model';
import type { Lease, LeaseHolder } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import type { ManualClock } from '@trainer/runtime/testing';
import type { ClusterStore, StoredNode, StoredState } from '../store/cluster-store.js';
import { AgentLinks } from './agent-links.js';
import { ClusterLoop } from './cluster-loop.js';
import { ClusterState } from './cluster-state.js';
import { NodeWatch } from './node-watch.js';
import { scaledTimers } from './settings.js';

const NODE = nodeId('node-000000000001');
const STREAM = streamId('stream-0000000000000001');
const ACTORS = leaseId('1-1');
const RANKS = leaseId('1-2');
const TIMERS = scaledTimers((ms) => ms);

let clock: ManualClock;
let stallMs: number;
let loop: ClusterLoop;
let links: AgentLinks;
let watch: NodeWatch;

function lease(id: typeof ACTORS, holder: LeaseHolder): Lease {
  const grant = { cpuMilli: 1, memoryBytes: 1, gpus: [] };
  const nothing = { pid: null, address: null, cause: null };
  return { id, node: NODE, nodeIncarnation: 1, grant, holder, state: 'ready', since: 0, ...nothing };
}

function stored(): StoredState {
  const capacity = { cpuMilli: 1_000, memoryBytes: 1, gpus: [] };
  const entry = {
    id: NODE,
    incarnation: 1,
    helloNumber: 1,
    host: 'h',
    version: '0',
    capacity,
    labels: {},
    engines: [],
    stream: STREAM,
    since: 0,
  };
  const node: StoredNode = { entry: { ...entry, state: 'connected' }, storedFact: 0 };
  const leases = [
    lease(ACTORS, { kind: 'actor', actor: actorId('actor-0000000000000001'), incarnation: 1 }),
    lease(RANKS, { kind: 'rank', job: jobId('train_000000000001'), attempt: 1, rank: 0 }),
  ];
  return { nodes: [node], sessions: [], actors: [], leases, jobs: [] };
}

beforeEach(async () => {
  clock = manualClock();
  stallMs = 0;
  const stalling = {
    ...clock,
    after: clock.after.bind(clock),
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs() + stallMs,
  };
  const store = { load: async () => stored(), commit: async () => undefined } as Partial<ClusterStore> as ClusterStore;
  const raise = async (): Promise<boolean> => true;
  const common = { clock: stalling, logger: silentLogger, timers: TIMERS };
  loop = new ClusterLoop({ ...common, state: new ClusterState(1), store, random: () => 0, raise, onFenced: () => undefined });
  links = new AgentLinks(() => 1);
  watch = new NodeWatch({ ...common, loop, links });
  await loop.start();
  loop.listen(watch);
});

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    clock.advance(Math.min(50, left));
    await settle();
  }
}
const isLost = (id: typeof ACTORS): boolean => {
  const found = loop.state.leases.seen(id);
  return found === undefined || found.state === 'lost';
};
const left = (): void => watch.left(NODE, { kind: 'stream-closed', stream: STREAM });

test("after its stream is gone a node's actors are lost soon, its ranks and the node itself later", async () => {
  left();
  await pass(TIMERS.actorsLostMs - 50);
  expect(isLost(ACTORS)).toBe(false);
  await pass(100);
  expect([isLost(ACTORS), isLost(RANKS)]).toEqual([true, false]);
  await pass(TIMERS.ranksLostMs);
  expect(isLost(RANKS)).toBe(true);
  expect(loop.state.nodes.seen(NODE)?.entry.state).toBe('lost');
});

test('a node whose hello is being reconciled loses nothing', async () => {
  left();
  await pass(1_000);
  watch.back(NODE);
  await pass(60_000);
  expect([isLost(ACTORS), isLost(RANKS)]).toEqual([false, false]);
});

test('an agent that catches up is not lost as long as it is heard', async () => {
  left();
  for (let word = 0; word < 20; word += 1) {
    await pass(1_000);
    watch.alive(NODE);
  }
  expect([isLost(ACTORS), isLost(RANKS)]).toEqual([false, false]);
  await pass(TIMERS.ranksLostMs + 50);
  expect([isLost(ACTORS), isLost(RANKS)]).toEqual([true, true]);
});

test("the head's own stall counts against nobody", async () => {
  left();
  await pass(500);
  stallMs = 30_000;
  await pass(500);
  expect(isLost(ACTORS)).toBe(false);
  await pass(TIMERS.actorsLostMs);
  expect(isLost(ACTORS)).toBe(true);
});

test('a lost rank is gone once no process can live any more', async () => {
  left();
  await pass(TIMERS.ranksLostMs + 50);
  await pass(TIMERS.headlessMs - 100);
  expect(loop.state.leases.seen(RANKS)?.state).toBe('lost');
  await pass(200);
  expect(loop.state.leases.seen(RANKS)).toBeUndefined();
});

test('a silent agent is away though its stream is open', async () => {
  watch.start();
  links.open({ node: NODE, stream: STREAM, lastHeardMs: 0, send: () => undefined, end: () => undefined });
  await pass(TIMERS.silentMs + TIMERS.silentMs / 3);
  expect(loop.state.nodes.seen(NODE)?.entry.state).toBe('silent');
  await pass(TIMERS.actorsLostMs + 50);
  expect(isLost(ACTORS)).toBe(true);
  watch.close();
});

test('a suspension ends all counts, and afterwards known nodes have the time of a new head', async () => {
  left();
  await pass(1_000);
  loop.outranked(7);
  await pass(TIMERS.knownNodeMs - 100);
  expect(isLost(ACTORS)).toBe(false);
  await pass(200);
  expect(isLost(ACTORS)).toBe(true);
});
