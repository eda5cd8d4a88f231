import { describe, expect, test } from '@jest/globals';
import { actorId, jobId, nodeId, streamId } from '@trainer/model';
import type { Actor, JobId, NodeId } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { silentLogger } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { newJob, submittedEvent } from '../jobs/new-job.js';
import type { Change, ClusterStore, StoredNode, StoredState } from '../store/cluster-store.js';
import { ClusterLoop } from './cluster-loop.js';
import { ClusterState } from './cluster-state.js';
import { Planner } from './planner.js';
import { scaledTimers } from './settings.js';
import type { Turn } from './turn.js';

const TIMERS = scaledTimers((ms) => ms);
const nothing: StoredState = { nodes: [], sessions: [], actors: [], leases: [], jobs: [] };
const jobOf = (n: number): JobId => jobId(`train_${String(n).padStart(12, '0')}`);
const nodeOf = (n: number): NodeId => nodeId(`node-${String(n).padStart(12, '0')}`);

function node(n: number, cpus: number): StoredNode {
  const entry = {
    id: nodeOf(n),
    incarnation: 1,
    helloNumber: 1,
    host: `host${n}`,
    version: '0',
    capacity: { cpuMilli: cpus * 1_000, memoryBytes: 2 ** 40, gpus: [] },
    labels: {},
    engines: [{ engine: 'xgboost', unavailable: null }],
    stream: streamId('stream-0000000000000001'),
    since: -60_000,
  };
  return { entry: { ...entry, state: 'connected' }, storedFact: 0 };
}

function actor(n: number, cpus: number): Actor {
  const spec = {
    id: actorId(`actor-${String(n).padStart(16, '0')}`),
    session: null,
    name: null,
    namespace: 'default',
    classRef: { kind: 'module', specifier: 'm', exportName: 'M' },
    className: 'M',
    args: { kind: 'inline', bytes: new Uint8Array() },
    resources: { cpuMilli: cpus * 1_000, memoryBytes: 1, gpuMilli: 0 },
    concurrency: 1,
    priority: 50,
    env: {},
    maxRestarts: 0,
    checkpointEvery: 1_000,
    maxCallRetries: 0,
  } as const;
  return { spec, state: { at: 'pending', since: 0, reason: null }, restarts: 0, deaths: [], hasRun: false, quickRestarts: 0 };
}

