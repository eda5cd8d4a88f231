import { expect, test } from '@jest/globals';
import { leaseId, type FactBody } from '@trainer/model';
import fc from 'fast-check';
import type { FactDisk } from './fact-disk.js';
import { Outbox } from './outbox.js';

const LEASE = leaseId('1-1');
const started = (pid: number): FactBody => ({ kind: 'started', pid });

function memoryDisk(limitBytes = Infinity): FactDisk & { bytes: () => number } {
  let held = Buffer.alloc(0);
  return {
    append: (bytes) => {
      if (held.length + bytes.length > limitBytes) throw new Error('no space');
      const at = held.length;
      held = Buffer.concat([held, bytes]);
      return at;
    },
    read: (at, length) => held.subarray(at, at + length),
    clear: () => void (held = Buffer.alloc(0)),
    close: () => undefined,
    bytes: () => held.length,
  };
}

const numbers = (facts: readonly { number: number }[]): number[] => facts.map(({ number }) => number);

test('facts wait for a stream, are numbered from 1, and are taken once a stream', () => {
  const outbox = new Outbox(memoryDisk());
  outbox.append(LEASE, started(1));
  outbox.append(LEASE, started(2));
  expect(outbox.take()).toEqual([]);
  outbox.resume(0);
  expect(numbers(outbox.take())).toEqual([1, 2]);
  expect(outbox.take()).toEqual([]);
});

test('after a reconnect all that the head has not stored is sent again', () => {
  const outbox = new Outbox(memoryDisk());
  for (let pid = 1; pid <= 4; pid += 1) outbox.append(LEASE, started(pid));
  outbox.resume(0);
  outbox.take();
  outbox.suspend();
  outbox.resume(2);
  expect(numbers(outbox.take())).toEqual([3, 4]);
});

test('a refusal is told to who reported, and names the lease to end', () => {
  const outbox = new Outbox(memoryDisk());
  const told: (string | null)[] = [];
  outbox.append(LEASE, started(1), (refused) => told.push(refused));
  outbox.append(LEASE, started(2), (refused) => told.push(refused));
  outbox.resume(0);
  outbox.take();
  expect(outbox.acknowledge(2, [{ number: 2, why: 'over' }])).toEqual([{ lease: LEASE, why: 'over' }]);
  expect(told).toEqual([null, 'over']);
});

test('no more is under way than its limit, and one fact above the limit goes alone', () => {
  const outbox = new Outbox(memoryDisk(), { memoryBytes: 2 ** 20, diskBytes: 0, inFlightBytes: 10 });
  outbox.append(LEASE, started(1));
  outbox.append(LEASE, started(2));
  outbox.resume(0);
  expect(numbers(outbox.take())).toEqual([1]);
  expect(outbox.take()).toEqual([]);
  outbox.acknowledge(1, []);
  expect(numbers(outbox.take())).toEqual([2]);
});

test('what is under way goes in messages of 64 KiB, and a fact above that goes alone', () => {
  const outbox = new Outbox(memoryDisk(), { memoryBytes: 2 ** 24, diskBytes: 0, inFlightBytes: 2 ** 20 });
  const sizes = [10_000, 10_000, 50_000, 70_000, 1, ...Array.from({ length: 40 }, () => 30_000)];
  for (const bytes of sizes) outbox.append(LEASE, { kind: 'state', state: { kind: 'inline', bytes: Buffer.alloc(bytes) } });
  outbox.resume(0);
  const messages: number[][] = [];
  for (let taken = numbers(outbox.take()); taken.length > 0; taken = numbers(outbox.take())) messages.push(taken);
  expect(messages.slice(0, 5)).toEqual([[1, 2], [3], [4], [5, 6, 7], [8, 9]]);
  expect(messages.flat().length).toBeLessThan(sizes.length);
});

