import { toErrorData } from '@trainer/model';
import type { Actor, ActorId, Clock, JobId } from '@trainer/model';
import type { Logger, Random } from '@trainer/runtime';
import { backoff, sleep } from '@trainer/runtime';
import type { Backoff } from '@trainer/runtime';
import type { JobRecord } from '../jobs/job-record.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { DatabaseFullError, FencedError, StoreUnavailableError } from '../store/errors.js';
import type { ClusterState } from './cluster-state.js';
import { isolated } from './isolated.js';
import { Turn } from './turn.js';
import { Watchers } from './watchers.js';

export interface LoopOptions {
  readonly state: ClusterState;
  readonly store: ClusterStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /**
   * Raises the leadership from one head epoch to another, which fences whatever is still under way under the older one. Asked
   * before state is read anew; repeated until it is answered. @returns false when another head leads
   */
  readonly raise: (held: number, to: number) => Promise<boolean>;
  /** Another head leads: this one must end. Called once. */
  readonly onFenced: (error: FencedError) => void;
}

/** What follows a committed turn, in the order of the turns. An error of one is logged with its name, and the others are told. */
export interface LoopListener {
  readonly name: string;
  /** What the turn decided is seen by later turns; those made now are committed with it. Nothing of it may be told yet. */
  decided?(turn: Turn): void;
  /** Send what the turn asks for, tell who waits. */
  committed(turn: Turn): void;
  /** Nothing may be commanded any more, until `resumed`. */
  suspended(): void;
  /** All state was read anew, perhaps under a higher head epoch; everything to do is derived from it. */
  resumed(): void;
}

/**
 * The one place where cluster state changes.
 *
 *   C1. A turn runs in one go and sees all earlier turns; its writes are committed in the same order.
 *   C2. What a turn decided is shown, answered, sent and published only after its commit.
 *   C3. When a commit fails, what it decided is void: the loop is suspended, raises its head epoch, reads all state anew and
 *       goes on, if it still leads; else the head ends. So a transaction whose answer was lost has either happened before the
 *       state is read, or never will (docs/adr/0007). Only the store and the leadership suspend the loop: an error of a listener
 *       or a watcher undoes, suspends and stops nothing.
 *       After a full disk it goes on when there is room for many changes.
 *   C4. Who waits for an entity hears of it after every commit, and after every suspension.
 *   C5. Suspensions without a commit between them follow each other more and more slowly: what can't be committed may be tried again
 *       by whoever derives it from the state.
 */
export class ClusterLoop {
  readonly actors: Watchers<Actor>;
  readonly jobs: Watchers<JobRecord>;
  readonly #listeners: LoopListener[] = [];
  #status: 'running' | 'suspended' | 'closed' = 'running';
  #tail: Promise<void> = Promise.resolve();
  /** The newest head epoch that was heard of; one above its own means that the database was restored from a backup. */
  #heard = 0;
  readonly #waits: Backoff;
  /** Why the loop is suspended, for those who ask meanwhile: a full disk, say, is theirs to mend. */
  #why: StoreUnavailableError | null = null;
  #hasCommitted = true;

  constructor(private readonly options: LoopOptions) {
    this.#waits = backoff({ firstMs: 50, maxMs: 1_000, random: options.random });
    this.actors = new Watchers('actor', options);
    this.jobs = new Watchers('job', options);
  }

  get state(): ClusterState {
    return this.options.state;
  }

  get isRunning(): boolean {
    return this.#status === 'running';
  }

  /** Waiting for the database; it still leads as far as it knows. */
  get isSuspended(): boolean {
    return this.#status === 'suspended';
  }

  /** Why it is suspended, as people read it; null: it runs, or nobody knows. */
  get trouble(): string | null {
    return this.#why?.message ?? null;
  }

  listen(listener: LoopListener): void {
    this.#listeners.push(listener);
  }

  /** Reads the state and begins. @throws StoreUnavailableError */
  async start(): Promise<void> {
    this.state.reset(await this.options.store.load());
    this.#tell((listener) => listener.resumed());
  }

  close(): void {
    this.#status = 'closed';
  }

