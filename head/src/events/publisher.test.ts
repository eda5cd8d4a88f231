import { expect, test } from '@jest/globals';
import { jobId } from '@trainer/model';
import type { JobEvent } from '@trainer/model';
import { createLogger } from '@trainer/runtime';
import { manualClock, MemoryBroker } from '@trainer/runtime/testing';
import { decodeJobNewsBytes, jobEventsSubject } from '@trainer/wire';
import type { Turn } from '../loop/turn.js';
import { eventPublisher } from './publisher.js';

const JOB = jobId('train_000000000001');
const LARGE = 'x'.repeat(2 * 2 ** 20);

/** An epoch whose event has about as many bytes as `name` has. */
function metrics(number: number, name = 'val_f1'): JobEvent {
  const named = { trainLoss: 0.5, valLoss: null, trainAccuracy: null, valAccuracy: null, learningRate: null };
  return { job: JOB, number, type: 'metrics', at: 0, data: { epoch: number, ...named, additional: { [name]: 1 } } };
}

const turnOf = (events: readonly JobEvent[]): Turn => ({ events }) as unknown as Turn;

/** A message in memory comes in a later turn of the event loop. */
const delivered = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function publishing(refuse: (bytes: Uint8Array) => void = () => undefined) {
  const broker = new MemoryBroker(manualClock());
  const [messages, gateway] = [broker.connect(), broker.connect()];
  const heard: { number: number; isWhole: boolean; bytes: number }[] = [];
  gateway.subscribe(jobEventsSubject(JOB), (bytes) => {
    const { number, event } = decodeJobNewsBytes(bytes);
    heard.push({ number, isWhole: event !== null, bytes: bytes.length });
  });
  const publish = (subject: string, bytes: Uint8Array): boolean => {
    refuse(bytes);
    return messages.publish(subject, bytes);
  };
  const errors: string[] = [];
  const logger = createLogger({ clock: manualClock(), level: 'error', format: 'text', write: (line) => errors.push(line) });
  const bound = { ...messages, isConnected: true, publish } as unknown as typeof messages;
  return { publisher: eventPublisher(bound, logger), heard, errors };
}

test('of an event that is too large for NATS the number is told, and those around it are told whole', async () => {
  const { publisher, heard } = publishing();
  publisher.committed(turnOf([metrics(1), metrics(2, LARGE), metrics(3)]));
  await delivered();
  expect(heard.map(({ number, isWhole }) => [number, isWhole])).toEqual([
    [1, true],
    [2, false],
    [3, true],
  ]);
  expect(Math.max(...heard.map(({ bytes }) => bytes))).toBeLessThan(1_000);
});

test('an event just within 256 KiB is told whole, and one just above it is not', async () => {
  const { publisher, heard } = publishing();
  const overhead = 2 ** 10;
  publisher.committed(turnOf([metrics(1, 'x'.repeat(2 ** 18 - overhead)), metrics(2, 'x'.repeat(2 ** 18))]));
  await delivered();
  expect(heard.map(({ isWhole }) => isWhole)).toEqual([true, false]);
});

test('what NATS refuses is logged, and keeps nothing else from being told', async () => {
  const { publisher, heard, errors } = publishing((bytes) => {
    if (bytes.length > 10_000) throw new Error('MAX_PAYLOAD_EXCEEDED');
  });
  publisher.committed(turnOf([metrics(1, 'x'.repeat(20_000)), metrics(2)]));
  await delivered();
  expect(heard.map(({ number }) => number)).toEqual([2]);
  expect(errors.join()).toContain('event publisher');
});
