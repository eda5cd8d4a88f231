import type { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId, type Clock, type JobEvent } from '@trainer/model';
import { OpenStreams } from '../http/open-streams.js';
import { CLOCK, HEAD } from '../tokens.js';
import { JobFeed } from './job-feed.js';
import { epochView, jobView } from './jobs.mapper.js';

/** A comment: nothing to read, but the connection lives. */
const SIGN_OF_LIFE = ':\n\n';

/** GET /train/{id}/events: the committed events of a job as server-sent events, from `Last-Event-ID` on. */
@Injectable()
export class JobEvents implements OnModuleDestroy {
  readonly #streams: OpenStreams;

  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    private readonly feed: JobFeed,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#streams = new OpenStreams(clock);
  }

  /** The service stops: clients come back with the last number they have. */
  onModuleDestroy(): Promise<void> {
    return this.#streams.close();
  }

  /** @throws NotFoundError before the stream begins; the stream ends after the job's final status. */
  async execute(id: string, lastEventId: string | undefined): Promise<Readable> {
    const { id: job } = await this.head.jobs.get(jobId(id));
    const after = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
    return this.#streams.open((gone) => frames(this.feed.read(job, after, gone)));
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
