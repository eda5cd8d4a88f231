import type { ActorArgs, ActorClassRef, SavedState } from './actors.js';
import type { DeathCause } from './causes.js';
import type { ErrorData } from './errors.js';
import type { LeaseId, NodeId, StreamId } from './ids.js';
import type { Begin, RankReport } from './jobs.js';
import type { AgentLeaseState, LeaseHolder } from './leases.js';
import type { Capacity, Grant, Millis } from './resources.js';

/** What agent and head say to each other (design.md section 1), in model types. */

/** The newest version of the protocol; one minor version of skew works, another major one is refused in the hello. */
export interface ProtocolVersion {
  readonly major: number;
  readonly minor: number;
}
export const PROTOCOL: ProtocolVersion = { major: 1, minor: 0 };

/** First on every stream of an agent. */
export interface Hello {
  readonly protocol: ProtocolVersion;
  readonly node: NodeId;
  readonly incarnation: number;
  /** From 1 in each incarnation, one higher on each stream: one that comes later than a higher one lay in a stream the agent has left. */
  readonly number: number;
  readonly host: string;
  readonly version: string;
  readonly capacity: Capacity;
  readonly labels: Readonly<Record<string, string>>;
  readonly leases: readonly HeldLease[];
  /** Number of the newest fact this incarnation has made; 0: none yet. */
  readonly newestFact: number;
  readonly newestHeadEpoch: number;
  readonly natsConnected: boolean;
  /** It is being stopped, and takes nothing new. */
  readonly isDraining: boolean;
  /** Engines this node can train with, such as `xgboost`; the others with the reason why not. */
  readonly engines: readonly EngineState[];
}
export interface EngineState {
  readonly engine: string;
  /** null: available. */
  readonly unavailable: string | null;
}
export interface HeldLease {
  readonly lease: LeaseId;
  readonly state: AgentLeaseState;
}

/**
 * A fact: numbered from 1 per incarnation without gaps, kept by the agent until acknowledged, stored by the head in the
 * transaction that also stores its number.
 */
export interface Fact {
  readonly number: number;
  readonly lease: LeaseId;
  readonly body: FactBody;
}
export type FactBody =
  | { readonly kind: 'started'; readonly pid: number }
  /** The constructor has run; `address` is the actor's own listener, host:port. */
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'rank'; readonly report: RankReport }
  /** The actor's newest state; the next incarnation is restored from it. */
  | { readonly kind: 'state'; readonly state: SavedState }
  /** What came could not be read, or is out of bounds; the head refuses it, which ends the actor that it came from. No agent says it. */
  | { readonly kind: 'unreadable'; readonly why: string }
  /** The process, if there was one, is gone and the lease's resources are free. Once per lease; its last fact. */
  | { readonly kind: 'ended'; readonly cause: DeathCause };

export type FromAgent =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'heartbeat'; readonly number: number; readonly natsConnected: boolean; readonly isDraining: boolean }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] };

export type ToAgent =
  /** The hello was read: resend the facts after `storedFact`. */
  | { readonly kind: 'hello-read'; readonly headEpoch: number; readonly storedFact: number }
  /** The hello is reconciled: from now on placements may come. */
  | {
      readonly kind: 'welcome';
      readonly stream: StreamId;
      readonly headEpoch: number;
      readonly lowWater: LeaseId;
      readonly verdicts: readonly LeaseVerdict[];
    }
  | { readonly kind: 'refused'; readonly error: ErrorData }
  /**
   * The head has lost its database: it stores nothing and commands nothing, but echoes. Facts wait at the agent. The stream ends
   * when the head goes on, and the agent says hello again on another one.
   */
  | { readonly kind: 'suspended'; readonly headEpoch: number }
  | { readonly kind: 'echo'; readonly number: number; readonly headEpoch: number }
  /** All facts up to `storedFact` are dealt with; `refused` names those of them that were not stored. */
  | { readonly kind: 'ack'; readonly storedFact: number; readonly refused: readonly RefusedFact[] }
  | { readonly kind: 'command'; readonly headEpoch: number; readonly command: AgentCommand };

export interface LeaseVerdict {
  readonly lease: LeaseId;
  readonly verdict: 'keep' | 'end';
}
export interface RefusedFact {
  readonly number: number;
  readonly why: string;
}

/** Commands to what runs; idempotent by lease id. */
export type AgentCommand =
  | { readonly kind: 'begin'; readonly lease: LeaseId; readonly begin: Begin }
  /** Ask the process to end: message, SIGTERM, SIGKILL. Answered by the fact `ended`. */
  | { readonly kind: 'stop'; readonly lease: LeaseId; readonly cause: DeathCause }
  /** End the lease now, whatever its state (SIGKILL). Answered by the fact `ended`, once. */
  | { readonly kind: 'release'; readonly lease: LeaseId; readonly cause: DeathCause };

/** What an actor process is started with. */
export interface StartSpec {
  readonly holder: LeaseHolder;
  readonly classRef: ActorClassRef;
  readonly className: string;
  /** Bundles: MessagePack of the constructor's arguments. Modules: MessagePack of the one argument after the context. */
  readonly args: ActorArgs;
  readonly concurrency: number;
  /** Callers must show it; one per incarnation. */
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
  /** What only actors of users have; null for a rank. */
  readonly actor: ActorStart | null;
}

/** What an actor's incarnation is started with, beside its class. */
export interface ActorStart {
  /** What it is restored from after its constructor has run; null: nothing was stored. */
  readonly state: SavedState | null;
  /** null: nothing is stored, as it will not be started again. */
  readonly checkpointEvery: Millis | 'call' | null;
  /** With it the process asks the head where other actors are, and nothing else. */
  readonly lookupToken: string;
}

/** Placement over NATS. Each carries the id of the agent's current stream. */
export interface PlaceRequest {
  readonly stream: StreamId;
  readonly headEpoch: number;
  readonly lowWater: LeaseId;
  readonly lease: LeaseId;
  readonly action:
    | { readonly kind: 'reserve'; readonly grant: Grant }
    | { readonly kind: 'start'; readonly spec: StartSpec }
    | { readonly kind: 'reserve-and-start'; readonly grant: Grant; readonly spec: StartSpec };
}
export type RefusalReason =
  | 'capacity'
  | 'stale-epoch'
  | 'stale-stream'
  | 'tombstone'
  | 'unknown-lease'
  | 'draining'
  | 'buffer-full'
  /** What came is not a request that the agent's version can read; it is about no lease that the agent knows. */
  | 'malformed';
/** An agent's first answer to a lease id is final and remembered. */
export type PlaceReply =
  { readonly kind: 'granted' } | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly message: string };
