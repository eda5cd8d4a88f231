import { beforeEach, describe, expect, test } from '@jest/globals';
import { deferred, type Deferred } from './deferred.js';
import { manualClock } from './manual-clock.js';
import { MemoryBroker } from './memory-messages.js';
import type { Messages } from './messages.js';
import { EarlyMessages } from './open-messages.js';

let broker: MemoryBroker;
let connecting: Deferred<Messages>;
let refusals: unknown[];
let early: EarlyMessages;

beforeEach(() => {
  broker = new MemoryBroker(manualClock());
  connecting = deferred();
  refusals = [];
  early = new EarlyMessages(
    () => connecting.promise,
    (cause) => refusals.push(cause),
  );
});

async function connect(): Promise<void> {
  connecting.resolve(broker.connect());
  await connecting.promise;
  await Promise.resolve();
}

describe('messages before NATS was reached', () => {
  test('are disconnected: what is published is dropped, and a request says so', async () => {
    expect(early.isConnected).toBe(false);
    expect(early.publish('trainer.v1.a', new Uint8Array())).toBe(false);
    await expect(early.request('trainer.v1.a', new Uint8Array(), 100)).rejects.toMatchObject({ facts: { problem: 'disconnected' } });
    await expect(early.flush()).rejects.toMatchObject({ code: 'messages.unavailable' });
  });

  test('keep what is subscribed, and tell who listens of the connection', async () => {
    const changes: boolean[] = [];
    const heard: number[] = [];
    early.onChange((isConnected) => changes.push(isConnected));
    early.subscribe('trainer.v1.a', (bytes) => heard.push(bytes[0] ?? 0));
    await connect();
    expect(changes).toEqual([true]);
    const other = broker.connect();
    other.publish('trainer.v1.a', new Uint8Array([7]));
    await other.flush();
    await early.flush();
    expect(heard).toEqual([7]);
  });

  test('forget what was unsubscribed before and after the connection', async () => {
    const heard: string[] = [];
    const before = early.subscribe('trainer.v1.a', () => heard.push('before'));
    const after = early.subscribe('trainer.v1.a', () => heard.push('after'));
    before.close();
    await connect();
    after.close();
    const other = broker.connect();
    other.publish('trainer.v1.a', new Uint8Array([7]));
    await other.flush();
    await early.flush();
    expect(heard).toEqual([]);
  });

  test('say that NATS refuses, unless they are closed', async () => {
    const refusal = new Error('Authorization Violation');
    connecting.reject(refusal);
    await connecting.promise.catch(() => undefined);
    await Promise.resolve();
    expect(refusals).toEqual([refusal]);
  });

  test('close a connection that comes after they were closed', async () => {
    await early.close();
    await connect();
    expect(early.isConnected).toBe(false);
  });
});
