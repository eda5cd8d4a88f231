import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId, type EpochMetrics, type Job, type JobEvent } from '@trainer/model';
import type { Clock } from '@trainer/model';
import type { GatewaySettings } from '../config.js';
import { CLOCK, HEAD, SETTINGS } from '../tokens.js';
import { epochView, jobView } from './jobs.mapper.js';

/** GET /train/{id}/events: the committed events of a job as server-sent events, from `Last-Event-ID` on. */
@Injectable()
export class JobEvents {
  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws NotFoundError before the stream begins; the stream ends after the job's final status. */
  async execute(id: string, lastEventId: string | undefined): Promise<Readable> {
    const { id: job } = await this.head.jobs.get(jobId(id));
    const after = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
    const abort = new AbortController();
    const stream = new Readable({ read: () => undefined, destroy: (error, done) => (abort.abort(), done(error)) });
    void this.#pump(stream, this.head.jobs.events(job, { after, signal: abort.signal }));
    return stream;
  }

  async #pump(stream: Readable, events: AsyncIterable<JobEvent>): Promise<void> {
    const beat = (): void => {
      stream.push(':\n\n');
      timer = this.clock.after(this.settings.eventsKeepAliveMs, beat);
    };
    let timer = this.clock.after(this.settings.eventsKeepAliveMs, beat);
    try {
      stream.push(':\n\n');
      for await (const event of events) if (!stream.push(frameOf(event))) await drained(stream);
      stream.push(null);
    } catch (error) {
      if (!stream.destroyed) stream.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      timer.cancel();
    }
  }
}

/** Waits until the client has read what was sent; an event stream must not pile up in memory. */
async function drained(stream: Readable): Promise<void> {
  while (!stream.destroyed && stream.readableLength >= stream.readableHighWaterMark) {
    await new Promise<void>((resolve) => {
      stream.once('close', resolve);
      stream._read = () => resolve();
    });
  }
}

function frameOf(event: JobEvent): string {
  const data = event.type === 'metrics' ? epochView(event.data as unknown as EpochMetrics) : jobView(event.data as unknown as Job);
  return `id: ${event.number}\nevent: ${event.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
