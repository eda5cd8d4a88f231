import type {
  ActorId,
  ActorView,
  Capacity,
  FactBody,
  HeadId,
  JobId,
  JobStatus,
  LeaseId,
  NodeId,
  PlaceReply,
  PlaceRequest,
  RefusedFact,
  SessionId,
  StreamId,
} from '@trainer/model';
import type { Launch, LeaseKeeper, Outbox } from '@trainer/agent/internal';
import { scaledTimers } from '@trainer/head/internal';
import type { ClusterLoop, HeadParts, HeadServices } from '@trainer/head/internal';
import type { SimChild } from './child.js';
import type { SimDatabase } from './database.js';
import type { SimNats } from './nats.js';
import type { Link } from './network.js';
import type { SimObjects } from './objects.js';
import type { Machine, SimProcess, World } from './world.js';

/** The head's timers, as designed. */
export const TIMERS = scaledTimers((ms) => ms);

/** An agent's machine, as others see it. */
export interface AgentPart {
  readonly node: NodeId;
  readonly machine: Machine;
  readonly incarnation: number;
  readonly capacity: Capacity;
  /** The newest head epoch in any message that reached it. */
  heardEpoch: number;
  /** That of the newest message. */
  spokenEpoch: number;
  readonly life: { readonly process: SimProcess; readonly keeper: LeaseKeeper; readonly outbox: Outbox } | null;
  readonly children: ReadonlyMap<number, SimChild>;
}

/** One life of a head's process, as others see it. */
export interface HeadPart {
  readonly id: HeadId;
  readonly slot: string;
  readonly machine: Machine;
  readonly process: SimProcess;
  readonly loop: ClusterLoop | null;
  readonly services: HeadServices | null;
  /** A stream of an agent or a client begins; `call` is the server's end of it. */
  accept(service: 'agents' | 'sessions', call: object): void;
}

/** What agents, heads and clients tell of what they do and hear. */
export interface Teller {
  leaseOf(child: SimChild): LeaseId | undefined;
  spawned(agent: AgentPart, child: SimChild, launch: Launch): void;
  gone(child: SimChild): void;
  restored(child: SimChild, calls: number): void;
  answered(child: SimChild, calls: number): void;
  made(node: NodeId, incarnation: number, lease: LeaseId, number: number, body: FactBody): void;
  speaks(agent: AgentPart, headEpoch: number): void;
  obeyed(agent: AgentPart, what: string): void;
  placed(agent: AgentPart, stream: StreamId | null, request: PlaceRequest, reply: PlaceReply): void;
  acknowledged(agent: AgentPart, storedFact: number, refused: readonly RefusedFact[]): void;
  logged(message: string, fields: object | undefined): void;
  sessionOpened(session: SessionId): void;
  sessionClosed(session: SessionId): void;
  sessionRefused(session: SessionId): void;
  contact(session: SessionId, head: HeadPart): void;
  createAnswered(view: ActorView): void;
  killAnswered(view: ActorView): void;
  submitAnswered(key: string, job: JobId): void;
  cancelAnswered(job: JobId, status: JobStatus): void;
}

/** What agents, heads and clients stand on. */
export interface Ground {
  readonly world: World;
  readonly database: SimDatabase;
  readonly nats: SimNats;
  readonly objects: SimObjects;
  readonly modelsBucket: string;
  readonly config: HeadParts['config'];
  readonly slots: readonly string[];
  readonly witness: Teller;
  linkBetween(a: string, b: string): Link;
  nextPid(): number;
  /** From now on this head is found at its address. */
  listens(head: HeadPart): void;
  listeningAt(slot: string): HeadPart | null;
  /** Has PostgreSQL a connection of that head? */
  isConnected(head: string): boolean;
  /** @param address of a process, as its `ready` names it */
  isProcessAlive(address: string): boolean;
  created(actor: ActorId): void;
  submitted(job: JobId): void;
}

/** What is looked at. */
export interface Stage extends Pick<Ground, 'world' | 'database' | 'objects' | 'modelsBucket'> {
  readonly agents: readonly AgentPart[];
  readonly heads: readonly HeadPart[];
}
