import type { ActorId } from '@trainer/model';
import { Cluster } from './cluster.js';
import type { HeadPart } from './ground.js';
import { begin, drawSteps, type Step } from './operations.js';
import { Seeded } from './seeded.js';
import { Violation, World } from './world.js';

/** What one run came to. */
export interface Outcome {
  readonly seed: number;
  readonly steps: readonly Step[];
  readonly violation: Violation | null;
  /** The newest lines of what happened; empty unless asked for. */
  readonly trace: readonly string[];
  readonly calls: number;
  readonly virtualMs: number;
  /** How long it took after the last fault until all was at rest, with what clients had left alive. */
  readonly restedMs: number;
  /** What the rows say that the run has met. */
  readonly met: Readonly<Record<string, number>>;
}

/** All must be at rest so long after the last fault: a lost lease's process may live 60 s after its loss, which may be noticed 10 s late. */
const REST_MS = 150_000;
/** All must have ended so long after the last session was closed: jobs wait for one another. */
const END_MS = 900_000;
const LOOK_MS = 1_000;

/** Runs the operations that the seed draws, then heals everything, and lets everything end. */
export async function run(
  seed: number,
  count: number,
  options: { readonly steps?: readonly Step[]; readonly doesTrace?: boolean } = {},
): Promise<Outcome> {
  const steps = options.steps ?? drawSteps(new Seeded(seed), count);
  const random = new Seeded(seed ^ 0x5bd1e995);
  const world = new World(random, options.doesTrace ?? false);
  let violation: Violation | null = null;
  let restedMs = 0;
  let met: Readonly<Record<string, number>> = {};
  try {
    const cluster = new Cluster(world, { agents: random.int(1, 3), clients: 2, cpus: random.int(1, 3), heads: random.int(1, 2) });
    await world.advance(1_000);
    for (const { operation, thenMs } of steps) {
      begin(cluster, operation);
      await world.advance(thenMs);
    }
    restedMs = await rest(cluster);
    await end(cluster);
    met = metBy(cluster);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
  }
  return { seed, steps, violation, trace: world.trace, calls: world.calls, virtualMs: world.nowMs, restedMs, met };
}

function metBy({ database: { rows, leadership } }: Cluster): Readonly<Record<string, number>> {
  const leases = [...rows.leases.values()];
  const jobs = [...rows.jobs.values()].map(({ job }) => job);
  const actors = [...rows.actors.values()];
  const count = <T>(list: readonly T[], is: (one: T) => boolean): number => list.filter(is).length;
  return {
    actors: actors.length,
    restarts: actors.reduce((sum, actor) => sum + actor.restarts, 0),
    'completed jobs': count(jobs, ({ status }) => status === 'completed'),
    'failed jobs': count(jobs, ({ status }) => status === 'failed'),
    'cancelled jobs': count(jobs, ({ status }) => status === 'cancelled'),
    attempts: jobs.reduce((sum, { attempt }) => sum + attempt, 0),
    leases: leases.length,
    'lost leases': count(leases, ({ state }) => state === 'lost'),
    'head epochs': leadership.headEpoch,
  };
}

async function rest(cluster: Cluster): Promise<number> {
  const { world, witness } = cluster;
  world.note('>>', 'all faults are over');
  cluster.healAll();
  return settled(cluster, REST_MS, () => witness.unrest(false));
}

async function end(cluster: Cluster): Promise<void> {
  const { world, witness } = cluster;
  world.note('>>', 'all sessions are closed');
  for (const client of cluster.clients) if (!client.hasClosed) client.closeSession();
  const asked = new Set<ActorId>();
  await settled(cluster, END_MS, () => {
    killDetached(cluster, asked);
    return [...witness.unrest(true), ...rememberedBy(cluster.leader())];
  });
  witness.lookAtEnd();
  await world.settle();
}

/** What a head still has in memory of entities that have all ended. */
function rememberedBy(head: HeadPart | null): readonly string[] {
  const state = head?.loop?.state;
  if (state === undefined) return [];
  const { actors, jobs, sessions, held, actorsOf, names, waitingJobs } = state;
  const left = {
    actors: actors.size,
    jobs: jobs.size,
    sessions: sessions.size,
    held: held.size,
    names: names.size,
    actorsOf: actorsOf.size,
  };
  return Object.entries({ ...left, 'waiting jobs': waitingJobs.count }).flatMap(([what, count]) =>
    count === 0 ? [] : [`the head remembers ${count} ${what}`],
  );
}

/** Also those that a client had asked for before, and that came to be only now. */
function killDetached(cluster: Cluster, asked: Set<ActorId>): void {
  for (const { spec, state } of cluster.database.rows.actors.values()) {
    if (spec.session !== null || state.at === 'dead' || asked.has(spec.id)) continue;
    asked.add(spec.id);
    void cluster.clients[0]?.killActor(spec.id);
  }
}

async function settled(cluster: Cluster, limitMs: number, unrest: () => readonly string[]): Promise<number> {
  const { world } = cluster;
  const startedMs = world.nowMs;
  for (;;) {
    await world.advance(LOOK_MS);
    const found = unrest();
    if (found.length === 0) return world.nowMs - startedMs;
    if (world.nowMs - startedMs < limitMs) continue;
    world.violated(14, `${limitMs / 1_000} s after the last fault: ${found.join('; ')}`);
    await world.settle();
  }
}

/** Drops operations for as long as what is left still fails in the same way. @returns the smallest run found, with its trace */
export async function shrink(failed: Outcome, tries = 400): Promise<Outcome> {
  let steps = failed.steps;
  let left = tries;
  const failsSo = async (candidate: readonly Step[]): Promise<boolean> => {
    left -= 1;
    const outcome = await run(failed.seed, 0, { steps: candidate });
    return outcome.violation?.number === failed.violation?.number;
  };
  for (let size = Math.max(1, steps.length >> 1); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < steps.length && left > 0;) {
      const candidate = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (await failsSo(candidate)) steps = candidate;
      else at += size;
    }
  }
  return run(failed.seed, 0, { steps, doesTrace: true });
}

/** A failing run as text: its seed, the operations that are left, and what happened. */
export function report(outcome: Outcome): string {
  const operations = outcome.steps.map(({ operation, thenMs }) => `  ${JSON.stringify(operation)}, then ${thenMs} ms`);
  return [`seed ${outcome.seed}: ${outcome.violation?.message ?? 'nothing failed'}`, ...operations, '', ...outcome.trace].join('\n');
}
