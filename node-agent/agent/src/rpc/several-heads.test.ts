import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ToAgent } from '@trainer/model';
import { systemClock, until } from '@trainer/runtime';
import type { HeadStream } from '../link/head-stream.js';
import { grpcBundleSource } from './grpc-bundle-source.js';
import { grpcHeadStreams } from './grpc-head-stream.js';
import { HeadAddresses } from './head-addresses.js';
import { FakeHead } from './testing/fake-head.js';

const clock = systemClock();
const SECRET = 'the-secret';
let head: FakeHead;
let address: string;
let silent: Server;
let sockets: Socket[];

beforeEach(async () => {
  head = new FakeHead(SECRET);
  address = await head.listen();
  sockets = [];
  silent = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
});

afterEach(() => {
  head.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});

const silentAddress = (): string => `127.0.0.1:${(silent.address() as AddressInfo).port}`;

/** Opens streams until one ends no more, as the link does. @returns what is heard, and why streams ended */
function follow(addresses: HeadAddresses): { heard: ToAgent[]; ends: string[]; close: () => void } {
  const streams = grpcHeadStreams(addresses, { secret: SECRET, clock, answerMs: 100 });
  const heard: ToAgent[] = [];
  const ends: string[] = [];
  let isClosed = false;
  let stream: HeadStream | null = null;
  const open = (): void => {
    if (isClosed) return;
    stream = streams.open({
      onMessage: (message) => heard.push(message),
      onDrain: () => undefined,
      onEnd: (why) => {
        ends.push(why);
        clock.after(10, open);
      },
    });
    stream.send({ kind: 'heartbeat', number: 1, natsConnected: true, isDraining: false });
  };
  open();
  const close = (): void => {
    isClosed = true;
    stream?.close();
    streams.close();
  };
  return { heard, ends, close };
}

test.each([
  ['refuses', () => '127.0.0.1:1'],
  ['takes the connection and says nothing', silentAddress],
])('a head that %s is left for the next', async (_name, first) => {
  const addresses = new HeadAddresses([first(), address]);
  const { heard, ends, close } = follow(addresses);
  await until('the other head echoes', () => heard.some(({ kind }) => kind === 'echo'), { clock, deadlineMs: 5_000 });
  expect(addresses.current).toBe(address);
  expect(ends[0]).toContain(first());
  close();
});

test('a bundle is fetched from the address that the stream is at, else from the others', async () => {
  const hash = head.addBundle('export class A {}');
  const addresses = new HeadAddresses(['127.0.0.1:1', address]);
  const source = grpcBundleSource(addresses, SECRET);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.fetch(hash, new AbortController().signal)) chunks.push(chunk);
  source.close();
  expect(Buffer.concat(chunks).toString()).toBe('export class A {}');
  expect(addresses.current).toBe(address);
});

test('when none has it the last answer is told', async () => {
  const source = grpcBundleSource(new HeadAddresses(['127.0.0.1:1', '127.0.0.1:2']), SECRET);
  const fetching = source.fetch(head.addBundle('x'), new AbortController().signal)[Symbol.asyncIterator]().next();
  await expect(fetching).rejects.toMatchObject({ code: 'cluster.unavailable' });
  source.close();
});
