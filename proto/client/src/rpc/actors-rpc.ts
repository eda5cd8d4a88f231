import type { ActorSpec, ActorView } from '@trainer/model';
import { decodeActorView, encodeCreateActor, type pb } from '@trainer/wire';
import type { ActorLocation, CallTarget, Look } from '../calls/actor-search.js';
import type { ActorListing } from '../head/head-door.js';
import type { HeadRpc } from './head-rpc.js';

/** The head says first that an actor did not start in time. */
const CREATE_SLACK_MS = 5_000;
/** The head waits up to 30 s for the process to be gone. */
const KILL_DEADLINE_MS = 35_000;
/** A head that is asked to wait answers by then, or is gone. */
const GET_DEADLINE_MS = 2_000;
const MAX_LISTED = 10_000;

/** An actor as the head shows it, with where to call it while it lives. */
export interface FoundActor {
  readonly listing: ActorListing;
  readonly target: CallTarget | null;
}

/** The head's ActorService in our words. */
export class ActorsRpc {
  readonly #rpc: HeadRpc;

  constructor(rpc: HeadRpc) {
    this.#rpc = rpc;
  }

  /**
   * Idempotent by id; returns when the constructor has run, or the actor is dead. With `getIfExists` it may be the actor that has
   * the name already.
   */
  async create(spec: ActorSpec, options: { readonly timeoutMs: number; readonly getIfExists: boolean }): Promise<FoundActor> {
    const { actors } = this.#rpc;
    const rules = { isIdempotent: true, deadlineMs: options.timeoutMs + CREATE_SLACK_MS };
    return found(await this.#rpc.unary(actors.create.bind(actors), encodeCreateActor({ spec, ...options }), rules));
  }

  /** Idempotent; returns when the process is gone. */
  async kill(id: string, by: string): Promise<ActorListing> {
    const { actors } = this.#rpc;
    const view = await this.#rpc.unary(actors.kill.bind(actors), { id, by }, { isIdempotent: true, deadlineMs: KILL_DEADLINE_MS });
    return listingOf(decodeActorView(view));
  }

  async get(id: string): Promise<FoundActor> {
    const { actors } = this.#rpc;
    return found(
      await this.#rpc.unary(actors.get.bind(actors), { id, waitMs: 0, name: undefined, ended: undefined }, { isIdempotent: true }),
    );
  }

  /** The unended actor of that name. @throws TrainerError `actor.not-found` */
  async find(name: { readonly namespace: string; readonly name: string }): Promise<FoundActor> {
    const { actors } = this.#rpc;
    return found(await this.#rpc.unary(actors.get.bind(actors), { id: '', waitMs: 0, name, ended: undefined }, { isIdempotent: true }));
  }

  /** Where it can be called. Rejects soon after the wait when no head answers. */
  async locate(id: string, look: Look): Promise<ActorLocation> {
    const { actors } = this.#rpc;
    const { waitMs } = look;
    const rules = { isIdempotent: true, deadlineMs: waitMs + GET_DEADLINE_MS };
    const request = { id, waitMs, name: undefined, ended: look.until === 'ended' ? look.token : undefined };
    return locationOf(found(await this.#rpc.unary(actors.get.bind(actors), request, rules)));
  }

  async list(options: { readonly withEnded?: boolean; readonly limit?: number } = {}): Promise<readonly ActorListing[]> {
    const { actors } = this.#rpc;
    const request = { withEnded: options.withEnded ?? false, limit: options.limit ?? MAX_LISTED };
    const reply = await this.#rpc.unary(actors.list.bind(actors), request, { isIdempotent: true });
    return reply.actors.map((view, index) => listingOf(decodeActorView(view, `actors[${index}]`)));
  }
}

/** What the head's word means for who calls the actor. */
export function locationOf({ listing, target }: FoundActor): ActorLocation {
  const { state, deaths, maxCallRetries } = listing;
  const lastDeath = deaths.at(-1)?.cause ?? null;
  // A stopping actor whose listener is gone answers nothing any more, and the cause of its end is known.
  if (state.at === 'dead' || state.at === 'stopping') return { at: 'dead', cause: state.cause };
  return target === null ? { at: 'moving', lastDeath, maxCallRetries } : { at: 'alive', target, lastDeath, maxCallRetries };
}

function found(wire: pb.ActorView): FoundActor {
  const view = decodeActorView(wire);
  const isCallable = view.state.at === 'alive' && view.token !== null;
  return { listing: listingOf(view), target: isCallable ? { address: view.state.address, token: view.token } : null };
}

function listingOf({ resources, token: _token, ...listing }: ActorView): ActorListing {
  return { ...listing, ...resources };
}
