import type { Clock, JobId, Timer } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { ByteSpan, ObjectStore } from '@trainer/storage';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { AskedTable, EstimatedTable } from './estimated-table.js';
import { tableOfFile } from './table-of-file.js';

export interface TableEstimatorOptions {
  readonly loop: ClusterLoop;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A store that has not answered by then is not waited for. */
  readonly waitMs: number;
}

/** Estimates that are remembered, of some 100 bytes each. */
const MOST_REMEMBERED = 1_000;
/** Files that are looked at side by side: each holds up to three samples. */
const MOST_AT_ONCE = 4;

/**
 * Estimates how large the table of a waiting job is, from a small part of its file, so that its first attempt gets the memory that it
 * needs (docs/adr/0019). Derived from state: whoever leads does it, and doing it twice is harmless. Where nothing can be told, the
 * size of the file must do: an estimate never fails a job.
 */
export class TableEstimator {
  readonly #remembered = new Map<string, EstimatedTable | null>();
  readonly #running = new Map<string, Set<JobId>>();
  readonly #waiting: (() => void)[] = [];
  /** Jobs on tables that were looked at before, which are told of them together. */
  #known = new Map<JobId, EstimatedTable | null>();
  #tellKnown: Timer | null = null;
  #isClosed = false;

  constructor(private readonly options: TableEstimatorOptions) {}

  /**
   * Estimates, then tells the job; never at once, also where nothing is left to look at. What follows is its placement, and the answer to its
   * submission is still on its way: in a launcher the start of a process would hold that up (docs/adr/0015).
   */
  estimate(job: JobId, asked: AskedTable): void {
    const name = nameOf(asked);
    const known = this.#remembered.get(name);
    if (known !== undefined) {
      this.#known.set(job, known);
      this.#tellKnown ??= this.options.clock.after(0, () => this.#tell());
      return;
    }
    const jobs = this.#running.get(name);
    if (jobs) {
      jobs.add(job);
      return;
    }
    this.#running.set(name, new Set([job]));
    const run = (): void => void this.#run(name, asked);
    if (this.#running.size <= MOST_AT_ONCE) run();
    else this.#waiting.push(run);
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#tellKnown?.cancel();
  }

  #tell(): void {
    const known = this.#known;
    this.#known = new Map();
    this.#tellKnown = null;
    this.options.loop.inBackground((turn) => {
      for (const [job, table] of known) turn.stepJob(job, { kind: 'estimated', table });
    });
  }

  async #run(name: string, asked: AskedTable): Promise<void> {
    const { loop, logger } = this.options;
    const table = await this.#look(asked).catch((error: unknown) => {
      logger.debug('the size of a table could not be estimated; that of its file must do', { data: asked.key, error });
      return null;
    });
    const jobs = this.#running.get(name) ?? [];
    this.#running.delete(name);
    if (this.#isClosed) return;
    this.#remember(name, table);
    loop.inBackground((turn) => {
      for (const job of jobs) turn.stepJob(job, { kind: 'estimated', table });
    });
    this.#waiting.shift()?.();
  }

  #remember(name: string, table: EstimatedTable | null): void {
    this.#remembered.set(name, table);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MOST_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
  }

  async #look(asked: AskedTable): Promise<EstimatedTable | null> {
    const aborted = new AbortController();
    const timer = this.options.clock.after(this.options.waitMs, () =>
      aborted.abort(new Error(`the store did not answer within ${this.options.waitMs} ms`)),
    );
    try {
      const read = (span: ByteSpan): Promise<Buffer> => readSpan(this.options.objects, asked, span, aborted.signal);
      return await tableOfFile(asked, read);
    } finally {
      timer.cancel();
    }
  }
}

async function readSpan(objects: ObjectStore, { bucket, key, etag }: AskedTable, range: ByteSpan, signal: AbortSignal): Promise<Buffer> {
  const gaveUp = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  const opened = objects.get(bucket, key, { range, ifMatch: etag });
  const { stream } = await Promise.race([opened, gaveUp]).catch((error: unknown) => {
    // What comes after all is let go.
    void opened.then(
      (late) => late.stream.destroy(),
      () => undefined,
    );
    throw error;
  });
  try {
    const pieces: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
      return Buffer.concat(pieces);
    })();
    return await Promise.race([reading, gaveUp]);
  } finally {
    stream.destroy();
  }
}

function nameOf({ bucket, key, etag, target, hasTarget, excluded, hasClasses }: AskedTable): string {
  return JSON.stringify([bucket, key, etag, target, hasTarget, excluded, hasClasses]);
}
