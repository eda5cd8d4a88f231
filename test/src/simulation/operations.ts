import { INLINE_ARGS_BYTES } from '@trainer/model';
import type { Cluster } from './cluster.js';
import type { SimChild } from './child.js';
import type { SimAgent } from './rpc/sim-agent.js';
import type { SimClient, WantedActor } from './rpc/sim-client.js';
import type { Seeded } from './seeded.js';
import type { SimProcess } from './world.js';

/** Something that happens to the cluster. Numbers name things by their place among those that are there then. */
export type Operation =
  | { readonly does: 'create'; readonly client: number; readonly wanted: WantedActor }
  /** Many at once, of which most have to wait. */
  | { readonly does: 'create-many'; readonly client: number; readonly wanted: WantedActor; readonly count: number }
  | { readonly does: 'submit-many'; readonly client: number; readonly count: number }
  | { readonly does: 'kill-actor'; readonly client: number; readonly actor: number }
  | { readonly does: 'submit'; readonly client: number; readonly ranks: number }
  | { readonly does: 'cancel'; readonly client: number; readonly job: number }
  | { readonly does: 'crash-process'; readonly process: number; readonly how: 'SIGKILL' | 'SIGSEGV' | 1 }
  | { readonly does: 'freeze-process'; readonly process: number; readonly ms: number }
  | { readonly does: 'kill-agent'; readonly agent: number; readonly awayMs: number }
  | { readonly does: 'freeze-agent'; readonly agent: number; readonly ms: number }
  | { readonly does: 'kill-head' }
  | { readonly does: 'freeze-head'; readonly ms: number }
  | { readonly does: 'database-away'; readonly ms: number }
  | { readonly does: 'lose-commit-answers'; readonly count: number }
  | { readonly does: 'cut-database'; readonly ms: number }
  | { readonly does: 'nats-away'; readonly ms: number }
  | { readonly does: 'cut-agent'; readonly agent: number; readonly ms: number }
  | { readonly does: 'cut-agent-from-nats'; readonly agent: number; readonly ms: number }
  | { readonly does: 'replace-agent-behind-cut'; readonly agent: number; readonly killAfterMs: number; readonly ms: number }
  | { readonly does: 'break-stream'; readonly agent: number }
  | { readonly does: 'rough-messages'; readonly ms: number }
  | { readonly does: 'step-clock'; readonly machine: number; readonly ms: number }
  | { readonly does: 'close-session'; readonly client: number; readonly afterMs: number }
  | { readonly does: 'lose-session'; readonly client: number; readonly awayMs: number }
  | { readonly does: 'freeze-client'; readonly client: number; readonly ms: number };

/** An operation, and the time that passes after it. */
export interface Step {
  readonly operation: Operation;
  readonly thenMs: number;
}

/** Short faults that nobody notices, those at the limits of design.md section 9, and long ones. */
function faultMs(random: Seeded): number {
  if (random.chance(0.4)) return random.int(1, 800);
  return random.chance(0.6) ? random.int(800, 12_000) : random.int(12_000, 100_000);
}

function wantedActor(random: Seeded): WantedActor {
  return {
    cpuMilli: random.pick([500, 500, 1_000, 1_000, 2_000, 9_000]) ?? 500,
    timeoutMs: random.pick([0, 0, 0, 3_000]) ?? 0,
    maxRestarts: random.pick([0, 0, 1, 3, -1]) ?? 0,
    name: random.chance(0.3) ? (random.pick(['a', 'b']) ?? 'a') : null,
    isDetached: random.chance(0.15),
    getIfExists: random.chance(0.5),
    argsBytes: random.pick([0, 0, 0, 1, 1_000, INLINE_ARGS_BYTES - 1, INLINE_ARGS_BYTES]) ?? 0,
  };
}

type Make = (random: Seeded) => Operation;
const which = (random: Seeded): number => random.int(0, 1_000);

