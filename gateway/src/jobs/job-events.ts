import { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId, type Clock, type JobEvent } from '@trainer/model';
import { until } from '@trainer/runtime';
import { CLOCK, HEAD } from '../tokens.js';
import { JobFeed } from './job-feed.js';
import { epochView, jobView } from './jobs.mapper.js';

/** A comment: nothing to read, but the connection lives. */
const SIGN_OF_LIFE = ':\n\n';
/** A reader that takes longer for what is on its way is cut off with the connection. */
const ENDED_WITHIN_MS = 500;

/** GET /train/{id}/events: the committed events of a job as server-sent events, from `Last-Event-ID` on. */
@Injectable()
export class JobEvents implements OnModuleDestroy {
  readonly #open = new Set<AbortController>();

  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    private readonly feed: JobFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The service stops: streams end after a whole event, so that clients come back with the last number they have. */
  async onModuleDestroy(): Promise<void> {
    for (const gone of this.#open) gone.abort();
    const haveEnded = (): boolean => this.#open.size === 0;
    await until('the event streams have ended', haveEnded, { clock: this.clock, deadlineMs: ENDED_WITHIN_MS }).catch(() => undefined);
  }

  /** @throws NotFoundError before the stream begins; the stream ends after the job's final status. */
  async execute(id: string, lastEventId: string | undefined): Promise<Readable> {
    const { id: job } = await this.head.jobs.get(jobId(id));
    const after = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
    const gone = new AbortController();
    const stream = Readable.from(frames(this.feed.read(job, after, gone.signal)));
    this.#open.add(gone);
    stream.once('close', () => {
      gone.abort();
      this.#open.delete(gone);
    });
    return stream;
  }
}

/** The first frame goes out at once, so that a client sees that it is connected. */
async function* frames(events: AsyncIterable<JobEvent | null>): AsyncGenerator<string> {
  yield SIGN_OF_LIFE;
  for await (const event of events) yield event === null ? SIGN_OF_LIFE : frameOf(event);
}

function frameOf(event: JobEvent): string {
  const data = event.type === 'metrics' ? epochView(event.data) : jobView(event.data);
  return `id: ${event.number}\nevent: ${event.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
