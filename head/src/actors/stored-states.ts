import { ACTOR_STATES_BUCKET, actorOfKey, actorStatesPrefix, parseActorStateKey } from '@trainer/model';
import type { ActorId, Clock } from '@trainer/model';
import type { Logger, Random } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type { ClusterLoop, LoopListener } from '../loop/cluster-loop.js';
import type { Turn } from '../loop/turn.js';
import { pagesOf, removeAll, retried } from '../objects/object-work.js';
import type { ClusterStore } from '../store/cluster-store.js';
import type { UploadedArgs } from './uploaded-args.js';

export interface StoredStatesOptions {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly objects: ObjectStore;
  readonly args: Pick<UploadedArgs, 'removeOrphan'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Of which of an actor's objects nobody will be restored; null: of none of them. */
type Cut = { readonly incarnation: number; readonly n: number; readonly isIncluded: boolean } | null;

/** Actors that wait for their objects to be removed, at most; those beyond are found by another sweep. */
const MAX_DUE = 10_000;

/**
 * Removes the large states and arguments of actors from the object store.
 *
 *   O1. A state goes once a newer one of its actor is stored, or the actor's end, and not before; arguments go with the end.
 *   O2. What is to be removed is derived from state: a new head begins with a sweep over all there is, so that what an older one
 *       left, or a process wrote after it was lost, goes then.
 */
export class StoredStates implements LoopListener {
  readonly name = 'stored states';
  readonly #due = new Map<ActorId, Cut>();
  /** The newest stored object of each actor that has one. */
  readonly #newest = new Map<ActorId, string>();
  readonly #closed = new AbortController();
  #isSweepDue = false;
  #isWorking = false;

  constructor(private readonly options: StoredStatesOptions) {}

  close(): void {
    this.#closed.abort(new Error('the head ends'));
  }

  committed(turn: Turn): void {
    for (const { actor, state } of turn.actorStates) {
      if (state.kind === 'object') this.#supersede(actor, state.key);
      else this.#supersedeAll(actor);
    }
    for (const { spec, state } of turn.actors.values()) if (state.at === 'dead') this.#forget(spec.id);
  }

  suspended(): void {}

  resumed(): void {
    this.#isSweepDue = true;
    this.#work();
  }

  #supersede(actor: ActorId, key: string): void {
    const at = parseActorStateKey(key);
    if (at === null) return;
    const had = this.#newest.get(actor);
    this.#newest.set(actor, key);
    if (had !== key) this.#cut(actor, { ...at, isIncluded: false });
  }

  /** Its state has become small. */
  #supersedeAll(actor: ActorId): void {
    const at = parseActorStateKey(this.#newest.get(actor) ?? '');
    this.#newest.delete(actor);
    if (at !== null) this.#cut(actor, { ...at, isIncluded: true });
  }

  #forget(actor: ActorId): void {
    this.#newest.delete(actor);
    this.#cut(actor, null);
  }

  #cut(actor: ActorId, cut: Cut): void {
    if (this.#due.has(actor) || this.#due.size < MAX_DUE) this.#due.set(actor, cut);
    else this.#isSweepDue = true;
    this.#work();
  }

  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.#drain()
      .catch((error: unknown) => {
        if (!this.#closed.signal.aborted)
          this.options.logger.warn('states of actors could not be removed; a new head tries again', { error });
      })
      .finally(() => {
        this.#isWorking = false;
      });
  }

  async #drain(): Promise<void> {
    const { objects, clock, random } = this.options;
    const retrying = { clock, random, signal: this.#closed.signal };
    for (;;) {
      const next = this.#due.entries().next().value;
      if (next !== undefined) {
        const [actor, cut] = next;
        this.#due.delete(actor);
        const mayGo = (key: string): boolean => isBefore(key, cut);
        await retried(() => removeAll(objects, ACTOR_STATES_BUCKET, actorStatesPrefix(actor), mayGo), retrying);
      } else if (this.#isSweepDue) {
        this.#isSweepDue = false;
        await retried(() => this.#sweep(), retrying);
      } else {
        return;
      }
    }
  }

  async #sweep(): Promise<void> {
    let last: ActorId | null = null;
    for await (const keys of pagesOf(this.options.objects, ACTOR_STATES_BUCKET, '')) {
      for (const key of keys) {
        const actor = actorOfKey(key);
        if (actor === null || actor === last) continue;
        last = actor;
        await this.#sweepActor(actor);
      }
    }
  }

  /** Asks the store, not the book: a head that is followed without knowing it knows no actor of the next one. */
  async #sweepActor(id: ActorId): Promise<void> {
    const { store, objects, args } = this.options;
    const actor = await store.actor(id);
    if (actor === null) return args.removeOrphan(id);
    if (actor?.state.at === 'dead') {
      await removeAll(objects, ACTOR_STATES_BUCKET, actorStatesPrefix(id));
      return;
    }
    const state = await store.actorState(id);
    // A newer one may have been stored meanwhile.
    if (state?.kind === 'object' && !this.#newest.has(id)) this.#supersede(id, state.key);
  }
}

function isBefore(key: string, cut: Cut): boolean {
  if (cut === null) return true;
  const at = parseActorStateKey(key);
  if (at === null) return false;
  const order = at.incarnation - cut.incarnation || at.n - cut.n;
  return cut.isIncluded ? order <= 0 : order < 0;
}
