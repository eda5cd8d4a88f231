import { inShort, type DeathCause } from './causes.js';
import type { ActorId, BundleHash, LeaseId, NodeId, SessionId } from './ids.js';
import type { Millis, Resources } from './resources.js';

/** Where an actor's class comes from: a bundle uploaded by a client, or a module of an installed package of ours. */
export type ActorClassRef =
  | { readonly kind: 'bundle'; readonly hash: BundleHash; readonly exportName: string }
  | { readonly kind: 'module'; readonly specifier: string; readonly exportName: string };

/**
 * MessagePack of what a constructor is called with: small ones travel as they are, larger ones lie in the object store until the
 * actor's end, under `actorArgsKey`.
 */
export type ActorArgs = { readonly kind: 'inline'; readonly bytes: Uint8Array } | ({ readonly kind: 'stored' } & StoredArgs);

export interface StoredArgs {
  readonly bytes: number;
  /** SHA-256, 64 hex. */
  readonly sha256: string;
}

/** Arguments up to this many bytes travel in messages and lie in rows; a head with 10,000 such actors holds 640 MiB of them. */
export const INLINE_ARGS_BYTES = 64 * 1024;

/** Of a constructor's arguments (actors.md). */
export const MAX_ARGS_BYTES = 64 * 2 ** 20;

/**
 * What a value of a stream takes of its reader's window: its bytes, and what holds it while it waits. So a window bounds how many
 * small ones wait too. Both sides count alike (`Call.window_bytes`).
 */
export function windowCost(valueBytes: number): number {
  return valueBytes + 128;
}

/** What a client asks for; it never changes. */
export interface ActorSpec {
  readonly id: ActorId;
  /** Whose end ends it; null: detached, it lives until it is killed. */
  readonly session: SessionId | null;
  /** One unended actor of a namespace has it; null: it is found by its id alone. */
  readonly name: string | null;
  readonly namespace: string;
  readonly classRef: ActorClassRef;
  readonly className: string;
  readonly args: ActorArgs;
  readonly resources: Resources;
  readonly concurrency: number;
  readonly priority: number;
  readonly env: Readonly<Record<string, string>>;
  /** How often it is started again after its process or node is gone; -1: always. */
  readonly maxRestarts: number;
  /** How old the stored state of a class with `checkpoint` may be; `'call'`: stored before each answer goes out. */
  readonly checkpointEvery: Millis | 'call';
  /** How often a call whose outcome is unknown is made again by its caller. */
  readonly maxCallRetries: number;
}

/** What `checkpoint()` gave, as MessagePack: small states travel as they are, larger ones lie in the object store. */
export type SavedState =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'object'; readonly bucket: string; readonly key: string; readonly bytes: number };

/** States up to this many bytes travel as facts (actors.md). */
export const INLINE_STATE_BYTES = 64 * 1024;

/** Where larger states lie; the head removes them, whoever wrote them. */
export const ACTOR_STATES_BUCKET = 'trainer-actors';

/** Everything stored for an actor begins with it. */
export function actorStatesPrefix(actor: ActorId): string {
  return `actors/${actor}/`;
}

/** Where large arguments of its constructor lie; what has the key has the content. */
export function actorArgsKey(actor: ActorId, sha256: string): string {
  return `${actorStatesPrefix(actor)}args-${sha256}`;
}

/** The actor that an object is stored for; null: for none. */
export function actorOfKey(key: string): ActorId | null {
  const match = /^actors\/(actor-[0-9a-f]{16})\//.exec(key);
  return match?.[1] === undefined ? null : (match[1] as ActorId);
}

/** @param n counts the states of an incarnation, from 1; no key is written twice */
export function actorStateKey(actor: ActorId, incarnation: number, n: number): string {
  return `${actorStatesPrefix(actor)}${incarnation}-${n}`;
}

/** The reverse of `actorStateKey`; null: it is no such key. */
export function parseActorStateKey(key: string): { readonly actor: ActorId; readonly incarnation: number; readonly n: number } | null {
  const match = /^actors\/(actor-[0-9a-f]{16})\/([1-9][0-9]{0,9})-([1-9][0-9]{0,14})$/.exec(key);
  return match?.[1] === undefined ? null : { actor: match[1] as ActorId, incarnation: Number(match[2]), n: Number(match[3]) };
}

/**
 * pending --placed--> starting --ready--> alive --kill--> stopping --lease ended--> dead;
 * starting (again), alive --its process or node is gone, restarts are left--> pending, else dead.
 */
export type ActorState =
  | { readonly at: 'pending'; readonly since: Millis; readonly reason: string | null }
  | { readonly at: 'starting'; readonly since: Millis; readonly lease: LeaseId; readonly incarnation: number }
  | {
      readonly at: 'alive';
      readonly since: Millis;
      readonly lease: LeaseId;
      readonly incarnation: number;
      readonly node: NodeId;
      readonly address: string;
    }
  | { readonly at: 'stopping'; readonly since: Millis; readonly lease: LeaseId; readonly cause: DeathCause }
  | { readonly at: 'dead'; readonly since: Millis; readonly cause: DeathCause };

export type ActorStateName = ActorState['at'];

/** The end of an incarnation of an actor. */
export interface Death {
  /** From 1. */
  readonly incarnation: number;
  readonly at: Millis;
  readonly cause: DeathCause;
}

/** Ends that an actor keeps: enough to see a pattern, few enough to be stored with each restart. */
export const MOST_DEATHS = 10;

/** @returns the list with one more end, at most `MOST_DEATHS` long */
export function withDeath(deaths: readonly Death[], next: Death): readonly Death[] {
  const older = deaths.slice(1 - MOST_DEATHS).map((death) => ({ ...death, cause: inShort(death.cause) }));
  return [...older, next];
}

export interface Actor {
  readonly spec: ActorSpec;
  readonly state: ActorState;
  readonly restarts: number;
  /** The ends of its newest incarnations, `MOST_DEATHS` at most, oldest first; the newest as it was told, the others in short. */
  readonly deaths: readonly Death[];
  /** Has a constructor of it ever run to its end? Before that it is still being created. */
  readonly hasRun: boolean;
  /** Restarts that followed each other quickly, the last one included; the pause before it grows with them. */
  readonly quickRestarts: number;
}

/** An actor as clients see it. */
export interface ActorView {
  readonly id: ActorId;
  readonly className: string;
  /** null: detached. */
  readonly session: SessionId | null;
  readonly name: string | null;
  readonly namespace: string;
  readonly resources: Resources;
  readonly maxRestarts: number;
  readonly maxCallRetries: number;
  readonly restarts: number;
  readonly deaths: readonly Death[];
  readonly state: ActorState;
  /** What callers show the incarnation that lives; null where the reader may not call it, or none lives. */
  readonly token: string | null;
}

export const ACTOR_TRANSITIONS: Readonly<Record<ActorStateName, readonly ActorStateName[]>> = {
  pending: ['starting', 'dead'],
  starting: ['alive', 'stopping', 'pending', 'dead'],
  alive: ['stopping', 'pending', 'dead'],
  stopping: ['dead'],
  dead: [],
};
