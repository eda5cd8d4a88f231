import { ACTOR_STATES_BUCKET, actorArgsKey, actorStatesPrefix, TrainerError } from '@trainer/model';
import type { ActorId, ActorSpec, Clock, Millis, Timer } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type { ArgsOf } from '@trainer/wire';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import { removeAll } from '../objects/object-work.js';

/** The arguments were never uploaded here, or were forgotten since. */
export class ArgsUnknownError extends TrainerError<'args.unknown', { actor: string }> {
  constructor(actor: ActorId) {
    super('args.unknown', `The arguments of ${actor} are not here; upload them, and create it within a minute.`, { actor }, 'same');
  }
}

/** Too many were uploaded for actors that nobody has created. */
class TooManyArgsError extends TrainerError<'queue.full', { limit: number }> {
  constructor() {
    super('queue.full', `Arguments of ${MOST_AWAITED} actors wait for their creates; create those first.`, { limit: MOST_AWAITED }, 'same');
  }
}

/** Uploads that wait for their create: 16 GiB of the object store at most. */
const MOST_AWAITED = 256;

export interface UploadedArgsOptions {
  readonly loop: ClusterLoop;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an upload waits for its create. */
  readonly keptMs: Millis;
}

/**
 * Large arguments of constructors between their upload and the create that names them. Once the actor is there they are kept, as its
 * states are, until it ends (`StoredStates`); where no create comes they are removed here.
 */
export class UploadedArgs {
  /** By actor; null: the upload runs, or its removal does. */
  readonly #awaited = new Map<ActorId, Timer | null>();
  #isClosed = false;

  constructor(private readonly options: UploadedArgsOptions) {}

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#awaited.values()) timer?.cancel();
    this.#awaited.clear();
  }

  /** Stores a body; one that fails leaves nothing. Idempotent. @throws what the body throws */
  async keep({ actor, args }: ArgsOf, body: AsyncIterable<Uint8Array>): Promise<void> {
    if (!this.#awaited.has(actor) && this.#awaited.size >= MOST_AWAITED) throw new TooManyArgsError();
    this.#awaited.get(actor)?.cancel();
    this.#awaited.set(actor, null);
    try {
      await this.options.objects.put(ACTOR_STATES_BUCKET, actorArgsKey(actor, args.sha256), body);
      this.#await(actor);
    } catch (error) {
      this.#awaited.delete(actor);
      throw error;
    }
  }

  /** To be asked before an actor of these arguments is taken in; they then wait once more as long. @throws ArgsUnknownError */
  async check({ id, args }: Pick<ActorSpec, 'id' | 'args'>): Promise<void> {
    if (args.kind === 'inline') return;
    if (this.#awaited.get(id) === null) throw new ArgsUnknownError(id);
    // After a restart of the head it knows of none, and of those that are there a sweep takes only what nobody awaits.
    this.#await(id);
    const found = await this.options.objects.stat(ACTOR_STATES_BUCKET, actorArgsKey(id, args.sha256));
    if (found?.bytes === args.bytes) return;
    this.#awaited.get(id)?.cancel();
    this.#awaited.delete(id);
    throw new ArgsUnknownError(id);
  }

  /** No actor of this id will come, as its create was refused. Idempotent. */
  forget(actor: ActorId): void {
    const timer = this.#awaited.get(actor) ?? null;
    if (timer !== null) void this.#remove(actor);
  }

  /** What is stored for an actor that the head does not know is removed, unless its create may be under way. */
  async removeOrphan(actor: ActorId): Promise<void> {
    if (!this.#awaited.has(actor) && this.options.loop.state.actors.get(actor) === undefined) await this.#remove(actor);
  }

  #await(actor: ActorId): void {
    this.#awaited.get(actor)?.cancel();
    // An upload may end after the head: a timer of its own would be cancelled by nobody.
    if (this.#isClosed) return;
    this.#awaited.set(
      actor,
      this.options.clock.after(this.options.keptMs, () => this.#expired(actor)),
    );
  }

  #expired(actor: ActorId): void {
    const { loop } = this.options;
    // While the head is suspended it can't tell whether the create came.
    if (!loop.isRunning) this.#await(actor);
    else if (loop.state.actors.get(actor) !== undefined) this.#awaited.delete(actor);
    else void this.#remove(actor);
  }

  async #remove(actor: ActorId): Promise<void> {
    this.#awaited.get(actor)?.cancel();
    this.#awaited.set(actor, null);
    try {
      await removeAll(this.options.objects, ACTOR_STATES_BUCKET, actorStatesPrefix(actor));
    } catch (error) {
      this.options.logger.warn('arguments that nobody needs could not be removed; a new head tries again', { actor, error });
    } finally {
      this.#awaited.delete(actor);
    }
  }
}
