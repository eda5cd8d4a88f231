import type { ActorSpec, ActorView } from '@trainer/model';
import { decodeActorView, encodeCreateActor, type pb } from '@trainer/wire';
import type { ActorListing } from '../head/head-door.js';
import type { HeadRpc } from './head-rpc.js';

/** The head says first that an actor did not start in time. */
const CREATE_SLACK_MS = 5_000;
/** The head waits up to 30 s for the process to be gone. */
const KILL_DEADLINE_MS = 35_000;
const MAX_LISTED = 10_000;

/** An actor as the head shows it, with where to call it while it lives. */
export interface FoundActor {
  readonly listing: ActorListing;
  readonly target: { readonly address: string; readonly token: string } | null;
}

/** The head's ActorService in our words. */
export class ActorsRpc {
  readonly #rpc: HeadRpc;

  constructor(rpc: HeadRpc) {
    this.#rpc = rpc;
  }

  /** Idempotent by id; returns when the constructor has run, or the actor is dead. */
  async create(spec: ActorSpec, timeoutMs: number): Promise<FoundActor> {
    const { actors } = this.#rpc;
    const rules = { isIdempotent: true, deadlineMs: timeoutMs + CREATE_SLACK_MS };
    return found(await this.#rpc.unary(actors.create.bind(actors), encodeCreateActor({ spec, timeoutMs, getIfExists: false }), rules));
  }

  /** Idempotent; returns when the process is gone. */
  async kill(id: string, by: string): Promise<ActorListing> {
    const { actors } = this.#rpc;
    const view = await this.#rpc.unary(actors.kill.bind(actors), { id, by }, { isIdempotent: true, deadlineMs: KILL_DEADLINE_MS });
    return listingOf(decodeActorView(view));
  }

  async get(id: string, options: { readonly deadlineMs?: number } = {}): Promise<FoundActor> {
    const { actors } = this.#rpc;
    return found(await this.#rpc.unary(actors.get.bind(actors), { id, waitMs: 0 }, { isIdempotent: true, ...options }));
  }

  async list(options: { readonly withEnded?: boolean; readonly limit?: number } = {}): Promise<readonly ActorListing[]> {
    const { actors } = this.#rpc;
    const request = { withEnded: options.withEnded ?? false, limit: options.limit ?? MAX_LISTED };
    const reply = await this.#rpc.unary(actors.list.bind(actors), request, { isIdempotent: true });
    return reply.actors.map((view, index) => listingOf(decodeActorView(view, `actors[${index}]`)));
  }
}

function found(wire: pb.ActorView): FoundActor {
  const view = decodeActorView(wire);
  const isCallable = view.state.at === 'alive' && view.token !== null;
  return { listing: listingOf(view), target: isCallable ? { address: view.state.address, token: view.token } : null };
}

function listingOf({ id, className, session, state, restarts, resources }: ActorView): ActorListing {
  return { id, className, session, state, restarts, ...resources };
}
