import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { isFinalStatus, type Clock, type JobEvent, type JobId } from '@trainer/model';
import type { Messages } from '@trainer/runtime';
import { decodeJobNewsBytes, jobEventsSubject, type JobNews } from '@trainer/wire';
import type { GatewaySettings } from '../config.js';
import { CLOCK, HEAD, MESSAGES, SETTINGS } from '../tokens.js';

/** Live events that a slow reader has not taken; more are dropped, as the head has them all. */
const MAX_LIVE = 1_000;

/**
 * The events of a job in the order of their numbers, without gaps: live ones come over NATS at most once, and what is missing is
 * fetched from the head by its number.
 */
@Injectable()
export class JobFeed {
  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(MESSAGES) private readonly messages: Messages,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Events with a number above `after` until the job's last one, or the signal; null where none came for a while. */
  async *read(job: JobId, after: number, signal: AbortSignal): AsyncGenerator<JobEvent | null> {
    const inbox = new Inbox(this.clock);
    // Subscribed before the first read of the head: what happens between the two is in either.
    const subscriptions = [
      this.messages.subscribe(jobEventsSubject(job), (bytes) => inbox.put(decodeJobNewsBytes(bytes))),
      this.messages.onChange(() => inbox.wake()),
    ];
    signal.addEventListener('abort', () => inbox.wake(), { once: true });
    try {
      for (let last = after; !signal.aborted;) {
        const { events, isOver } = await this.head.jobs.storedEvents(job, { after: last });
        yield* events;
        last = events.at(-1)?.number ?? last;
        if (isOver) return;
        if (events.length > 0) continue;
        for (let news = await inbox.next(this.settings.eventsFillMs); news !== null; news = await inbox.next(this.settings.eventsFillMs)) {
          const { number, event } = news;
          if (number <= last) continue;
          // One that is missing, or that was too large for NATS: the head has it.
          if (number > last + 1 || event === null) break;
          yield event;
          last = number;
          if (isLast(event)) return;
        }
        yield null;
      }
    } finally {
      for (const subscription of subscriptions) subscription.close();
    }
  }
}

function isLast(event: JobEvent): boolean {
  return event.type === 'status' && isFinalStatus(event.data.status);
}

/** Live events between their arrival and their reader. */
class Inbox {
  readonly #events: JobNews[] = [];
  #wake: (() => void) | null = null;

  constructor(private readonly clock: Clock) {}

  put(news: JobNews): void {
    if (this.#events.length >= MAX_LIVE) this.#events.length = 0;
    this.#events.push(news);
    this.wake();
  }

  /** The waiting reader looks again. */
  wake(): void {
    this.#wake?.();
  }

  /** @returns the next live event, or null when it was woken without one or none came in time. */
  async next(waitMs: number): Promise<JobNews | null> {
    if (this.#events.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = this.clock.after(waitMs, resolve);
        this.#wake = () => (timer.cancel(), resolve());
      });
      this.#wake = null;
    }
    return this.#events.shift() ?? null;
  }
}
