import { Readable } from 'node:stream';
import type { Clock } from '@trainer/model';
import { until } from '@trainer/runtime';

/** A reader that takes longer for what is on its way is cut off with the connection. */
const ENDED_WITHIN_MS = 500;

/** Answers that go on until their reader or the service is gone. */
export class OpenStreams {
  readonly #open = new Set<AbortController>();

  constructor(private readonly clock: Clock) {}

  /** @param pieces ends soon after its signal is aborted */
  open(pieces: (gone: AbortSignal) => AsyncIterable<string>): Readable {
    const gone = new AbortController();
    const stream = Readable.from(pieces(gone.signal));
    this.#open.add(gone);
    stream.once('close', () => {
      gone.abort();
      this.#open.delete(gone);
    });
    return stream;
  }

  /** Each ends after a whole piece, so that its reader knows what it has. */
  async close(): Promise<void> {
    for (const gone of this.#open) gone.abort();
    const haveEnded = (): boolean => this.#open.size === 0;
    await until('the streams have ended', haveEnded, { clock: this.clock, deadlineMs: ENDED_WITHIN_MS }).catch(() => undefined);
  }
}
