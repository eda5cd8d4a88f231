import { actorId, fromErrorData, inShort, InvalidRequestError, short, TrainerError } from '@trainer/model';
import type { Actor, ActorId, ActorSpec, ActorState, ActorView, Clock, Issue, Millis } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { ActorServiceServer, CreateActor, pb } from '@trainer/wire';
import { decodeCreateActor, encodeActorView } from '@trainer/wire';
import { DEFAULT_NAMESPACE, differenceOf, holderOf, namedActor, nameIssues, NameTakenError } from '../actors/actor-names.js';
import type { UploadedArgs } from '../actors/uploaded-args.js';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { InfeasibleError } from '../loop/planner.js';
import type { Secrets } from '../placement/start-spec.js';
import { SessionUnknownError } from '../sessions/sessions.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { FencedError } from '../store/errors.js';
import { unary } from './answering.js';
import { AtMost } from './at-most.js';
import { ActorDiedError, ActorNotFoundError, BundleUnknownError, PlacementTimeoutError } from './errors.js';

export interface ActorRules {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logs: ActorServiceServer['logs'];
  /** Why it waits, as it is now; null: nothing is known of its waiting. */
  readonly reasonOf: (actor: ActorId) => string | null;
  readonly args: UploadedArgs;
}

/** What a creator waits when it names no time: a cold start takes a second, a full cluster may take longer. */
const DEFAULT_CREATE_MS = 60_000;
/** The ladder of an agent's stop ends in SIGKILL well within it. */
const KILL_WAIT_MS = 30_000;
const MAX_LISTED = 10_000;
/** Of each text in a list: ten thousand actors fit into an answer, whatever they are and say (`get` has all of it). */
const LISTED_CHARS = 300;
/** actors.md: 0..99. */
const MAX_PRIORITY = 99;
/** Reasons kept for creators that are about to be told. */
const MAX_INFEASIBLE = 1_000;
/** Hashes remembered; others are looked up in the store. */
const MAX_BUNDLES_SEEN = 1_000;
/** Creates that ask the store at once, and those that wait for it: a client has 10,000 calls under way at most. */
const MAX_ASKING = 20;
const MAX_WAITING = 20_000;
/** Ids remembered whose kill came before their create; it follows within seconds, if at all. */
const MAX_UNBORN = 1_000;

/** Actors: created, killed, found and listed. Create and Kill are idempotent by id. */
export class ActorCalls {
  readonly server: ActorServiceServer;
  /** Bundles are never removed, so that one look is enough. */
  readonly #bundles = new Set<string>();
  readonly #infeasible = new Map<ActorId, InfeasibleError>();
  readonly #admitting = new Map<ActorId, Promise<Actor>>();
  readonly #asking = new AtMost(MAX_ASKING, MAX_WAITING);
  readonly #killedUnborn = new Map<ActorId, string>();

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
    this.#infeasible.set(actor, error);
    // The creators of the oldest have left.
    const [oldest] = this.#infeasible.keys();
    if (oldest !== undefined && this.#infeasible.size > MAX_INFEASIBLE) this.#infeasible.delete(oldest);
  }