/** A loop with a planner over nodes that have said hello; it counts the turns, and the rows that each entity writes. */
async function scene(nodes: readonly StoredNode[], maxParallelJobs = 1_000) {
  const clock = manualClock(0);
  const rows = new Map<string, number>();
  let turns = 0;
  const wrote = (id: string): void => void rows.set(id, (rows.get(id) ?? 0) + 1);
  const store = {
    load: async () => nothing,
    commit: async (change: Change) => {
      for (const { job } of change.newJobs ?? []) wrote(job.id);
      for (const { job } of change.jobs ?? []) wrote(job.id);
      for (const { job } of change.events ?? []) wrote(job);
      for (const { spec } of change.actors ?? []) wrote(spec.id);
    },
  } as Partial<ClusterStore> as ClusterStore;
  const loop = new ClusterLoop({
    state: new ClusterState(1),
    store,
    clock,
    random: () => 0,
    logger: silentLogger,
    raise: async () => true,
    onFenced: () => undefined,
  });
  const infeasible: string[] = [];
  const planner = new Planner({
    loop,
    timers: { ...TIMERS, reasonQuietMs: 0 },
    maxParallelJobs,
    clock,
    logger: silentLogger,
    onInfeasible: (id) => infeasible.push(id),
  });
  loop.listen({
    name: 'planner',
    decided: (turn) => planner.noticed(turn),
    committed: () => undefined,
    suspended: () => undefined,
    resumed: () => planner.resumed(),
  });
  const { turn } = loop;
  loop.turn = (run) => {
    turns += 1;
    return turn.call(loop, run) as never;
  };
  await loop.start();
  const settle = async (): Promise<void> => {
    for (let before = -1; before !== turns;) {
      before = turns;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const run = async (change: (turn: Turn) => void): Promise<void> => {
    await loop.turn(change);
    await settle();
  };
  await run((turn) => nodes.forEach((one) => turn.putNode(one)));
  return { clock, loop, planner, rows, infeasible, run, settle, turns: () => turns };
}

function submit(turn: Turn, n: number, priority = 50): void {
  const record = newJob(
    {
      id: jobOf(n),
      request: aTrainRequest({ numWorkers: 1, priority }),
      dataset: { key: 'iris.csv', etag: 'e', bytes: 100 },
      dataBucket: 'd',
      modelsBucket: 'm',
      checkpointInterval: 5,
    },
    turn.now + n,
  );
  turn.addJob({ ...record, table: null }, [submittedEvent(record)], null);
}

/** A job's process is gone, and its files too. */
function end(turn: Turn, n: number): void {
  const id = jobOf(n);
  turn.stepJob(id, { kind: 'cancel', by: 'its user' });
  for (const { lease, attempt, rank } of turn.job(id)?.ranks ?? []) {
    turn.stepLease(lease, { kind: 'ended', cause: { kind: 'finished' } });
    turn.stepJob(id, { kind: 'lease-ended', attempt, rank, cause: { kind: 'finished' } });
  }
  turn.stepJob(id, { kind: 'cleaned' });
}

/** As many jobs as are asked for through a cluster that runs two at once. @returns the rows that each wrote, and the scene */
async function through(count: number, maxParallelJobs: number) {
  const ground = await scene([node(1, 2)], maxParallelJobs);
  await ground.run((turn) => {
    for (let n = 0; n < count; n += 1) submit(turn, n);
  });
  for (let n = 0; n < count; n += 1) await ground.run((turn) => end(turn, n));
  return { ...ground, counts: Array.from({ length: count }, (_, n) => ground.rows.get(jobOf(n)) ?? 0) };
}

describe('a job that waits', () => {
  test.each(['the nodes are full', 'MAX_PARALLEL_JOBS run'])(
    'writes as many rows beside 1,000 others as beside 10, while %s',
    async (why) => {
      const parallel = why === 'the nodes are full' ? 1_000 : 2;
      const [few, many] = [await through(10, parallel), await through(1_000, parallel)];
      expect(Math.max(...few.counts)).toBeLessThanOrEqual(11);
      expect(new Set(many.counts)).toEqual(new Set(few.counts));
    },
    180_000,
  );

  test('is told its place when that is read, and the place moves up without a row', async () => {
    const ground = await scene([node(1, 2)]);
    await ground.run((turn) => [0, 1, 2, 3, 4].forEach((n) => submit(turn, n)));
    const told = (): unknown => ground.loop.state.jobs.seen(jobOf(4))?.job.pendingReason;
    expect([told(), ground.planner.reasonOf(jobOf(4))]).toEqual([
      'Needs 1 CPU; node host1 has 0 of 2 free.',
      'Needs 1 CPU; node host1 has 0 of 2 free. 2 jobs are ahead.',
    ]);
    const before = ground.rows.get(jobOf(4));
    await ground.run((turn) => end(turn, 0));
    expect([ground.planner.reasonOf(jobOf(4)), ground.rows.get(jobOf(4))]).toEqual([
      'Needs 1 CPU; node host1 has 0 of 2 free. 1 job is ahead.',
      before,
    ]);
    await ground.run((turn) => submit(turn, 9, 99));
    expect(ground.planner.reasonOf(jobOf(4))).toContain('2 jobs are ahead.');
    await ground.run((turn) => end(turn, 1));
    expect(ground.planner.reasonOf(jobOf(9))).toBeNull();
  });

  test('is told again when the nodes have changed', async () => {
    const ground = await scene([]);
    await ground.run((turn) => submit(turn, 1));
    const told = (): unknown => ground.loop.state.jobs.seen(jobOf(1))?.job.pendingReason;
    expect(told()).toContain('no node is connected');
    await ground.run((turn) => turn.putNode({ ...node(1, 2), entry: { ...node(1, 2).entry, state: 'draining' } }));
    expect(ground.planner.reasonOf(jobOf(1))).toContain('its agent is being stopped');
  });
});

describe('what a turn costs', () => {
  test('a fact that frees nothing makes no plan', async () => {
    const ground = await scene([node(1, 1)]);
    await ground.run((turn) => [1, 2].forEach((n) => submit(turn, n)));
    const before = ground.turns();
    await ground.run((turn) => {
      turn.stepJob(jobOf(1), { kind: 'started', attempt: 1, rank: 0 });
      turn.putNode({ ...node(1, 1), ...turn.node(nodeOf(1)), storedFact: 7 });
    });
    expect(ground.turns() - before).toBe(1);
    await ground.run((turn) => end(turn, 1));
    expect(ground.loop.state.jobs.get(jobOf(2))?.job.phase).toBe('reserving');
  });

  test('1,000 actors that come while a plan is committed are placed by few plans, each with a bounded number of them', async () => {
    const ground = await scene(Array.from({ length: 10 }, (_, n) => node(n + 1, 100)));
    const placed: number[] = [];
    ground.loop.listen({
      name: 'counts',
      committed: (turn) => void placed.push([...turn.leases.values()].filter(({ state }) => state === 'planned').length),
      suspended: () => undefined,
      resumed: () => undefined,
    });
    const before = ground.turns();
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => ground.loop.turn((turn) => turn.addActor(actor(n, 1)))));
    await ground.settle();
    expect(placed.reduce((sum, count) => sum + count, 0)).toBe(1_000);
    expect(Math.max(...placed)).toBeLessThanOrEqual(50);
    expect(ground.turns() - before).toBeLessThan(1_000 + 40);
  });

  test('1,000 actors that fit nowhere are all told, some in each turn', async () => {
    const ground = await scene([node(1, 1)]);
    await ground.run((turn) => {
      for (let n = 0; n < 1_000; n += 1) turn.addActor(actor(n, 2 + (n % 50)));
    });
    expect([ground.infeasible.length, ground.loop.state.actors.size, ground.planner.remembered]).toEqual([1_000, 0, 0]);
  });
});

test('1,000 jobs that have ended leave nothing in memory', async () => {
  const { loop, planner } = await through(1_000, 2);
  const { jobs, leases, held, leasesOf, waitingJobs, mark, nextLease, lowWater } = loop.state;
  expect(mark).toBe(nextLease);
  expect([jobs.size, leases.size, held.size, leasesOf.size, waitingJobs.count, planner.remembered, lowWater.size]).toEqual([
    0, 0, 0, 0, 0, 0, 0,
  ]);
});
