import type { Actor, Clock } from '@trainer/model';
import type { Logger, Random } from '@trainer/runtime';
import { backoff, sleep } from '@trainer/runtime';
import type { JobRecord } from '../jobs/job-record.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { FencedError, StoreUnavailableError } from '../store/errors.js';
import type { ClusterState } from './cluster-state.js';
import { Turn } from './turn.js';
import { Watchers } from './watchers.js';

export interface LoopOptions {
  readonly state: ClusterState;
  readonly store: ClusterStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Does the leadership still stand? Asked before state is read anew. */
  readonly isStillLeading: () => Promise<boolean>;
  /** Another head leads: this one must end. Called once. */
  readonly onFenced: (error: FencedError) => void;
}

/** What follows a committed turn, in the order of the turns. */
export interface LoopListener {
  /** What the turn decided is seen by later turns; those made now are committed with it. Nothing of it may be told yet. */
  decided?(turn: Turn): void;
  /** Send what the turn asks for, tell who waits. */
  committed(turn: Turn): void;
  /** Nothing may be commanded any more, until `resumed`. */
  suspended(): void;
  /** All state was read anew; everything to do is derived from it. */
  resumed(): void;
}

/**
 * The one place where cluster state changes.
 *
 *   C1. A turn runs in one go and sees all earlier turns; its writes are committed in the same order.
 *   C2. What a turn decided is shown, answered, sent and published only after its commit.
 *   C3. When a commit fails, what it decided is void: the loop is suspended, reads all state anew and goes on, if the
 *       headEpoch still stands; else the head ends.
 */
export class ClusterLoop {
  readonly actors: Watchers<Actor>;
  readonly jobs: Watchers<JobRecord>;
  readonly #listeners: LoopListener[] = [];
  #status: 'running' | 'suspended' | 'closed' = 'running';
  #tail: Promise<void> = Promise.resolve();

  constructor(private readonly options: LoopOptions) {
    this.actors = new Watchers(options.clock);
    this.jobs = new Watchers(options.clock);
  }

  get state(): ClusterState {
    return this.options.state;
  }

  get isRunning(): boolean {
    return this.#status === 'running';
  }

  listen(listener: LoopListener): void {
    this.#listeners.push(listener);
  }

  /** Reads the state and begins. @throws StoreUnavailableError */
  async start(): Promise<void> {
    this.state.reset(await this.options.store.load());
    for (const listener of this.#listeners) listener.resumed();
  }

  close(): void {
    this.#status = 'closed';
  }

  /**
   * Runs a turn and returns its result once it is committed (a turn without changes: once all before it are).
   * @throws what the turn throws, with nothing changed; StoreUnavailableError, FencedError
   */
  async turn<T>(run: (turn: Turn) => T): Promise<T> {
    if (this.#status !== 'running') throw new StoreUnavailableError('the head is waiting for it');
    const turn = new Turn(this.state, this.options.clock.wallMs());
    const result = run(turn);
    for (const illegal of turn.illegal) this.options.logger.warn('an event was refused', { ...illegal });
    turn.decide();
    if (!turn.isEmpty) for (const listener of this.#listeners) listener.decided?.(turn);
    const commit = turn.isEmpty ? this.#tail : this.options.store.commit(turn.change());
    const done = commit.then(() => this.#committed(turn));
    this.#tail = done;
    done.catch((error: unknown) => this.#failed(error));
    await done;
    return result;
  }

  /** A turn whose caller has nobody to tell: failures suspend the loop, and what is to be done is derived from state then. */
  inBackground(run: (turn: Turn) => void): void {
    if (this.#status !== 'running') return;
    this.turn(run).catch((error: unknown) => {
      if (error instanceof StoreUnavailableError || error instanceof FencedError) return;
      this.options.logger.error('a turn failed', { error });
    });
  }

  #committed(turn: Turn): void {
    turn.settle();
    for (const actor of turn.actors.values()) this.actors.notify(actor.spec.id, actor);
    for (const record of turn.jobs.values()) this.jobs.notify(record.job.id, record);
    for (const listener of this.#listeners) listener.committed(turn);
  }

  #failed(error: unknown): void {
    if (this.#status !== 'running') return;
    this.#status = 'suspended';
    if (error instanceof FencedError) {
      this.#fence(error);
      return;
    }
    this.options.logger.error('state could not be committed; the head is suspended', { error });
    this.#suspend();
    void this.#resume();
  }

  #fence(error: FencedError): void {
    this.#status = 'closed';
    this.#suspend();
    this.options.onFenced(error);
  }

  #suspend(): void {
    for (const listener of this.#listeners) listener.suspended();
  }

  /** Tries for as long as the head lives: without its database there is nothing else it could do. */
  async #resume(): Promise<void> {
    const { clock, random, store, logger, state } = this.options;
    const waits = backoff({ firstMs: 50, maxMs: 1_000, random });
    while (this.#status === 'suspended') {
      try {
        if (!(await this.options.isStillLeading())) {
          this.#fence(new FencedError(state.headEpoch, null));
          return;
        }
        state.reset(await store.load());
        if (this.#status !== 'suspended') return;
        this.#status = 'running';
        this.#tail = Promise.resolve();
        logger.info('all state was read anew; the head goes on');
        for (const listener of this.#listeners) listener.resumed();
      } catch (error) {
        logger.debug('the database is still away', { error });
        await sleep(clock, waits.nextMs());
      }
    }
  }
}
