import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Job, JobEvent, JobStatus } from '@trainer/model';
import type { Messages } from '@trainer/runtime';
import { manualClock, MemoryBroker } from '@trainer/runtime/testing';
import { encodeJobEventBytes, encodeJobEventNumberBytes, jobEventsSubject } from '@trainer/wire';
import { jobOf, memoryHead, type MemoryHead } from '../testing/memory-head.js';
import { JobFeed } from './job-feed.js';

const FILL_MS = 5_000;
const ID = 'train_0123456789ab';

let head: MemoryHead;
let broker: MemoryBroker;
let publisher: Messages;
let clock: ReturnType<typeof manualClock>;
let job: Job;
let leave: AbortController;
let events: AsyncGenerator<JobEvent | null>;

beforeEach(() => {
  clock = manualClock(0);
  broker = new MemoryBroker(clock);
  publisher = broker.connect();
  head = memoryHead();
  job = jobOf({ modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' }, ID);
  head.stored.set(ID, job);
  leave = new AbortController();
  const settings = { eventsFillMs: FILL_MS } as ConstructorParameters<typeof JobFeed>[2];
  events = new JobFeed(head, broker.connect(), settings, clock).read(job.id, 0, leave.signal);
});

function happened(number: number, status: JobStatus = 'running'): JobEvent {
  const event: JobEvent = { job: job.id, number, type: 'status', at: 0, data: { ...job, status } };
  head.storedEvents.set(ID, [...(head.storedEvents.get(ID) ?? []), event]);
  head.stored.set(ID, { ...job, status });
  return event;
}
const publish = (event: JobEvent): boolean => publisher.publish(jobEventsSubject(job.id), encodeJobEventBytes(event));
const next = async (): Promise<number | null | 'end'> => {
  const { value, done } = await events.next();
  return done ? 'end' : (value?.number ?? null);
};
/** The feed has read the head and waits for live events. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe('the events of a job', () => {
  it('are the stored ones, then the live ones, to the last', async () => {
    happened(1);
    expect(await next()).toBe(1);
    const second = next();
    await settled();
    publish(happened(2));
    expect(await second).toBe(2);
    publish(happened(3, 'completed'));
    expect([await next(), await next()]).toEqual([3, 'end']);
  });

  it('come once each when they are stored and live', async () => {
    const first = happened(1);
    expect(await next()).toBe(1);
    const second = next();
    await settled();
    publish(first);
    publish(happened(2, 'failed'));
    expect([await second, await next()]).toEqual([2, 'end']);
  });

  it('that are too large to be told live are fetched by their number', async () => {
    happened(1);
    expect(await next()).toBe(1);
    const second = next();
    await settled();
    publisher.publish(jobEventsSubject(job.id), encodeJobEventNumberBytes(happened(2)));
    expect([await second, await next()]).toEqual([null, 2]);
  });

  it('that were lost on the way are fetched by their number', async () => {
    happened(1);
    expect(await next()).toBe(1);
    const second = next();
    await settled();
    happened(2);
    publish(happened(3));
    // A gap shows as a moment without events, then the head has filled it.
    expect([await second, await next(), await next()]).toEqual([null, 2, 3]);
  });

  it('are asked of the head when none came for a while: the last may be the one that was lost', async () => {
    happened(1);
    expect(await next()).toBe(1);
    const quiet = next();
    await settled();
    happened(2, 'completed');
    clock.advance(FILL_MS);
    expect([await quiet, await next(), await next()]).toEqual([null, 2, 'end']);
  });

  it('are asked of the head as soon as NATS is back', async () => {
    happened(1);
    expect(await next()).toBe(1);
    const away = next();
    await settled();
    broker.setUp(false);
    expect(await away).toBeNull();
    const back = next();
    await settled();
    happened(2);
    broker.setUp(true);
    expect([await back, await next()]).toEqual([null, 2]);
  });

  it('end at once for a job that has ended and was read to its end', async () => {
    happened(1, 'cancelled');
    expect([await next(), await next()]).toEqual([1, 'end']);
  });

  it('end when their reader leaves', async () => {
    happened(1);
    expect(await next()).toBe(1);
    const waiting = next();
    await settled();
    leave.abort();
    expect([await waiting, await next()]).toEqual([null, 'end']);
  });
});