  async #create(request: pb.CreateActorRequest): Promise<pb.ActorView> {
    const { loop, clock } = this.rules;
    const { spec, timeoutMs, getIfExists } = checkedCreate(decodeCreateActor(request));
    const startedMs = clock.monotonicMs();
    for (;;) {
      const found = (await this.#admitInOrder(spec, getIfExists)).spec.id;
      const isOwn = found === spec.id;
      if (!isOwn) this.rules.args.forget(spec.id);
      const now = loop.state.actors.seen(found) ?? (await this.#stored(found));
      const isEnding = !isOwn && now.state.at === 'stopping';
      const leftMs = startedMs + timeoutMs - clock.monotonicMs();
      const actor = await loop.actors.until(found, now, isEnding ? isDead : isAliveOrDead, leftMs);
      if (actor === null) return this.#gaveUp(found, clock.monotonicMs() - startedMs, isOwn);
      // The other one of that name is gone, and the name is free.
      if (!isOwn && isDead(actor)) continue;
      this.#checkRan(actor);
      return encodeActorView(this.#view(actor));
    }
  }

  /** Creates of one id follow each other: each sees what the one before has stored. */
  async #admitInOrder(spec: ActorSpec, getIfExists: boolean): Promise<Actor> {
    const { id } = spec;
    const before = this.#admitting.get(id) ?? Promise.resolve();
    const run = before.catch(() => undefined).then(() => this.#admit(spec, getIfExists));
    this.#admitting.set(id, run);
    try {
      return await run;
    } finally {
      if (this.#admitting.get(id) === run) this.#admitting.delete(id);
    }
  }

  /** @returns the actor of that id, else, where it will do, the one of that name; new: it is stored */
  async #admit(spec: ActorSpec, getIfExists: boolean): Promise<Actor> {
    const { loop } = this.rules;
    const known = loop.state.actors.get(spec.id) ?? (await this.#asking.run(() => this.#known(spec)));
    if (known !== null) return known;
    await this.rules.args.check(spec);
    return loop.turn((turn) => {
      const by = this.#killedUnborn.get(spec.id);
      if (by !== undefined) throw new ActorDiedError(spec.id, { kind: 'killed', by });
      const { name, namespace, session } = spec;
      const holder = name === null ? undefined : holderOf(turn, { namespace, name });
      if (holder !== undefined && name !== null) {
        const why = getIfExists ? differenceOf(spec, holder.spec) : 'taken';
        if (why !== null) {
          this.rules.args.forget(spec.id);
          throw new NameTakenError({ namespace, name }, holder, why);
        }
        return holder;
      }
      if (session !== null && turn.session(session)?.state !== 'open') throw new SessionUnknownError(session);
      const actor: Actor = {
        spec,
        state: { at: 'pending', since: turn.now, reason: null },
        restarts: 0,
        deaths: [],
        hasRun: false,
        quickRestarts: 0,
      };
      turn.addActor(actor);
      return actor;
    });
  }

  async #known({ id, classRef }: ActorSpec): Promise<Actor | null> {
    const bundle = classRef.kind === 'bundle' ? classRef.hash : null;
    const isSeen = bundle === null || this.#bundles.has(bundle);
    const [known, has] = await Promise.all([this.rules.store.actor(id), isSeen || this.rules.store.hasBundle(bundle)]);
    if (known === null && !has) throw new BundleUnknownError(bundle ?? '');
    if (bundle !== null && has && this.#bundles.size < MAX_BUNDLES_SEEN) this.#bundles.add(bundle);
    return known;
  }

  async #gaveUp(id: ActorId, afterMs: Millis, isOwn: boolean): Promise<never> {
    const waiting = this.rules.loop.state.actors.seen(id);
    // One that ran before is only being started again: who asks once more for its creation ends nothing.
    const isEnded = isOwn && waiting?.hasRun !== true;
    if (isEnded) await this.rules.loop.turn((turn) => turn.stepActor(id, { kind: 'create-deadline', afterMs }));
    if (isOwn && waiting === undefined) this.#ended(await this.#stored(id));
    const state = waiting === undefined ? null : this.#stateOf(waiting);
    const reason = state?.at === 'pending' ? state.reason : null;
    throw new PlacementTimeoutError(id, Math.round(afterMs), reason, isEnded);
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
    if (loop.state.actors.get(id) === undefined) {
      const stored = await this.rules.store.actor(id);
      // It may have been created while the store was asked.
      if (loop.state.actors.get(id) === undefined) {
        if (stored === null) this.#rememberUnborn(id, request.by);
        return encodeActorView(this.#view(this.#ended(stored ?? (await this.#stored(id)))));
      }
    }
    const gone = loop.actors.until(id, undefined, isDead, KILL_WAIT_MS);
    await loop.turn((turn) => turn.stepActor(id, { kind: 'kill', by: request.by }));
    const now = loop.state.actors.seen(id);
    return encodeActorView(this.#view((now === undefined ? null : await gone) ?? now ?? (await this.#stored(id))));
  }

  /** Its create may still be under way: a kill that overtakes it must not be lost. */
  #rememberUnborn(id: ActorId, by: string): void {
    const [oldest] = this.#killedUnborn.keys();
    if (oldest !== undefined && this.#killedUnborn.size >= MAX_UNBORN) this.#killedUnborn.delete(oldest);
    this.#killedUnborn.set(id, by);
    this.rules.args.forget(id);
  }

  async #get(request: pb.GetActorRequest): Promise<pb.ActorView> {
    const { loop } = this.rules;
    const { name } = request;
    const id = name === undefined ? this.#id(request.id) : namedActor(loop.state, withNamespace(name)).spec.id;
    const seen = loop.state.actors.seen(id);
    if (seen === undefined) return encodeActorView(this.#view(await this.#stored(id)));
    const { ended, waitMs } = request;
    const isAwaited = ended === undefined ? isAliveOrDead : (actor: Actor): boolean => this.#tokenOf(actor) !== ended;
    const found = waitMs > 0 ? await loop.actors.until(id, seen, isAwaited, waitMs) : seen;
    return encodeActorView(this.#view(found ?? loop.state.actors.seen(id) ?? seen));
  }

  async #list(request: pb.ListActorsRequest): Promise<pb.ListActorsReply> {
    const limit = Math.min(request.limit === 0 ? MAX_LISTED : request.limit, MAX_LISTED);
    const actors = request.withEnded
      ? await this.rules.store.actors(limit)
      : [...this.rules.loop.state.actors.committed()].reverse().slice(0, limit);
    return { actors: actors.map((actor) => encodeActorView(inList(this.#view(actor, false)))) };
  }

  async #stored(id: ActorId): Promise<Actor> {
    const actor = await this.rules.store.actor(id);
    if (actor === null) throw new ActorNotFoundError(id);
    return actor;
  }

  /** @throws FencedError where one that is not in the book lives: another head has stored it, and this one leads no more */
  #ended(stored: Actor): Actor {
    if (!isDead(stored)) throw new FencedError(this.rules.loop.state.headEpoch, null);
    return stored;
  }

  #id(text: string): ActorId {
    try {
      return actorId(text);
    } catch {
      throw new ActorNotFoundError(text);
    }
  }

  /** Of the incarnation that lives; null: none does. */
  #tokenOf({ state }: Actor): string | null {
    return state.at === 'alive' ? this.rules.secrets.tokenOf(state.lease) : null;
  }

  /** The reason of one that waits is put into words when it is read (scheduling/reasons.ts). */
  #stateOf({ spec, state }: Actor): ActorState {
    return state.at === 'pending' ? { ...state, reason: this.rules.reasonOf(spec.id) ?? state.reason } : state;
  }

  #view(actor: Actor, withToken = true): ActorView {
    const { spec, restarts, deaths } = actor;
    const state = this.#stateOf(actor);
    const token = withToken ? this.#tokenOf(actor) : null;
    const { id, className, session, name, namespace, resources, maxRestarts, maxCallRetries } = spec;
    return { id, className, session, name, namespace, resources, maxRestarts, maxCallRetries, restarts, deaths, state, token };
  }
}

/** As a list has it: ten thousand with all their ends, stacks and long texts would not fit into an answer. */
function inList(view: ActorView): ActorView {
  const { state, deaths } = view;
  return {
    ...view,
    state: 'cause' in state ? { ...state, cause: inShort(state.cause, LISTED_CHARS) } : stateInList(state),
    deaths: deaths.slice(-1).map((death) => ({ ...death, cause: inShort(death.cause, LISTED_CHARS) })),
  };
}

function stateInList(state: ActorState): ActorState {
  return state.at === 'pending' && state.reason !== null ? { ...state, reason: short(state.reason, LISTED_CHARS) } : state;
}

/** Is there an answer for its creator, or for who waits for its restart? */
function isAliveOrDead(actor: Actor): boolean {
  return actor.state.at === 'alive' || isDead(actor);
}

function isDead(actor: Actor): boolean {
  return actor.state.at === 'dead';
}

function withNamespace<Named extends { readonly namespace: string }>(named: Named): Named {
  return { ...named, namespace: named.namespace === '' ? DEFAULT_NAMESPACE : named.namespace };
}

/** @throws InvalidRequestError */
function checkedCreate({ timeoutMs, getIfExists, ...sent }: CreateActor): CreateActor {
  const spec = withNamespace(sent.spec);
  const { name, namespace, maxRestarts, checkpointEvery, concurrency, priority } = spec;
  const issues: Issue[] = [...nameIssues('namespace', namespace), ...(name === null ? [] : nameIssues('name', name))];
  if (maxRestarts < -1) issues.push({ path: ['maxRestarts'], message: `is ${maxRestarts}; give -1 (always) or more`, type: 'range' });
  if (concurrency < 1) issues.push({ path: ['concurrency'], message: `is ${concurrency}; give 1 or more`, type: 'range' });
  if (priority > MAX_PRIORITY) issues.push({ path: ['priority'], message: `is ${priority}; give 0 to ${MAX_PRIORITY}`, type: 'range' });
  if (checkpointEvery === 'call' && concurrency !== 1) {
    const message = `'call' needs concurrency 1, and it is ${concurrency}: the state must be that of one call`;
    issues.push({ path: ['checkpointEvery'], message, type: 'conflict' });
  }
  if (getIfExists && name === null) issues.push({ path: ['getIfExists'], message: 'needs a name', type: 'conflict' });
  if (issues.length > 0) throw new InvalidRequestError(issues);
  return { spec, timeoutMs: timeoutMs > 0 ? timeoutMs : DEFAULT_CREATE_MS, getIfExists };
}
