import { beforeEach, expect, test } from '@jest/globals';
import { leaseId } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import { manualClock, MemoryBroker, type ManualClock } from '@trainer/runtime/testing';
import type { ObjectStore } from '@trainer/storage';
import { memoryStore } from '@trainer/storage/testing';
import { decodeLogLineBytes, decodeLogText, logObjectPrefix } from '@trainer/wire';
import { LogShipper } from './log-shipper.js';

const LEASE = leaseId('1-1');
let clock: ManualClock;
let store: ObjectStore;
let isDown: boolean;
let broker: MemoryBroker;
let shipper: LogShipper;

beforeEach(() => {
  clock = manualClock(1_000);
  const memory = memoryStore();
  isDown = false;
  store = {
    ...memory,
    put: (...args) => (isDown ? Promise.reject(new Error('the store is away')) : memory.put(...args)),
  };
  broker = new MemoryBroker(clock);
  const messages = broker.connect();
  shipper = new LogShipper(LEASE, { clock, store, bucket: 'logs', flushMs: 2_000, logger: silentLogger, messages });
});

async function stored(): Promise<{ objects: number; lines: string[] }> {
  const objects = await store.list('logs', { prefix: logObjectPrefix(LEASE), after: '', limit: 1_000 });
  const lines: string[] = [];
  for (const { key } of objects) {
    const object = await store.get('logs', key);
    const text = Buffer.concat((await object.stream.toArray()) as Buffer[]).toString();
    lines.push(...decodeLogText(LEASE, text).map(({ line }) => line));
  }
  return { objects: objects.length, lines };
}

test('a line goes live at once and into the store with the next flush', async () => {
  const live: string[] = [];
  broker.connect().subscribe(`trainer.v1.log.${LEASE}`, (bytes) => live.push(decodeLogLineBytes(bytes).line));
  shipper.add('hello', false);
  await clock.advanceAsync(0);
  expect(live).toEqual(['hello']);
  await clock.advanceAsync(2_000);
  expect((await stored()).lines).toEqual(['hello']);
});

test('the newest object grows until it is full, then another begins', async () => {
  for (let i = 0; i < 3; i += 1) {
    shipper.add(`${i}`.repeat(200_000), false);
    await shipper.flush();
  }
  expect((await stored()).objects).toBe(1);
  shipper.add('next', true);
  await shipper.flush();
  const { objects, lines } = await stored();
  expect(objects).toBe(2);
  expect(lines.map((line) => line.slice(0, 4))).toEqual(['0000', '1111', '2222', 'next']);
});

test('what could not be stored is stored later, in order', async () => {
  isDown = true;
  shipper.add('first', false);
  await shipper.flush();
  shipper.add('second', false);
  isDown = false;
  await clock.advanceAsync(2_000);
  expect((await stored()).lines).toEqual(['first', 'second']);
});

test('a store that stays away costs the oldest lines, and a line says how many', async () => {
  isDown = true;
  for (let i = 0; i < 24; i += 1) shipper.add('x'.repeat(2 ** 19), false);
  await shipper.flush();
  isDown = false;
  await shipper.flush();
  const { lines } = await stored();
  expect(lines[0]).toMatch(/^\.\.\. [89] lines were dropped here/);
  expect(lines.length).toBeLessThan(17);
});

test('without NATS lines are stored all the same', async () => {
  broker.setUp(false);
  shipper.add('alone', false);
  await shipper.flush();
  expect((await stored()).lines).toEqual(['alone']);
});

test('of 200,000 lines while the store is away each is stored or counted as dropped, and none twice', async () => {
  isDown = true;
  for (let i = 0; i < 200_000; i += 1) shipper.add(String(i), false);
  isDown = false;
  await shipper.flush();
  const { lines } = await stored();
  const [told, ...kept] = lines;
  const dropped = Number(/^\.\.\. (\d+) lines/.exec(told ?? '')?.[1]);
  expect(kept.length + dropped).toBe(200_000);
  expect(kept[0]).toBe(String(dropped));
  expect(kept.at(-1)).toBe('199999');
});
