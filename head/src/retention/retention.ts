import type { BundleHash, Clock, LeaseId, Millis, NodeId, Timer } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import type { Logger } from '@trainer/runtime';
import type { ObjectInfo, ObjectStore } from '@trainer/storage';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { Turn } from '../loop/turn.js';
import type { ClusterStore, Forgettable } from '../store/cluster-store.js';
import { FencedError } from '../store/errors.js';

/** How long what is over is kept. Jobs and models are kept for ever. */
export interface Keep {
  /** Ended actors, leases, sessions and nodes, events of ended jobs, keys of requests, and bundles that no known actor uses. */
  readonly endedMs: Millis;
  /** The epochs and checkpoints of ended jobs. */
  readonly metricsMs: Millis;
  /** Logs of what has ended, and with them the leases under which they are found. */
  readonly logsMs: Millis;
}

export interface RetentionOptions {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly objects: ObjectStore;
  readonly buckets: { readonly logs: string; readonly bundles: string };
  readonly keep: Keep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Ages are days, so nobody sees whether it is done more often. */
const EVERY_MS: Millis = 60 * 60_000;
/** A start has other things to do first. */
const FIRST_MS: Millis = 60_000;
/** Rows of one transaction: some 10 ms of PostgreSQL. */
const BATCH = 500;
/** Between two transactions, so that a million rows of old disturb nobody. */
const PAUSE_MS: Millis = 50;
/** Objects looked at in one go. */
const PAGE = 500;
/** An object without a row is being uploaded: its row comes when it is whole, which takes less. */
const UPLOADED_WITHIN_MS: Millis = 60 * 60_000;

/**
 * Forgets what has been over for long enough, wherever it lies.
 *
 *   R1. Nothing that something unended needs is forgotten, however old it is.
 *   R2. Only the head that leads forgets: rows under its head epoch, objects by what the rows say.
 *   R3. It is done in small batches with pauses between them, on a connection of its own.
 */
export class Retention {
  readonly #closed = new AbortController();
  #timer: Timer | null = null;

  constructor(private readonly options: RetentionOptions) {}

  start(): void {
    this.#again(FIRST_MS);
  }

  close(): void {
    this.#closed.abort(new Error('the head ends'));
    this.#timer?.cancel();
  }

  /** One round over everything; what fails is tried again in the next. */
  async round(): Promise<void> {
    const { clock, keep } = this.options;
    const now = clock.wallMs();
    const ended = now - keep.endedMs;
    await this.#forgetNodes(ended);
    for (const what of ['actors', 'sessions', 'nodes', 'keys', 'bundles', 'events'] as const) await this.#forget(what, ended);
    // A log is found by the leases of its actor or job.
    await this.#forget('leases', Math.min(ended, now - keep.logsMs));
    await this.#forget('metrics', now - keep.metricsMs);
    await this.#removeObjects(
      this.options.buckets.logs,
      async (info) => info.modifiedAt < now - keep.logsMs && !this.#isLogOfUnended(info),
    );
    await this.#removeObjects(this.options.buckets.bundles, async (info) => this.#isOrphan(info, now));
  }

  #again(ms: Millis): void {
    this.#timer = this.options.clock.after(ms, () => {
      const { loop, logger } = this.options;
      const done = loop.isRunning ? this.round() : Promise.resolve();
      done
        .catch((error: unknown) => {
          if (!this.#closed.signal.aborted) logger.warn('what is over could not be forgotten; it is tried again', { error });
        })
        .finally(() => {
          if (!this.#closed.signal.aborted) this.#again(EVERY_MS);
        });
    });
  }

  async #forget(what: Forgettable, before: Millis): Promise<void> {
    const { store, clock, logger } = this.options;
    try {
      let [total, count] = [0, 0];
      do {
        this.#closed.signal.throwIfAborted();
        count = await store.forget(what, before, BATCH);
        total += count;
        if (count > 0) await sleep(clock, PAUSE_MS, this.#closed.signal);
      } while (count > 0);
      if (total > 0) logger.info('forgot what was over', { what, rows: total });
    } catch (error) {
      // One kind that fails, such as by its time-out, keeps none of the others.
      if (error instanceof FencedError || this.#closed.signal.aborted) throw error;
      logger.warn('what is over could not be forgotten; it is tried again', { what, error });
    }
  }

  /** Out of memory; their rows follow, and a head that starts in between does not read them. */
  async #forgetNodes(before: Millis): Promise<void> {
    await this.options.loop.turn((turn) => {
      for (const node of oldNodes(turn, before)) turn.forgetNode(node);
    });
  }

  #isLogOfUnended({ key }: ObjectInfo): boolean {
    const lease = this.options.loop.state.leases.get((key.split('/')[1] ?? '') as LeaseId);
    return lease !== undefined && lease.state !== 'ended';
  }

  /** The row goes first; so an object that was kept back by the end of a head goes as well. */
  async #isOrphan({ key, modifiedAt }: ObjectInfo, now: Millis): Promise<boolean> {
    return modifiedAt < now - UPLOADED_WITHIN_MS && !(await this.options.store.hasBundle(key as BundleHash));
  }

  async #removeObjects(bucket: string, mayGo: (info: ObjectInfo) => Promise<boolean>): Promise<void> {
    const { objects, logger } = this.options;
    let removed = 0;
    for (let after = ''; ;) {
      this.#closed.signal.throwIfAborted();
      const page = await objects.list(bucket, { prefix: '', after, limit: PAGE });
      for (const info of page) {
        if (!(await mayGo(info))) continue;
        // At once, as one that is uploaded again meanwhile is to stay.
        await objects.remove(bucket, [info.key]);
        removed += 1;
      }
      if (page.length < PAGE) break;
      after = page.at(-1)?.key ?? '';
    }
    if (removed > 0) logger.info('removed old objects', { bucket, removed });
  }
}

/** Lost for so long, and without anything that might still live there. */
function oldNodes(turn: Turn, before: Millis): NodeId[] {
  const { nodes, leases } = turn.state;
  const held = new Set([...leases.decided()].map(({ node }) => node));
  return [...nodes.decided()].flatMap(({ entry: { id, state, since } }) =>
    state === 'lost' && since < before && !held.has(id) ? [id] : [],
  );
}