  /**
   * Runs a turn and returns its result once it is committed (a turn without changes: once all before it are).
   * @throws what the turn throws, with nothing changed; StoreUnavailableError, FencedError
   */
  async turn<T>(run: (turn: Turn) => T): Promise<T> {
    if (this.#status !== 'running') throw this.#why ?? new StoreUnavailableError('the head is waiting for it');
    const turn = new Turn(this.state, this.options.clock.wallMs());
    const result = run(turn);
    for (const illegal of turn.illegal) this.options.logger.warn('an event was refused', { ...illegal });
    const change = turn.isEmpty ? null : turn.change();
    turn.decide();
    if (change !== null) this.#tell((listener) => listener.decided?.(turn));
    const commit = change === null ? this.#tail : this.options.store.commit(change);
    const done = commit.then(() => this.#committed(turn));
    this.#tail = done;
    done.catch((error: unknown) => this.#failed(error));
    await done;
    return result;
  }

  /** A turn whose caller has nobody to tell: failures suspend the loop, and what is to be done is derived from state then. */
  inBackground(run: (turn: Turn) => void): void {
    if (this.#status !== 'running') return;
    this.turn(run).catch((error: unknown) => this.#unheard(error));
  }

  #unheard(error: unknown): void {
    if (error instanceof StoreUnavailableError || error instanceof FencedError) return;
    this.options.logger.error('a turn failed', { error });
  }

  /**
   * Much to do that need not be done at once: `run` does some of it in a turn, and says whether that was the last. Each turn follows the
   * commit of the one before, with a round of the event loop between.
   * @throws as `turn`
   */
  async slices(run: (turn: Turn) => boolean): Promise<void> {
    while (!(await this.turn(run))) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Slices whose caller has nobody to tell. */
  inSlices(run: (turn: Turn) => boolean): void {
    if (this.#status !== 'running') return;
    this.slices(run).catch((error: unknown) => this.#unheard(error));
  }

  /** The database does not answer, which somebody else has found out. */
  suspend(error: unknown): void {
    this.#failed(error);
  }

  /**
   * An agent has obeyed another leadership, whose head epoch is not below this one's: the database was restored from a backup. This
   * head takes one above it, or ends where it can't.
   */
  outranked(by: number): void {
    this.#heard = Math.max(this.#heard, by);
    if (this.#status !== 'running' || by < this.state.headEpoch) return;
    this.options.logger.warn('another leadership was heard of; this head raises its own', { heard: by, own: this.state.headEpoch });
    this.#suspend();
  }

  #committed(turn: Turn): void {
    // What was committed while the loop was suspended is read anew with everything else.
    if (this.#status !== 'running') return;
    if (!turn.isEmpty) this.#hasCommitted = true;
    turn.settle();
    for (const actor of turn.actors.values()) this.actors.notify(actor.spec.id, actor);
    for (const record of turn.jobs.values()) this.jobs.notify(record.job.id, record);
    this.#tell((listener) => listener.committed(turn));
  }

  #tell(tell: (listener: LoopListener) => void): void {
    for (const listener of this.#listeners) isolated(listener.name, this.options.logger, () => tell(listener));
  }

  #failed(error: unknown): void {
    if (this.#status === 'closed') return;
    if (error instanceof FencedError) {
      this.#fence(error);
      return;
    }
    if (this.#status !== 'running') return;
    this.options.logger.error('state could not be committed; the head is suspended', { error: toErrorData(error) });
    this.#waitsFor(error);
    this.#suspend();
  }

  #fence(error: FencedError): void {
    const wasRunning = this.#status === 'running';
    this.#status = 'closed';
    if (wasRunning) this.#tell((listener) => listener.suspended());
    this.options.onFenced(error);
  }

  /** A full disk stays the reason: a PostgreSQL that ended for it only refuses connections. */
  #waitsFor(error: unknown): void {
    if (error instanceof StoreUnavailableError && !(this.#why instanceof DatabaseFullError)) this.#why = error;
  }

  #suspend(): void {
    this.#status = 'suspended';
    this.#tell((listener) => listener.suspended());
    void this.#resume();
  }

  /** Tries for as long as the head lives: without its database there is nothing else it could do. */
  async #resume(): Promise<void> {
    const { clock, store, logger, state } = this.options;
    const waits = this.#waits;
    if (this.#hasCommitted) waits.reset();
    else await sleep(clock, waits.nextMs());
    this.#hasCommitted = false;
    // What is under way ends first, one way or the other: nothing may be settled after the state was read.
    await this.#tail.catch(() => undefined);
    while (this.isSuspended) {
      try {
        // A head that took it up again at once would lead, and look well, until the next change that needs room.
        if (this.#why instanceof DatabaseFullError) await store.room();
        const [held, to] = [state.headEpoch, Math.max(state.headEpoch, this.#heard) + 1];
        if (!(await this.options.raise(held, to))) {
          if (this.isSuspended) this.#fence(new FencedError(held, null));
          return;
        }
        state.raise(to);
        const stored = await store.load();
        if (!this.isSuspended) return;
        state.reset(stored);
        this.#status = 'running';
        this.#why = null;
        this.#tail = Promise.resolve();
        logger.info('all state was read anew; the head goes on', { headEpoch: to });
        this.#tell((listener) => listener.resumed());
        void this.#tellWaiting();
        return;
      } catch (error) {
        logger.debug('the database is still away', { error: toErrorData(error) });
        this.#waitsFor(error);
        await sleep(clock, waits.nextMs());
      }
    }
  }

  /**
   * What changed while nobody could be told; what has ended meanwhile lies in the store only. A read that fails is made again: it
   * suspends nothing, and the next suspension tells everybody anyway.
   */
  async #tellWaiting(): Promise<void> {
    const { state, store } = this.options;
    for (const key of this.actors.keys) {
      const actor = state.actors.seen(key as ActorId) ?? (await this.#read(() => store.actor(key as ActorId)));
      if (actor !== null) this.actors.notify(key, actor);
    }
    for (const key of this.jobs.keys) {
      const record = state.jobs.seen(key as JobId) ?? (await this.#read(() => store.job(key as JobId)));
      if (record !== null) this.jobs.notify(key, record);
    }
  }

  /** @returns what was read; null where it is not there, or the loop is suspended again */
  async #read<T>(read: () => Promise<T | null>): Promise<T | null> {
    const { clock, logger, random } = this.options;
    const waits = backoff({ firstMs: 50, maxMs: 1_000, random });
    while (this.isRunning) {
      try {
        return await read();
      } catch (error) {
        logger.debug('who waits could not be told yet', { error: toErrorData(error) });
        await sleep(clock, waits.nextMs());
      }
    }
    return null;
  }
}