/** How often each is drawn, of their sum. */
const KINDS: readonly (readonly [number, Make])[] = [
  [18, (r) => ({ does: 'create', client: which(r), wanted: wantedActor(r) })],
  [
    1,
    (r) => ({
      does: 'create-many',
      client: which(r),
      wanted: { ...wantedActor(r), name: null, isDetached: false },
      count: r.int(100, 250),
    }),
  ],
  [1, (r) => ({ does: 'submit-many', client: which(r), count: r.int(10, 40) })],
  [6, (r) => ({ does: 'kill-actor', client: which(r), actor: which(r) })],
  [11, (r) => ({ does: 'submit', client: which(r), ranks: r.int(1, 3) })],
  [4, (r) => ({ does: 'cancel', client: which(r), job: which(r) })],
  [6, (r) => ({ does: 'crash-process', process: which(r), how: r.pick(['SIGKILL', 'SIGSEGV', 1] as const) ?? 1 })],
  [3, (r) => ({ does: 'freeze-process', process: which(r), ms: faultMs(r) })],
  [6, (r) => ({ does: 'kill-agent', agent: which(r), awayMs: faultMs(r) })],
  [6, (r) => ({ does: 'freeze-agent', agent: which(r), ms: faultMs(r) })],
  [6, () => ({ does: 'kill-head' })],
  [5, (r) => ({ does: 'freeze-head', ms: faultMs(r) })],
  [3, (r) => ({ does: 'database-away', ms: faultMs(r) })],
  [5, (r) => ({ does: 'lose-commit-answers', count: r.int(1, 3) })],
  [3, (r) => ({ does: 'cut-database', ms: faultMs(r) })],
  [3, (r) => ({ does: 'nats-away', ms: faultMs(r) })],
  [6, (r) => ({ does: 'cut-agent', agent: which(r), ms: faultMs(r) })],
  [3, (r) => ({ does: 'cut-agent-from-nats', agent: which(r), ms: faultMs(r) })],
  [3, (r) => ({ does: 'replace-agent-behind-cut', agent: which(r), killAfterMs: r.int(0, 2_000), ms: r.int(2_000, 15_000) })],
  [5, (r) => ({ does: 'break-stream', agent: which(r) })],
  [4, (r) => ({ does: 'rough-messages', ms: faultMs(r) })],
  [3, (r) => ({ does: 'step-clock', machine: which(r), ms: r.int(-3_600_000, 3_600_000) })],
  [2, (r) => ({ does: 'close-session', client: which(r), afterMs: r.int(1, 3_000) })],
  [3, (r) => ({ does: 'lose-session', client: which(r), awayMs: faultMs(r) })],
  [2, (r) => ({ does: 'freeze-client', client: which(r), ms: faultMs(r) })],
];
const TOTAL = KINDS.reduce((sum, [weight]) => sum + weight, 0);

export function drawSteps(random: Seeded, count: number): Step[] {
  return Array.from({ length: count }, () => ({ operation: draw(random), thenMs: pauseMs(random) }));
}

/** Mostly the next operation follows while the one before is still being dealt with; now and then all limits pass. */
function pauseMs(random: Seeded): number {
  if (random.chance(0.5)) return random.int(0, 50);
  return random.chance(0.95) ? random.int(50, 4_000) : random.int(4_000, 70_000);
}

function draw(random: Seeded): Operation {
  let left = random.int(0, TOTAL - 1);
  for (const [weight, make] of KINDS) {
    if (left < weight) return make(random);
    left -= weight;
  }
  return { does: 'kill-head' };
}

/** Begins it; faults that last end by themselves. */
export function begin(cluster: Cluster, operation: Operation): void {
  const { world } = cluster;
  const { does: _does, ...rest } = operation;
  world.note('>>', `${operation.does} ${JSON.stringify(rest)}`);
  switch (operation.does) {
    case 'create':
      void nth(cluster.clients, operation.client)?.create(operation.wanted);
      return;
    case 'create-many':
      for (let n = 0; n < operation.count; n += 1) void nth(cluster.clients, operation.client)?.create(operation.wanted);
      return;
    case 'submit-many':
      for (let n = 0; n < operation.count; n += 1) void nth(cluster.clients, operation.client)?.submit(1, `key-${cluster.nextPid()}`);
      return;
    case 'kill-actor': {
      const actor = nth(cluster.actorIds, operation.actor);
      if (actor !== undefined) void nth(cluster.clients, operation.client)?.killActor(actor);
      return;
    }
    case 'submit':
      void nth(cluster.clients, operation.client)?.submit(Math.min(operation.ranks, cluster.cpus), `key-${cluster.nextPid()}`);
      return;
    case 'cancel': {
      const job = nth(cluster.jobIds, operation.job);
      if (job !== undefined) void nth(cluster.clients, operation.client)?.cancel(job);
      return;
    }
    case 'step-clock': {
      const machines = [...cluster.agents, ...cluster.heads].map(({ machine }) => machine);
      const machine = nth(machines, operation.machine);
      if (machine !== undefined) machine.wallOffsetMs += operation.ms;
      return;
    }
    case 'close-session':
      closeSession(nth(cluster.clients, operation.client), operation.afterMs);
      return;
    case 'lose-session':
      nth(cluster.clients, operation.client)?.loseConnection(operation.awayMs);
      return;
    case 'freeze-client':
      freeze(nth(cluster.clients, operation.client)?.process, operation.ms);
      return;
    default:
      beginFault(cluster, operation);
  }
}

