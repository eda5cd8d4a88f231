import { connect as connectSocket, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PROTOCOL } from '@trainer/model';
import { closeClient, openClient, type GrpcServer } from '@trainer/runtime';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { ActorCallsClient, encodeValue, type pb } from '@trainer/wire';
import { NO_HANDLES } from '../testing/caller-link.js';
import { CallRunner } from '../calls/call-runner.js';
import { Callers } from '../calls/callers.js';
import { MethodTable } from '../calls/method-table.js';
import { openListener } from './listener.js';

const WINDOW_BYTES = 16 * 2 ** 20;

class Source {
  made = 0;
  ended = 0;
  *chunks(): Generator<Uint8Array> {
    try {
      for (;;) {
        this.made += 1;
        yield new Uint8Array(2 ** 20);
      }
    } finally {
      this.ended += 1;
    }
  }
  ping(): string {
    return 'pong';
  }
}

let source: Source;
let server: GrpcServer;
let port: number;
let ownPort: number;
let clock: ManualClock;
/** How much later than it should the process has come to its timers. */
let stalledMs: number;
let unsentBytes: number;
/** The cable between the callers and the actor. */
let cable: Server;
let sockets: Socket[];
const toClose: (() => void)[] = [];

beforeEach(async () => {
  source = new Source();
  unsentBytes = 0;
  sockets = [];
  clock = manualClock();
  stalledMs = 0;
  const target = { className: 'Source', instance: source, methods: new MethodTable(source), handles: NO_HANDLES, keeper: null };
  const runner = new CallRunner(target, 1, { monotonicMs: () => clock.monotonicMs(), later: (run) => void setImmediate(run) });
  const callers = new Callers('token', { clock, answersKeptMs: 30_000, submit: (call) => runner.submit(call) });
  const stalling = { wallMs: () => clock.wallMs(), monotonicMs: () => clock.monotonicMs() + stalledMs, after: clock.after };
  const options = { clock: stalling, host: '127.0.0.1', ports: { from: 0, to: 0 }, callers: () => callers };
  const listener = await openListener({ ...options, onUnsent: (bytes) => void (unsentBytes += bytes) });
  server = listener.server;
  ownPort = listener.port;
  cable = createServer((near) => {
    const far = connectSocket(listener.port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
    sockets.push(near, far);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => cable.once('listening', resolve));
  port = (cable.address() as AddressInfo).port;
});

afterEach(() => {
  for (const close of toClose.splice(0)) close();
  for (const socket of sockets) socket.destroy();
  cable.close();
  server.cut();
});

test('a stream that was refused runs nothing any more, whatever comes on it', async () => {
  const client = openClient(ActorCallsClient, `127.0.0.1:${port}`, null);
  toClose.push(() => closeClient(client));
  const stream = client.connect();
  const batches: pb.AnswerBatch[] = [];
  const isOver = new Promise((resolve) => stream.on('error', resolve).on('end', resolve));
  stream.on('data', (batch: pb.AnswerBatch) => batches.push(batch));
  const hello = { caller: 'c', token: 'wrong', protocol: PROTOCOL, written: 0 };
  const call = { number: 1, method: 'chunks', args: encodeValue([]), timeoutMs: 0, windowBytes: WINDOW_BYTES };
  stream.write({ hello, calls: [], cancels: [], credits: [] });
  stream.write({ hello: { ...hello, token: 'token' }, calls: [call], cancels: [], credits: [] });
  await isOver;
  expect(batches).toMatchObject([{ refused: { code: 'auth.refused' } }]);
  expect(source.made).toBe(0);
});

/** A caller's stream of calls, and what came on it. */
function caller(name: string): { call: (method: string, windowBytes: number) => void; answers: pb.Answer[]; pause: () => void } {
  const client = openClient(ActorCallsClient, `127.0.0.1:${port}`, null);
  toClose.push(() => closeClient(client));
  const stream = client.connect();
  const answers: pb.Answer[] = [];
  stream.on('error', () => undefined);
  stream.on('data', (batch: pb.AnswerBatch) => answers.push(...batch.answers));
  stream.write({ hello: { caller: name, token: 'token', protocol: PROTOCOL, written: 0 }, calls: [], cancels: [], credits: [] });
  return {
    call: (method, windowBytes) => {
      const call = { number: 1, method, args: encodeValue([]), timeoutMs: 0, windowBytes };
      stream.write({ hello: undefined, calls: [call], cancels: [], credits: [] });
    },
    answers,
    pause: () => stream.pause(),
  };
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise(setImmediate);
}

test('a reader whose process dies ends its generator, whose answers are let go, and the actor goes on', async () => {
  const reader = caller('reader');
  reader.call('chunks', WINDOW_BYTES);
  await until(() => reader.answers.length >= 16);
  expect(source.ended).toBe(0);
  for (const socket of sockets.splice(0)) socket.destroy();
  await until(() => source.ended === 1);
  await until(() => unsentBytes === 0);
  const next = caller('next');
  next.call('ping', 0);
  await until(() => next.answers.length === 1);
});

test('a reader that takes nothing and then dies leaves nothing in the buffers', async () => {
  const reader = caller('reader');
  reader.pause();
  reader.call('chunks', WINDOW_BYTES);
  await until(() => source.made === 16);
  for (const socket of sockets.splice(0)) socket.destroy();
  await until(() => source.ended === 1 && unsentBytes === 0);
});

/** A connection that says nothing. */
function silent(): Socket {
  const socket = connectSocket(ownPort, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  // Else the end of it is never read.
  return socket.resume();
}

/** Connections are taken in the order in which they came: all before this caller's were. */
async function callerAnswered(name: string): Promise<ReturnType<typeof caller>> {
  const known = caller(name);
  known.call('ping', 0);
  await until(() => known.answers.length === 1);
  return known;
}

test('a connection that shows no token is closed after ten seconds, and one that has shown it is kept', async () => {
  const mute = silent();
  const known = await callerAnswered('known');
  clock.advance(9_999);
  expect(mute.closed).toBe(false);
  clock.advance(1);
  await until(() => mute.closed);
  known.call('ping', 0);
  clock.advance(60_000);
  const [near] = sockets.filter((socket) => socket !== mute);
  expect(near?.closed).toBe(false);
});

test('an actor that stood still does not count the time against connections that it could not read', async () => {
  const mute = silent();
  await callerAnswered('known');
  stalledMs = 20_000;
  clock.advance(10_000);
  await new Promise(setImmediate);
  expect(mute.closed).toBe(false);
  clock.advance(10_000);
  await until(() => mute.closed);
});

test('of more than a thousand connections without a token the oldest are closed, and callers get in', async () => {
  const mutes = Array.from({ length: 1_010 }, silent);
  await callerAnswered('known');
  await until(() => mutes.filter(({ closed }) => closed).length >= 10);
  expect(mutes.slice(-900).some(({ closed }) => closed)).toBe(false);
});
