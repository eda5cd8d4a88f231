import { jobId, nodeId, streamId } from '@trainer/model';
import type { JobId } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { silentLogger, systemClock } from '@trainer/runtime';
import { ClusterLoop, ClusterState, newJob, Planner, scaledTimers, submittedEvent } from '@trainer/head/internal';
import type { ClusterStore, Turn } from '@trainer/head/internal';

export interface Growth {
  readonly nodes: number;
  readonly queued: number;
  /** Behind MAX_PARALLEL_JOBS, or behind nodes that are full. */
  readonly isLimited: boolean;
}

/** Milliseconds of CPU time of a turn in which a job ends and the next one is placed, its plan and all that follows included. */
export interface GrowthFigures {
  readonly medianMs: number;
  readonly longestMs: number;
}

const TURNS = 60;
/** The first ones are compiled while they run. */
const WARM = 20;
const jobOf = (n: number): JobId => jobId(`train_${n.toString(16).padStart(12, '0')}`);

/** A head's loop and planner over a store that keeps nothing. */
export async function growth({ nodes, queued, isLimited }: Growth): Promise<GrowthFigures> {
  const store = {
    load: async () => ({ nodes: [], sessions: [], actors: [], leases: [], jobs: [] }),
    commit: async () => undefined,
  } as Partial<ClusterStore> as ClusterStore;
  const clock = systemClock();
  const common = { clock, logger: silentLogger, timers: { ...scaledTimers((ms) => ms), reasonQuietMs: 0 } };
  const loop = new ClusterLoop({
    ...common,
    state: new ClusterState(1),
    store,
    random: Math.random,
    raise: async () => true,
    onFenced: () => undefined,
  });
  const maxParallelJobs = isLimited ? nodes : 1_000_000;
  const planner = new Planner({ ...common, loop, maxParallelJobs, onInfeasible: () => undefined });
  loop.listen({
    name: 'planner',
    decided: (turn) => planner.noticed(turn),
    committed: () => undefined,
    suspended: () => undefined,
    resumed: () => undefined,
  });
  await loop.start();
  await loop.turn((turn) => {
    for (let n = 0; n < nodes; n += 1) addNode(turn, n, isLimited ? 2 : 1);
    for (let n = 0; n < nodes + queued + TURNS; n += 1) submit(turn, n);
  });
  // All that wait are told once, some in each turn.
  for (let n = 0; n < queued / 10 + 10; n += 1) await round();
  const figures: number[] = [];
  for (let n = 0; n < TURNS; n += 1) {
    const from = process.cpuUsage();
    await loop.turn((turn) => end(turn, jobOf(n)));
    await round();
    const { user, system } = process.cpuUsage(from);
    if (loop.state.jobs.get(jobOf(nodes + n))?.job.phase !== 'reserving') throw new Error(`job ${nodes + n} was not placed`);
    if (n >= WARM) figures.push((user + system) / 1_000);
  }
  planner.close();
  loop.close();
  figures.sort((a, b) => a - b);
  return { medianMs: figures[figures.length >> 1] ?? Number.NaN, longestMs: figures.at(-1) ?? Number.NaN };
}

function round(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function addNode(turn: Turn, n: number, cpus: number): void {
  turn.putNode({
    entry: {
      id: nodeId(`node-${n.toString(16).padStart(12, '0')}`),
      incarnation: 1,
      helloNumber: 1,
      host: `host${n}`,
      version: '0',
      capacity: { cpuMilli: cpus * 1_000, memoryBytes: 2 ** 40, gpus: [] },
      labels: {},
      engines: [{ engine: 'xgboost', unavailable: null }],
      stream: streamId('stream-0000000000000001'),
      since: 0,
      state: 'connected',
    },
    storedFact: 0,
  });
}

function submit(turn: Turn, n: number): void {
  const dataset = { key: 'iris.csv', etag: 'e', bytes: 100 };
  const request = aTrainRequest({ numWorkers: 1 });
  const record = newJob({ id: jobOf(n), request, dataset, dataBucket: 'd', modelsBucket: 'm', checkpointInterval: 5 }, turn.now + n);
  turn.addJob({ ...record, table: null }, [submittedEvent(record)], null);
}

function end(turn: Turn, id: JobId): void {
  turn.stepJob(id, { kind: 'cancel', by: 'its user' });
  for (const { lease, attempt, rank } of turn.job(id)?.ranks ?? []) {
    turn.stepLease(lease, { kind: 'ended', cause: { kind: 'finished' } });
    turn.stepJob(id, { kind: 'lease-ended', attempt, rank, cause: { kind: 'finished' } });
  }
  turn.stepJob(id, { kind: 'cleaned' });
}