type Fault = Exclude<
  Operation,
  {
    does:
      | 'create'
      | 'create-many'
      | 'submit-many'
      | 'kill-actor'
      | 'submit'
      | 'cancel'
      | 'step-clock'
      | 'close-session'
      | 'lose-session'
      | 'freeze-client';
  }
>;

function beginFault(cluster: Cluster, fault: Fault): void {
  const { world, database, nats } = cluster;
  switch (fault.does) {
    case 'crash-process':
      nth(processes(cluster), fault.process)?.crash(fault.how);
      return;
    case 'freeze-process':
      freeze(nth(processes(cluster), fault.process)?.process, fault.ms);
      return;
    case 'kill-agent':
      killAgent(nth(cluster.agents, fault.agent), fault.awayMs);
      return;
    case 'freeze-agent':
      freeze(nth(cluster.agents, fault.agent)?.life?.process, fault.ms);
      return;
    case 'kill-head':
      (cluster.leader() ?? cluster.heads[0])?.process.kill();
      return;
    case 'freeze-head':
      freeze((cluster.leader() ?? cluster.heads[0])?.process, fault.ms);
      return;
    case 'database-away':
      database.setUp(false);
      world.after(fault.ms, () => database.setUp(true));
      return;
    case 'lose-commit-answers':
      database.answersToLose = fault.count;
      return;
    case 'cut-database':
      cut(cluster, cluster.leader()?.machine.name, 'database', fault.ms);
      return;
    case 'nats-away':
      nats.setUp(false);
      world.after(fault.ms, () => nats.setUp(true));
      return;
    case 'cut-agent':
      for (const slot of cluster.slots) cut(cluster, nth(cluster.agents, fault.agent)?.machine.name, slot, fault.ms);
      return;
    case 'replace-agent-behind-cut': {
      const agent = nth(cluster.agents, fault.agent);
      for (const slot of cluster.slots) cut(cluster, agent?.machine.name, slot, fault.ms);
      world.after(fault.killAfterMs, () => killAgent(agent, 100));
      return;
    }
    case 'cut-agent-from-nats':
      cut(cluster, nth(cluster.agents, fault.agent)?.machine.name, 'nats', fault.ms);
      return;
    case 'break-stream':
      nth(cluster.agents, fault.agent)?.life?.connection?.break();
      return;
    case 'rough-messages':
      nats.isRough = true;
      world.after(fault.ms, () => {
        nats.isRough = false;
      });
  }
}

function nth<T>(list: readonly T[], n: number): T | undefined {
  return list[n % Math.max(1, list.length)];
}

function processes(cluster: Cluster): SimChild[] {
  return cluster.agents.flatMap((agent) => [...agent.children.values()]).filter((child) => child.process.isAlive);
}

function freeze(process: SimProcess | undefined, ms: number): void {
  if (process === undefined || process.isFrozen || !process.isAlive) return;
  process.freeze();
  process.world.after(ms, () => process.thaw());
}

function killAgent(agent: SimAgent | undefined, awayMs: number): void {
  if (agent === undefined || !agent.isUp) return;
  agent.kill();
  agent.cluster.world.after(awayMs, () => agent.start());
}

function closeSession(client: SimClient | undefined, afterMs: number): void {
  if (client === undefined || client.hasClosed) return;
  client.closeSession();
  client.cluster.world.after(afterMs, () => client.renew());
}

function cut(cluster: Cluster, a: string | undefined, b: string, ms: number): void {
  if (a === undefined) return;
  const link = cluster.linkBetween(a, b);
  if (link.isCut) return;
  link.cut();
  if (b === 'nats') for (const connection of cluster.nats.connections) connection.look();
  cluster.world.after(ms, () => {
    link.heal();
    if (b === 'nats') for (const connection of cluster.nats.connections) connection.look();
  });
}
