import { actorId, fromErrorData, TrainerError } from '@trainer/model';
import type { Actor, ActorId, ActorView, Clock, Millis } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { ActorServiceServer, pb } from '@trainer/wire';
import { decodeCreateActor, encodeActorView } from '@trainer/wire';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { InfeasibleError } from '../loop/planner.js';
import type { Secrets } from '../placement/start-spec.js';
import { SessionUnknownError } from '../sessions/sessions.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { unary } from './answering.js';
import { ActorDiedError, ActorNotFoundError, BundleUnknownError, PlacementTimeoutError } from './errors.js';

export interface ActorRules {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logs: ActorServiceServer['logs'];
}

/** What a creator waits when it names no time: a cold start takes a second, a full cluster may take longer. */
const DEFAULT_CREATE_MS = 60_000;
/** The ladder of an agent's stop ends in SIGKILL well within it. */
const KILL_WAIT_MS = 30_000;
const MAX_LISTED = 10_000;
/** Reasons kept for creators that are about to be told. */
const MAX_INFEASIBLE = 1_000;
/** Hashes remembered; others are looked up in the store. */
const MAX_BUNDLES_SEEN = 1_000;

/** Actors: created, killed, found and listed. Create and Kill are idempotent by id. */
export class ActorCalls {
  readonly server: ActorServiceServer;
  /** Bundles are never removed, so that one look is enough. */
  readonly #bundles = new Set<string>();
  readonly #infeasible = new Map<ActorId, InfeasibleError>();

  constructor(private readonly rules: ActorRules) {
    const { logger, logs } = rules;
    this.server = {
      create: unary(logger, (request: pb.CreateActorRequest) => this.#create(request)),
      kill: unary(logger, (request: pb.KillActorRequest) => this.#kill(request)),
      get: unary(logger, (request: pb.GetActorRequest) => this.#get(request)),
      list: unary(logger, (request: pb.ListActorsRequest) => this.#list(request)),
      logs,
    };
  }

  /** The scheduler's answer, told before the actor's end is committed. */
  infeasible(actor: ActorId, error: InfeasibleError): void {
    if (this.#infeasible.size < MAX_INFEASIBLE) this.#infeasible.set(actor, error);
  }

  async #create(request: pb.CreateActorRequest): Promise<pb.ActorView> {
    const { loop, clock } = this.rules;
    const { spec, timeoutMs: asked } = decodeCreateActor(request);
    const timeoutMs = asked > 0 ? asked : DEFAULT_CREATE_MS;
    const known =
      loop.state.actors.get(spec.id) ?? (await this.#known(spec.id, spec.classRef.kind === 'bundle' ? spec.classRef.hash : null));
    const startedMs = clock.monotonicMs();
    const ran = loop.actors.until(spec.id, loop.state.actors.seen(spec.id) ?? settled(known), hasRun, timeoutMs);
    if (known === null) {
      await loop.turn((turn) => {
        if (turn.actor(spec.id) !== undefined) return;
        if (spec.session === null || turn.session(spec.session)?.state !== 'open') throw new SessionUnknownError(spec.session ?? '');
        turn.addActor({ spec, state: { at: 'pending', since: turn.now, reason: null }, restarts: 0, lastDeath: null });
      });
    }
    const actor = await ran;
    if (actor === null) return this.#gaveUp(spec.id, clock.monotonicMs() - startedMs);
    this.#checkRan(actor);
    return encodeActorView(this.#view(actor));
  }

  async #known(id: ActorId, bundle: string | null): Promise<Actor | null> {
    const isSeen = bundle === null || this.#bundles.has(bundle);
    const [known, has] = await Promise.all([this.rules.store.actor(id), isSeen || this.rules.store.hasBundle(bundle)]);
    if (known === null && !has) throw new BundleUnknownError(bundle ?? '');
    if (bundle !== null && has && this.#bundles.size < MAX_BUNDLES_SEEN) this.#bundles.add(bundle);
    return known;
  }

  async #gaveUp(id: ActorId, afterMs: Millis): Promise<never> {
    const waiting = this.rules.loop.state.actors.seen(id)?.state;
    await this.rules.loop.turn((turn) => turn.stepActor(id, { kind: 'create-deadline', afterMs }));
    throw new PlacementTimeoutError(id, Math.round(afterMs), waiting?.at === 'pending' ? waiting.reason : null);
  }

  #checkRan(actor: Actor): void {
    if (actor.state.at !== 'dead') return;
    const { id } = actor.spec;
    const infeasible = this.#infeasible.get(id);
    this.#infeasible.delete(id);
    if (infeasible !== undefined) throw infeasible;
    const { cause } = actor.state;
    if (cause.kind === 'constructor-threw')
      throw new TrainerError('call.threw', `${cause.error.name}: ${cause.error.message}`, { ...cause.error });
    if (cause.kind === 'load-failed') throw fromErrorData(cause.error);
    throw new ActorDiedError(id, cause);
  }

  async #kill(request: pb.KillActorRequest): Promise<pb.ActorView> {
    const { loop } = this.rules;
    const id = this.#id(request.id);
    if (loop.state.actors.get(id) === undefined) return encodeActorView(this.#view(await this.#stored(id)));
    const gone = loop.actors.until(id, undefined, (actor) => actor.state.at === 'dead', KILL_WAIT_MS);
    await loop.turn((turn) => turn.stepActor(id, { kind: 'kill', by: request.by }));
    const now = loop.state.actors.seen(id);
    return encodeActorView(this.#view((now === undefined ? null : await gone) ?? now ?? (await this.#stored(id))));
  }

  async #get(request: pb.GetActorRequest): Promise<pb.ActorView> {
    const { loop } = this.rules;
    const id = this.#id(request.id);
    const seen = loop.state.actors.seen(id);
    if (seen === undefined) return encodeActorView(this.#view(await this.#stored(id)));
    const ran = request.waitMs > 0 ? await loop.actors.until(id, seen, hasRun, request.waitMs) : seen;
    return encodeActorView(this.#view(ran ?? loop.state.actors.seen(id) ?? seen));
  }

  async #list(request: pb.ListActorsRequest): Promise<pb.ListActorsReply> {
    const limit = Math.min(request.limit === 0 ? MAX_LISTED : request.limit, MAX_LISTED);
    const actors = request.withEnded
      ? await this.rules.store.actors(limit)
      : [...this.rules.loop.state.actors.committed()].reverse().slice(0, limit);
    return { actors: actors.map((actor) => encodeActorView(this.#view(actor, false))) };
  }

  async #stored(id: ActorId): Promise<Actor> {
    const actor = await this.rules.store.actor(id);
    if (actor === null) throw new ActorNotFoundError(id);
    return actor;
  }

  #id(text: string): ActorId {
    try {
      return actorId(text);
    } catch {
      throw new ActorNotFoundError(text);
    }
  }

  #view(actor: Actor, withToken = true): ActorView {
    const { spec, state, restarts, lastDeath } = actor;
    const token = withToken && state.at === 'alive' ? this.rules.secrets.tokenOf(state.lease) : null;
    const { id, className, session, name, namespace, resources, maxRestarts, maxCallRetries } = spec;
    return { id, className, session, name, namespace, resources, maxRestarts, maxCallRetries, restarts, lastDeath, state, token };
  }
}

/** Is there an answer for its creator? */
function hasRun(actor: Actor): boolean {
  return actor.state.at === 'alive' || actor.state.at === 'dead';
}

/** An ended actor is not in the books any more. */
function settled(known: Actor | null): Actor | undefined {
  return known?.state.at === 'dead' ? known : undefined;
}
