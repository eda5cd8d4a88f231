import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { actorId, leaseId, type LeaseId, type StartSpec } from '@trainer/model';
import { silentLogger, systemClock, until, type Messages } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { decodeValue, encodeValue } from '@trainer/wire';
import { readConfig, start, type RunningAgent } from './index.js';
import { agentSettings } from './rpc/testing/agent-settings.js';
import { call } from './rpc/testing/call-actor.js';
import { FakeHead } from './rpc/testing/fake-head.js';

const HOSTILE = `
import { closeSync, writeFileSync, writeSync } from 'node:fs';
const LOADED_IN = process.cwd();
const CHANNEL = 3;
const frame = (bytes) => { const head = Buffer.alloc(4); head.writeUInt32BE(bytes.length); return Buffer.concat([head, bytes]); };
/** Writes on, also where the pipe is full for the moment. */
function write(fd, bytes) {
  for (let at = 0; at < bytes.length; ) {
    try { at += writeSync(fd, bytes, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
  }
}
export class Hostile {
  ping() { return 'pong'; }
  litter() { writeFileSync('litter.txt', 'x'); return [LOADED_IN, process.cwd()]; }
  send() { return process.send(null); }
  garbage() { write(CHANNEL, Buffer.alloc(1000, 0xff)); }
  shut() { closeSync(CHANNEL); }
  beats(seconds) {
    const beat = Buffer.concat(Array.from({ length: 5000 }, () => frame(Buffer.from([0x2a, 0]))));
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) write(CHANNEL, beat);
  }
  endlessLine(mib) { const piece = Buffer.alloc(2 ** 20, 'x'); for (let i = 0; i < mib; i += 1) write(1, piece); write(1, Buffer.from('\\nshort\\n')); }
  binary(mib) { const piece = Buffer.from(Array.from({ length: 2 ** 20 }, (_, i) => (i * 7919) % 256)); for (let i = 0; i < mib; i += 1) write(2, piece); }
  lines(seconds) { const many = Buffer.from('y\\n'.repeat(30000)); for (const end = Date.now() + seconds * 1000; Date.now() < end; ) write(1, many); }
  shutAll() { for (const fd of [1, 2]) closeSync(fd); }
}
`;
const TOKEN = 'token-of-this-incarnation';
const CLOCK = systemClock();

let folder: string;
let head: FakeHead;
let agent: RunningAgent;
let messages: Messages;
let classRef: StartSpec['classRef'];
let lastLease = 0;
/** Lives through all of it. */
let neighbour: { lease: LeaseId; address: string };

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'trainer-hostile-')));
  head = new FakeHead('the-secret');
  const address = await head.listen();
  classRef = { kind: 'bundle', hash: head.addBundle(HOSTILE), exportName: 'Hostile' };
  const broker = new MemoryBroker(CLOCK);
  messages = broker.connect();
  const ports = { clock: CLOCK, logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) };
  // Real timers: a busy machine must not look like a head that is gone.
  agent = await start(readConfig({ ...agentSettings(head, address, folder, 'agent'), timeScale: 1 }), ports);
  await agent.whenWelcomed;
  neighbour = await started();
});

afterAll(async () => {
  await agent.stop(100);
  head.close();
  await rm(folder, { recursive: true, force: true });
});

async function started(): Promise<{ lease: LeaseId; address: string }> {
  lastLease += 1;
  const lease = leaseId(`1-${lastLease}`);
  const spec: StartSpec = {
    holder: { kind: 'actor', actor: actorId('actor-0123456789abcdef'), incarnation: 1 },
    classRef,
    className: 'Hostile',
    args: { kind: 'inline', bytes: encodeValue([]) },
    concurrency: 1,
    token: TOKEN,
    env: {},
    actor: { state: null, checkpointEvery: 1_000, lookupToken: 'lookup' },
  };
  const grant = { cpuMilli: 100, memoryBytes: 2 ** 30, gpus: [] };
  // Where the agent has just lost its stream, as on a machine that is busy, it says no until the next one.
  const place = async (): Promise<boolean> =>
    (await head.place(messages, { lease, action: { kind: 'reserve-and-start', grant, spec } })).kind === 'granted';
  await until('a placement', place, { clock: CLOCK, deadlineMs: 10_000, everyMs: 50 });
  return { lease, address: (await head.fact(lease, 'ready')).address };
}

async function result(address: string, method: string, args: readonly unknown[] = []): Promise<unknown> {
  const [answer] = (await call(address, TOKEN, method, args)).answers;
  return answer?.answer?.$case === 'value' ? decodeValue(answer.answer.value) : answer;
}

/** The agent still beats, starts actors, and has kept the others. */
async function agentGoesOn(): Promise<void> {
  const before = head.newestBeat?.number ?? 0;
  await until('another heartbeat', () => (head.newestBeat?.number ?? 0) > before, { clock: CLOCK, deadlineMs: 10_000, everyMs: 10 });
  expect(await result(neighbour.address, 'ping')).toBe('pong');
  const { lease, address } = await started();
  expect(await result(address, 'ping')).toBe('pong');
  release(lease);
  await head.ended(lease);
}

function release(lease: LeaseId): void {
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'release', lease, cause: { kind: 'killed', by: 'a test' } } });
}

test('process.send is not there for the code of an actor: its call fails, and it lives', async () => {
  const { lease, address } = await started();
  expect(await result(address, 'send')).toMatchObject({ answer: { $case: 'threw' } });
  expect(await result(address, 'ping')).toBe('pong');
  release(lease);
});

test('an actor works in a folder of its own from its first line on, which goes with it', async () => {
  const { lease, address } = await started();
  const [loadedIn, folderOfIt] = (await result(address, 'litter')) as [string, string];
  expect(loadedIn).toBe(folderOfIt);
  expect(folderOfIt.startsWith(folder)).toBe(true);
  expect(existsSync(join(folderOfIt, 'litter.txt'))).toBe(true);
  expect(existsSync('litter.txt')).toBe(false);
  release(lease);
  await head.ended(lease);
  expect(existsSync(folderOfIt)).toBe(false);
});

test('an actor that writes to the channel what is no message is ended for that, and nothing else is', async () => {
  const { lease, address } = await started();
  void call(address, TOKEN, 'garbage', []);
  expect(await head.ended(lease)).toEqual({ kind: 'broke-protocol', why: expect.stringContaining('limit') });
  await agentGoesOn();
});

test('an actor that closes the channel ends, and nothing else does', async () => {
  const { lease, address } = await started();
  void call(address, TOKEN, 'shut', []);
  // Its process sees the end of its channel too, and may be the first to end itself.
  expect(['broke-protocol', 'signal']).toContain((await head.ended(lease)).kind);
  await agentGoesOn();
});

test.each([
  ['floods the channel with messages', 'beats', 1],
  ['writes a line of 100 MiB', 'endlessLine', 100],
  ['writes 5 MiB of bytes that are no text', 'binary', 5],
  ['writes short lines as fast as it can', 'lines', 1],
  ['closes its stdout and stderr', 'shutAll', 0],
])('an actor that %s disturbs nobody', async (_, method, size) => {
  const { lease, address } = await started();
  const answered = call(address, TOKEN, method, [size]);
  await agentGoesOn();
  await answered;
  expect(await result(address, 'ping')).toBe('pong');
  release(lease);
  expect(await head.ended(lease)).toEqual({ kind: 'killed', by: 'a test' });
});
