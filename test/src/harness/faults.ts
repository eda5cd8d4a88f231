import { signalTo } from './processes.js';
import type { FaultCluster } from './fault-cluster.js';

/** What a fault finds when it comes. */
export interface Scene {
  readonly cluster: FaultCluster;
  /** The process of an actor that is being called, and the agent that it lives on. */
  readonly actor: { readonly pid: number; readonly agent: string };
  /** The process of a rank that trains, and its agent. */
  readonly rank: { readonly pid: number; readonly agent: string };
}

/** Something that may happen to a cluster at any time. */
export interface Fault {
  /** What happens, as a sentence goes on after "when". */
  readonly name: string;
  /** Whether who calls an actor elsewhere and keeps its order may see an error: only where an actor, or its node, is hit. */
  readonly disturbsCalls: boolean;
  /** Whether the attempt that trains ends with it. */
  readonly endsRank: boolean;
  /** Whether the job must go on by itself, before `mend`; else it is `mend` that ends the fault. */
  readonly healsItself: boolean;
  hit(scene: Scene): Promise<void> | void;
  /** Brings back what does not come back by itself. */
  mend(scene: Scene): Promise<void> | void;
}

/** All that a machine's administrator, its kernel or its network may do. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'an actor is killed',
    disturbsCalls: true,
    endsRank: false,
    healsItself: true,
    hit: ({ actor }) => signalTo(actor.pid, 'SIGKILL'),
    mend: () => undefined,
  },
  {
    name: 'a rank is killed',
    disturbsCalls: false,
    endsRank: true,
    healsItself: true,
    hit: ({ rank }) => signalTo(rank.pid, 'SIGKILL'),
    mend: () => undefined,
  },
  {
    name: 'the agent with a rank is killed and stays away',
    disturbsCalls: true,
    endsRank: true,
    healsItself: true,
    hit: ({ cluster, rank }) => cluster.part(rank.agent).kill(),
    mend: ({ cluster, rank }) => cluster.part(rank.agent).start(),
  },
  ...['head', 'nats', 'postgres', 'gateway'].map((name): Fault => ({
    name: `${name} is killed and started again`,
    disturbsCalls: false,
    endsRank: false,
    healsItself: false,
    hit: ({ cluster }) => cluster.part(name).kill(),
    mend: ({ cluster }) => cluster.part(name).start(),
  })),
  {
    name: 'the agent with a rank is killed and started again',
    disturbsCalls: true,
    endsRank: true,
    healsItself: false,
    hit: ({ cluster, rank }) => cluster.part(rank.agent).kill(),
    mend: ({ cluster, rank }) => cluster.part(rank.agent).start(),
  },
  {
    name: 'an actor is frozen and thaws',
    disturbsCalls: false,
    endsRank: false,
    healsItself: false,
    hit: ({ actor }) => signalTo(actor.pid, 'SIGSTOP'),
    mend: ({ actor }) => signalTo(actor.pid, 'SIGCONT'),
  },
  {
    name: 'a rank is frozen',
    disturbsCalls: false,
    endsRank: true,
    healsItself: true,
    hit: ({ rank }) => signalTo(rank.pid, 'SIGSTOP'),
    mend: ({ rank }) => signalTo(rank.pid, 'SIGCONT'),
  },
  {
    name: 'the agent with a rank is frozen',
    disturbsCalls: true,
    endsRank: true,
    healsItself: true,
    hit: ({ cluster, rank }) => cluster.part(rank.agent).freeze(),
    mend: ({ cluster, rank }) => cluster.part(rank.agent).thaw(),
  },
  ...['head', 'nats', 'postgres', 'gateway'].map((name): Fault => ({
    name: `${name} is frozen and thaws`,
    disturbsCalls: false,
    endsRank: false,
    healsItself: false,
    hit: ({ cluster }) => cluster.part(name).freeze(),
    mend: ({ cluster }) => cluster.part(name).thaw(),
  })),
  {
    name: 'the link of head and agent is cut',
    disturbsCalls: true,
    endsRank: true,
    healsItself: true,
    hit: ({ cluster, rank }) => cluster.link(`${rank.agent}-head`).cut(),
    mend: ({ cluster, rank }) => cluster.link(`${rank.agent}-head`).heal(),
  },
  ...['head-postgres', 'head-nats', 'gateway-head', 'client-head'].map((name): Fault => ({
    name: `the link ${name} is cut and heals`,
    disturbsCalls: false,
    endsRank: false,
    healsItself: false,
    hit: ({ cluster }) => cluster.link(name).cut(),
    mend: ({ cluster }) => cluster.link(name).heal(),
  })),
  {
    name: 'the link of NATS and agent is cut and heals',
    disturbsCalls: false,
    endsRank: false,
    healsItself: false,
    hit: ({ cluster, rank }) => cluster.link(`${rank.agent}-nats`).cut(),
    mend: ({ cluster, rank }) => cluster.link(`${rank.agent}-nats`).heal(),
  },
];

/** @throws when there is no such fault */
export function faultNamed(name: string): Fault {
  const fault = FAULTS.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`There is no fault "${name}". There are: ${FAULTS.map((one) => one.name).join('; ')}.`);
  return fault;
}
