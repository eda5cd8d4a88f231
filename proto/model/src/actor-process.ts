import type { ActorClassRef, SavedState } from './actors.js';
import type { ActorStart } from './agent-link.js';
import type { DeathCause } from './causes.js';
import type { ErrorData } from './errors.js';
import type { LeaseId } from './ids.js';
import type { Begin, RankReport } from './jobs.js';
import type { LeaseHolder } from './leases.js';
import type { Millis } from './resources.js';
import type { SignedRequest } from './signed-request.js';

/** What an agent and an actor's process say to each other over the process's own channel. Both are of one version and one machine. */

/**
 * The file descriptors of the channel in the process: a stream of frames each way. They are two, as a write to a process that has just
 * ended breaks its stream, and with it what the process had said and nobody had read yet.
 */
export const ACTOR_SAYS_FD = 3;
export const AGENT_SAYS_FD = 4;

/** Reports and states of one process that its head may not have dealt with yet; a process that goes on is not heard. */
export const MAX_WAITING_REPORTS = 1_000;

/** Requests of one process that its agent has not signed yet; a process that asks for more is not heard. */
export const MAX_SIGNING = 100;

/** Where the ranks of an agent keep what they have read of datasets, for those that come after. */
export interface DatasetCacheRoom {
  readonly folder: string;
  /** Of all that is kept together; 0: nothing is. */
  readonly quotaBytes: number;
}

/** Everything a process needs; its first message. It holds no secret of the cluster, only the token of its own incarnation. */
export interface ProcessStart {
  readonly lease: LeaseId;
  readonly holder: LeaseHolder;
  readonly classRef: ActorClassRef;
  readonly className: string;
  /** URL of the file to import: a bundle in the agent's cache, or the module of an installed package. */
  readonly moduleUrl: string;
  /** A file is in the scratch folder, and is removed once it was read. */
  readonly args: { readonly kind: 'inline'; readonly bytes: Uint8Array } | { readonly kind: 'file'; readonly path: string };
  readonly concurrency: number;
  readonly token: string;
  /** Set in the process's own environment before anything is loaded: thread counts, visible devices, what the caller asked for. */
  readonly environment: Readonly<Record<string, string>>;
  readonly threads: number;
  /** Added to the process's priority; ranks run at 10 so that agents stay responsive. */
  readonly nice: number;
  readonly listenHost: string;
  readonly advertisedHost: string;
  /** 0 to 0: any free port. */
  readonly ports: { readonly from: number; readonly to: number };
  readonly scratchDir: string;
  readonly nativeDir: string;
  readonly datasetCache: DatasetCacheRoom;
  /** How the object store is reached, as plain data; of actors only the runtime uses it, for large states. null: there is none. */
  readonly store: unknown;
  /** How often the main loop says that it lives; null: it need not (code of users may block). */
  readonly beatMs: Millis | null;
  /** How long answers are kept for a caller whose link broke. */
  readonly answersKeptMs: Millis;
  readonly actor: ActorStart | null;
  /** Where the head may be, host:port; actors ask it where others are. */
  readonly headAddresses: readonly string[];
}

export type ToActorProcess =
  | { readonly kind: 'start'; readonly start: ProcessStart }
  | { readonly kind: 'begin'; readonly begin: Begin }
  | { readonly kind: 'stop'; readonly reason: string }
  /** The head has dealt with the report of that number; `refused`: it was not stored, and why. */
  | { readonly kind: 'reported'; readonly number: number; readonly refused: string | null }
  /** The address for the request of that number; or why there is none. */
  | { readonly kind: 'signed'; readonly number: number; readonly url: string }
  | { readonly kind: 'not-signed'; readonly number: number; readonly why: string; readonly retry: ErrorData['retry'] }
  /** The agent lives and hears its head; without another such message the process ends itself after `leftMs`. */
  | { readonly kind: 'owned'; readonly leftMs: Millis };

export type FromActorProcess =
  | { readonly kind: 'ready'; readonly address: string }
  /** The process ends itself: its class could not be loaded or constructed, or its owner was not heard for too long. */
  | { readonly kind: 'failed'; readonly cause: DeathCause }
  | { readonly kind: 'report'; readonly number: number; readonly report: RankReport }
  /** Its newest state; answered by `reported` of the same row of numbers. */
  | { readonly kind: 'state'; readonly number: number; readonly state: SavedState }
  /** It wants an address of the object store for one request; answered by `signed` or `not-signed`. */
  | { readonly kind: 'sign'; readonly number: number; readonly request: SignedRequest }
  /** The main loop lives. `step`: the step of its work that a rank is at, counted from 1; null: it waits for others, or is no rank. */
  | { readonly kind: 'beat'; readonly step: number | null }
  /** An error that nobody caught ends the process: its name, message and stack, `MAX_LAST_ERROR_BYTES` at most. */
  | { readonly kind: 'threw'; readonly text: string }
  /** A rank's work is done; the process ends. */
  | { readonly kind: 'finished' };
