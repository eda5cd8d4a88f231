import { toErrorData } from '@trainer/model';
import type { Clock, ErrorData, JobId } from '@trainer/model';
import type { Logger, Random } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type { Copy } from '../jobs/job-record.js';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import { removeAll, retried } from '../objects/object-work.js';

export interface PromoterOptions {
  readonly loop: ClusterLoop;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Brings a stored result to its final keys, and removes what attempts left, and the files of deleted models. Derived from state: whoever leads does it, and
 * doing it twice gives the same objects.
 */
export class Promoter {
  readonly #running = new Set<string>();
  readonly #closed = new AbortController();

  constructor(private readonly options: PromoterOptions) {}

  close(): void {
    this.#closed.abort(new Error('the head ends'));
  }

  promote(job: JobId, bucket: string, copies: readonly Copy[]): void {
    this.#once('promote', job, async () => {
      const error = await this.#copyAll(bucket, copies);
      await this.options.loop.turn((turn) =>
        turn.stepJob(job, error === null ? { kind: 'promoted' } : { kind: 'promotion-failed', error }),
      );
    });
  }

  cleanup(job: JobId, bucket: string, prefix: string): void {
    this.#once('cleanup', job, async () => {
      await this.#retried(() => removeAll(this.options.objects, bucket, prefix));
      await this.options.loop.turn((turn) => turn.stepJob(job, { kind: 'cleaned' }));
    });
  }

  /** The files of a deleted model. What is not removed now, the sweep of the next head removes. */
  remove(job: JobId, bucket: string, keys: readonly string[]): void {
    this.#once('remove', job, () => this.#retried(() => this.options.objects.remove(bucket, keys)));
  }

  /** A cleanup is asked for while the promotion before it hears of its own commit: neither keeps the other from running. */
  #once(kind: 'promote' | 'cleanup' | 'remove', job: JobId, run: () => Promise<void>): void {
    const key = `${kind} ${job}`;
    if (this.#running.has(key)) return;
    this.#running.add(key);
    void run()
      .catch((error: unknown) => {
        if (!this.#closed.signal.aborted)
          this.options.logger.warn('files of a job could not be moved or removed; a new head tries again', { job, error });
      })
      .finally(() => this.#running.delete(key));
  }

  async #copyAll(bucket: string, copies: readonly Copy[]): Promise<ErrorData | null> {
    try {
      for (const { from, to } of copies) await this.#retried(() => this.options.objects.copy(bucket, from, to));
      return null;
    } catch (error) {
      this.#closed.signal.throwIfAborted();
      return toErrorData(error);
    }
  }

  #retried(run: () => Promise<unknown>): Promise<void> {
    const { clock, random } = this.options;
    return retried(run, { clock, random, signal: this.#closed.signal });
  }
}