test('what memory has no room for lies on disk, in order, and the room is given back', () => {
  const disk = memoryDisk();
  const outbox = new Outbox(disk, { memoryBytes: 150, diskBytes: 10_000, inFlightBytes: 2 ** 20 });
  for (let pid = 1; pid <= 20; pid += 1) outbox.append(LEASE, started(pid));
  expect(disk.bytes()).toBeGreaterThan(0);
  outbox.resume(0);
  const taken = outbox.take();
  expect(taken.map(({ body }) => (body.kind === 'started' ? body.pid : 0))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  outbox.acknowledge(20, []);
  expect(disk.bytes()).toBe(0);
});

test('a full disk drops nothing and says that it is full', () => {
  const outbox = new Outbox(memoryDisk(0), { memoryBytes: 100, diskBytes: 1_000, inFlightBytes: 2 ** 20 });
  for (let pid = 1; pid <= 5; pid += 1) outbox.append(LEASE, started(pid));
  expect(outbox.isFull).toBe(true);
  outbox.resume(0);
  expect(numbers(outbox.take())).toEqual([1, 2, 3, 4, 5]);
});

test('over any reconnects and acknowledgements the head gets every fact, in order, without a gap', () => {
  const steps = fc.array(
    fc.oneof(fc.constant('append' as const), fc.constant('take' as const), fc.constant('cut' as const), fc.constant('ack' as const)),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 50, max: 400 }), (all, memoryBytes) => {
      const outbox = new Outbox(memoryDisk(), { memoryBytes, diskBytes: 2 ** 20, inFlightBytes: 200 });
      let stored = 0;
      let onWire: number[] = [];
      outbox.resume(0);
      const ack = (): void => {
        for (const number of onWire) if (number === stored + 1) stored = number;
        onWire = [];
        outbox.acknowledge(stored, []);
      };
      for (const step of all) {
        if (step === 'append') outbox.append(LEASE, started(1));
        if (step === 'take') onWire.push(...numbers(outbox.take()));
        if (step === 'ack') ack();
        if (step === 'cut') {
          onWire = [];
          outbox.suspend();
          outbox.resume(stored);
        }
      }
      for (let round = 0; round < 100; round += 1) {
        onWire.push(...numbers(outbox.take()));
        ack();
      }
      expect({ stored, waiting: outbox.waiting }).toEqual({ stored: outbox.newest, waiting: 0 });
    }),
  );
});

test('what a head has lost of the stored facts is gone, and what is kept goes on behind what it still has', () => {
  const outbox = new Outbox(memoryDisk(), { memoryBytes: 0, diskBytes: 2 ** 20, inFlightBytes: 2 ** 20 });
  for (let pid = 1; pid <= 5; pid += 1) outbox.append(LEASE, started(pid));
  expect(outbox.resume(0)).toBe(true);
  outbox.acknowledge(3, []);
  expect(outbox.resume(1)).toBe(false);
  expect(outbox.newest).toBe(3);
  expect(outbox.take()).toEqual([]);
  expect(outbox.resume(1)).toBe(true);
  expect(outbox.take()).toEqual([
    { number: 2, lease: LEASE, body: started(4) },
    { number: 3, lease: LEASE, body: started(5) },
  ]);
});

test('a fact whose acknowledgement was lost counts as stored only if its lease goes on', () => {
  const outbox = new Outbox(memoryDisk());
  const [goesOn, ends] = [leaseId('1-1'), leaseId('1-2')];
  const told: (string | null)[] = [];
  for (const lease of [goesOn, ends]) outbox.append(lease, { kind: 'started', pid: 1 }, (refused) => told.push(refused));
  outbox.resume(0);
  outbox.take();
  outbox.suspend();
  outbox.resume(2);
  expect([told, outbox.waiting]).toEqual([[], 0]);
  outbox.settle(new Set([ends]));
  expect(told).toEqual([null, 'the head has ended its lease']);
});

test('a head that names facts which were never made does not keep later ones from being sent', () => {
  const outbox = new Outbox({ append: () => 0, read: () => Buffer.alloc(0), clear: () => undefined, close: () => undefined });
  expect(outbox.resume(1e15)).toBe(true);
  outbox.append(leaseId('1-1'), { kind: 'started', pid: 1 });
  expect(outbox.take()).toHaveLength(1);
  outbox.acknowledge(1e15, []);
  outbox.append(leaseId('1-1'), { kind: 'ready', address: 'h:1' });
  expect(outbox.take().map(({ number }) => number)).toEqual([2]);
});
