import { beforeEach, expect, test } from '@jest/globals';
import { actorId, jobId, leaseId, nodeId, PROTOCOL, sessionId, streamId } from '@trainer/model';
import type { Actor, FromAgent, Lease, ToAgent } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import type { ManualClock } from '@trainer/runtime/testing';
import { AgentConnection } from '../rpc/agent-connection.js';
import { Sessions } from '../sessions/sessions.js';
import type { Change, ClusterStore, StoredNode, StoredState } from '../store/cluster-store.js';
import { AgentLinks } from './agent-links.js';
import { ClusterLoop } from './cluster-loop.js';
import { ClusterState } from './cluster-state.js';
import type { Executor } from './executor.js';
import { NodeWatch } from './node-watch.js';
import { scaledTimers } from './settings.js';

/** What one event does to a thousand entities and more is done over several turns. */

const COUNT = 1_001;
const MOST = 200;
const NODE = nodeId('node-000000000001');
const SESSION = sessionId('session-0000000000000001');
const STREAM = streamId('stream-0000000000000001');
const TIMERS = scaledTimers((ms) => ms);
const CAPACITY = { cpuMilli: 1_000, memoryBytes: 1, gpus: [] };
const id = (n: number): Actor['spec']['id'] => actorId(`actor-${String(n).padStart(16, '0')}`);

function lease(n: number): Lease {
  return {
    id: leaseId(`1-${n}`),
    node: NODE,
    nodeIncarnation: 1,
    grant: { cpuMilli: 1, memoryBytes: 1, gpus: [] },
    holder: { kind: 'actor', actor: id(n), incarnation: 1 },
    state: 'ready',
    since: 0,
    pid: 7,
    address: 'h:1',
    cause: null,
  };
}

function actor(n: number): Actor {
  const spec = { id: id(n), session: SESSION, name: `a${n}`, namespace: 'default', maxRestarts: 0, checkpointEvery: 1_000 };
  const state = { at: 'alive', since: 0, lease: leaseId(`1-${n}`), incarnation: 1, node: NODE, address: 'h:1' };
  return { spec, state, restarts: 0, deaths: [], hasRun: true, quickRestarts: 0 } as unknown as Actor;
}

function stored(): StoredState {
  const entry = { id: NODE, incarnation: 1, helloNumber: 1, host: 'h', version: '0', capacity: CAPACITY, labels: {}, engines: [] };
  const node: StoredNode = { entry: { ...entry, stream: STREAM, since: 0, state: 'connected' }, storedFact: 0 };
  const numbers = Array.from({ length: COUNT }, (_, n) => n + 1);
  const rank: Lease = { ...lease(COUNT + 1), holder: { kind: 'rank', job: jobId('train_000000000001'), attempt: 1, rank: 0 } };
  return {
    nodes: [node],
    sessions: [{ id: SESSION, state: 'open', since: 0 }],
    actors: numbers.map(actor),
    leases: [...numbers.map(lease), rank],
    jobs: [],
  };
}

let clock: ManualClock;
let loop: ClusterLoop;
let links: AgentLinks;
let watch: NodeWatch;
/** Entities that each commit changed. */
let commits: number[];

beforeEach(async () => {
  clock = manualClock();
  commits = [];
  const store = {
    load: async () => stored(),
    commit: async (change: Change) => void commits.push((change.leases ?? []).length),
  } as Partial<ClusterStore> as ClusterStore;
  const common = { clock, logger: silentLogger, timers: TIMERS };
  loop = new ClusterLoop({
    ...common,
    state: new ClusterState(1),
    store,
    random: () => 0,
    raise: async () => true,
    onFenced: () => undefined,
  });
  links = new AgentLinks(() => 1);
  watch = new NodeWatch({ ...common, loop, links });
  loop.listen(watch);
  await loop.start();
});

const round = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function pass(ms: number, rounds = 20): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    clock.advance(Math.min(50, left));
    for (let n = 0; n < rounds; n += 1) await round();
  }
}
const aliveActors = (): number => [...loop.state.actors.decided()].filter(({ state }) => state.at === 'alive').length;

test('a lost node', async () => {
  watch.left(NODE, { kind: 'stream-closed', stream: STREAM });
  await pass(TIMERS.ranksLostMs + 100);
  expect([aliveActors(), loop.state.nodes.seen(NODE)?.entry.state, loop.state.leasesOf.of(NODE).length]).toEqual([0, 'lost', 1]);
  expect(Math.max(...commits)).toBeLessThanOrEqual(MOST);
  expect(commits.reduce((sum, count) => sum + count, 0)).toBe(COUNT + 1);
});

test('a node that comes back while its actors are being lost keeps the others', async () => {
  watch.left(NODE, { kind: 'stream-closed', stream: STREAM });
  while (aliveActors() === COUNT) await pass(50, 1);
  watch.back(NODE);
  await pass(60_000);
  expect(aliveActors()).toBeGreaterThan(0);
  expect(aliveActors()).toBeLessThan(COUNT);
});

test('a session, which is not given again while its actors end', async () => {
  const sessions = new Sessions({ loop, timers: TIMERS, clock, wasEnded: async () => false });
  const ended = sessions.end(SESSION);
  await round();
  await expect(sessions.attach(SESSION)).rejects.toMatchObject({ code: 'session.ended' });
  await ended;
  expect([aliveActors(), loop.state.sessions.size]).toEqual([0, 0]);
  expect(Math.max(...commits)).toBeLessThanOrEqual(MOST);
});

test.each([
  ['of another incarnation, which holds nothing', 2, 'ended'],
  ['of the same one, which lost all', 1, 'ended'],
  ['of the same one, which holds all', 1, 'ready'],
] as const)('a hello %s', async (_, incarnation, held) => {
  const sent: ToAgent[] = [];
  const connection = new AgentConnection(
    {
      loop,
      links,
      watch,
      executor: { derive: () => undefined } as unknown as Executor,
      clock,
      logger: silentLogger,
      version: '0',
      newStreamId: () => streamId('stream-0000000000000002'),
    },
    {
      send: (message) => void sent.push(message),
      end: () => undefined,
      isNews: () => true,
      toldEpoch: () => null,
      tell: () => undefined,
      nextRound: round,
    },
  );
  watch.left(NODE, { kind: 'stream-closed', stream: STREAM });
  const leases = held === 'ready' ? Array.from({ length: COUNT + 1 }, (_, n) => ({ lease: lease(n + 1).id, state: held })) : [];
  const hello = {
    protocol: PROTOCOL,
    node: NODE,
    incarnation,
    number: 2,
    host: 'h',
    version: '0',
    capacity: CAPACITY,
    labels: {},
    leases,
    newestFact: 0,
    newestHeadEpoch: 0,
    natsConnected: true,
    isDraining: false,
    engines: [],
  };
  connection.receive({ kind: 'hello', hello } satisfies FromAgent);
  while (!sent.some(({ kind }) => kind === 'welcome' || kind === 'refused')) await round();
  expect(sent.at(-1)).toMatchObject({ kind: 'welcome', verdicts: leases.map((one) => ({ lease: one.lease, verdict: 'keep' })) });
  expect([aliveActors(), loop.state.nodes.seen(NODE)?.entry.state]).toEqual([held === 'ready' ? COUNT : 0, 'connected']);
  expect(Math.max(...commits)).toBeLessThanOrEqual(MOST);
});
