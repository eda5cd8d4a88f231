import { afterEach, describe, expect, it } from '@jest/globals';
import {
  connectivityState,
  makeGenericClientConstructor,
  Metadata,
  status,
  type Client,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type AddressInfo } from 'node:net';
import { closeClient, openClient } from './grpc-client.js';
import { GrpcServer, type NarrowSecret } from './grpc-server.js';
import { systemClock } from './system-clock.js';

const pass = (bytes: Buffer): Buffer => bytes;
const form = { requestSerialize: pass, requestDeserialize: pass, responseSerialize: pass, responseDeserialize: pass };
const service: ServiceDefinition = {
  echo: { path: '/test.Echo/Echo', requestStream: false, responseStream: false, ...form },
  talk: { path: '/test.Echo/Talk', requestStream: true, responseStream: true, ...form },
};
type EchoClient = Client &
  Record<'echo', (bytes: Buffer, done: (error: ServiceError | null, answer?: Buffer) => void) => void> &
  Record<'talk', () => NodeJS.ReadWriteStream>;
const EchoClient = makeGenericClientConstructor(service, 'test.Echo') as unknown as new () => EchoClient;

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

async function serve(
  secret: string | null,
  seen: Buffer[] = [],
  narrow?: NarrowSecret,
  idleMs = 60_000,
): Promise<{ server: GrpcServer; port: number }> {
  const toStatus = (thrown: unknown) => ({ details: (thrown as Error).message, metadata: new Metadata() });
  const server = new GrpcServer({ secret, toStatus, idleMs, ...(narrow && { narrow }) });
  server.addService(service, {
    echo: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) => {
      seen.push(call.request);
      done(null, call.request);
    },
    talk: (call: NodeJS.ReadWriteStream) => void call.on('data', (bytes: Buffer) => seen.push(bytes)).pipe(call),
  });
  toClose.push(() => server.cut());
  return { server, port: await server.listen('127.0.0.1', { from: 0, to: 0 }) };
}

function connect(port: number, secret: string | null): EchoClient {
  const client = openClient(EchoClient as never, `127.0.0.1:${port}`, secret) as EchoClient;
  toClose.push(() => client.close());
  return client;
}

function echo(client: EchoClient, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => client.echo(bytes, (error, answer) => (error ? reject(error) : resolve(answer as Buffer))));
}

/** A port where every connection is broken off, and how many there were. */
async function breaking(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  toClose.push(() => listener.close());
  await new Promise((resolve) => listener.once('listening', resolve));
  return { port: (listener.address() as AddressInfo).port, connections: () => connections };
}

it('a client that is closed in the turn of its first call does not go on connecting', async () => {
  const [left, other] = [await breaking(), await breaking()];
  const open = (port: number): EchoClient =>
    openClient(EchoClient as never, `127.0.0.1:${port}`, null, { reconnectFirstMs: 10, reconnectMaxMs: 10 }) as EchoClient;
  const client = open(left.port);
  const call = client.talk() as ReturnType<EchoClient['talk']> & { cancel(): void };
  call.on('error', () => undefined);
  call.cancel();
  closeClient(client);
  const goesOn = open(other.port);
  while (other.connections() < 20) {
    goesOn.getChannel().getConnectivityState(true);
    await new Promise((resolve) => setImmediate(resolve));
  }
  goesOn.close();
  expect(left.connections()).toBeLessThanOrEqual(2);
});

describe('a connection that asks for a secret', () => {
  it('answers who shows it', async () => {
    const { port } = await serve('right');
    expect(await echo(connect(port, 'right'), Buffer.from('hi'))).toEqual(Buffer.from('hi'));
  });

  it('refuses who shows none or another, and reads nothing of theirs', async () => {
    const seen: Buffer[] = [];
    const { port } = await serve('right', seen);
    await expect(echo(connect(port, null), Buffer.from('hi'))).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
      details: expect.stringContaining('no secret'),
    });
    await expect(echo(connect(port, 'wrong'), Buffer.from('hi'))).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    expect(seen).toEqual([]);
  });

  it('opens to a narrow secret what it names, and nothing else', async () => {
    const { port } = await serve('right', [], { secret: 'narrow', methods: ['/test.Echo/Echo'] });
    expect(await echo(connect(port, 'narrow'), Buffer.from('hi'))).toEqual(Buffer.from('hi'));
    const stream = connect(port, 'narrow').talk();
    const error = await new Promise((resolve) => stream.on('error', resolve));
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED, details: expect.stringContaining('/test.Echo/Talk') });
  });

  it('refuses streams too', async () => {
    const seen: Buffer[] = [];
    const { port } = await serve('right', seen);
    const stream = connect(port, 'wrong').talk();
    stream.write(Buffer.from('hi'));
    const error = await new Promise((resolve) => stream.on('error', resolve));
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(seen).toEqual([]);
  });

  it('keeps a stream open that shows it', async () => {
    const { port } = await serve('right');
    const stream = connect(port, 'right').talk();
    const answer = new Promise((resolve) => stream.on('data', resolve));
    stream.write(Buffer.from('hi'));
    expect(await answer).toEqual(Buffer.from('hi'));
    const ended = new Promise((resolve) => stream.on('end', resolve));
    stream.end();
    await ended;
  });

  it('carries messages of 65 MiB', async () => {
    const { port } = await serve(null);
    const answer = await echo(connect(port, null), Buffer.alloc(65 * 2 ** 20, 7));
    expect(answer.length).toBe(65 * 2 ** 20);
  });
});

/** A server with a stream that it has answered, and the error that ends it. */
async function talking(): Promise<{ server: GrpcServer; ended: Promise<unknown> }> {
  const { server, port } = await serve(null);
  const stream = connect(port, null).talk();
  const ended = new Promise((resolve) => stream.on('error', resolve));
  stream.write(Buffer.from('hi'));
  await new Promise((resolve) => stream.once('data', resolve));
  return { server, ended };
}

describe('a server that closes', () => {
  it('cuts what does not end within the grace', async () => {
    const { server, ended } = await talking();
    await server.close(systemClock(), 10);
    expect(await ended).toMatchObject({ code: expect.any(Number) });
  });

  it('is connected to by nobody any more', async () => {
    const { server, port } = await serve(null);
    await server.close(systemClock(), 10);
    await expect(echo(connect(port, null), Buffer.from('hi'))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('cuts all at once where it is told to', async () => {
    const { server, ended } = await talking();
    server.cut();
    expect(await ended).toMatchObject({ code: expect.any(Number) });
  });
});

/** Whether the kernel probes the server's end of an idle connection, and in how many jiffies: columns 1 to 3 and 5 of /proc/net/tcp. */
function keepaliveOf(port: number): { isSet: boolean; inJiffies: number } {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/)); // prettier-ignore
  const [timer = '', when = ''] = (rows.find(([, at, , state]) => at?.endsWith(local) && state === '01')?.[5] ?? '').split(':');
  return { isSet: timer === '02', inJiffies: parseInt(when, 16) };
}

(process.platform === 'linux' ? it : it.skip)('the kernel notices a caller whose machine is gone, whatever this process does', async () => {
  const { port } = await serve(null);
  const socket = connectSocket(port, '127.0.0.1');
  toClose.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('data', resolve));
  while (!keepaliveOf(port).isSet) await new Promise(setImmediate);
  expect(keepaliveOf(port).inJiffies).toBeLessThanOrEqual(1_500);
});

describe('what a server is sent', () => {
  /** A server that takes messages of up to 4 bytes, and no 'no'. */
  async function strict(): Promise<EchoClient> {
    const toStatus = (thrown: unknown) => ({ details: (thrown as Error).message, metadata: new Metadata() });
    const check = (path: string, message: unknown): void => {
      if (String(message) === 'no') throw new RangeError(`${path} takes no 'no'`);
    };
    const server = new GrpcServer({ secret: null, toStatus, check, maxMessageBytes: 4 });
    const requestDeserialize = (bytes: Buffer): Buffer => {
      if (bytes[0] === 0) throw new RangeError('premature EOF');
      return bytes;
    };
    const methods = Object.entries(service).map(([name, method]) => [name, { ...method, requestDeserialize }]);
    server.addService(Object.fromEntries(methods) as ServiceDefinition, {
      echo: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) => done(null, call.request),
      talk: (call: NodeJS.ReadWriteStream) => void call.pipe(call),
    });
    toClose.push(() => server.cut());
    return connect(await server.listen('127.0.0.1', { from: 0, to: 0 }), null);
  }

  it.each([
    ['cannot be read', Buffer.from([0]), status.INVALID_ARGUMENT, 'premature EOF'],
    ['is out of bounds', Buffer.from('no'), status.INVALID_ARGUMENT, "takes no 'no'"],
    ['is too large', Buffer.from('large'), status.RESOURCE_EXHAUSTED, 'larger than max'],
  ])('ends its call with why where it %s, and others are answered', async (_, bytes, code, details) => {
    const client = await strict();
    await expect(echo(client, bytes)).rejects.toMatchObject({ code, details: expect.stringContaining(details) });
    const stream = client.talk();
    const ended = new Promise((resolve) => stream.once('error', resolve));
    stream.on('data', () => undefined);
    stream.write(Buffer.from('ok'));
    stream.write(bytes);
    expect(await ended).toMatchObject({ code });
    expect(String(await echo(client, Buffer.from('yes')))).toBe('yes');
  });

  it('by those who show no secret takes a bounded number of connections, and none of who showed it', async () => {
    const { port } = await serve('s');
    const client = connect(port, 's');
    await echo(client, Buffer.from('a'));
    let cut = 0;
    const sockets = Array.from({ length: 1_003 }, () => {
      const socket = connectSocket(port, '127.0.0.1').on('error', () => undefined);
      socket.resume().once('close', () => (cut += 1));
      toClose.push(() => socket.destroy());
      return new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    });
    await Promise.all(sockets);
    while (cut < 3) await new Promise(setImmediate);
    expect(String(await echo(client, Buffer.from('b')))).toBe('b');
    expect(cut).toBe(3);
  });
});

describe('a connection that is not in order', () => {
  const frame = (type: number, flags: number, stream: number, body: Buffer): Buffer => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(body.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, body]);
  };
  const hello = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))]);
  const cases: Readonly<Record<string, Buffer>> = {
    'says nothing': Buffer.alloc(0),
    'ends within the preface': hello.subarray(0, 10),
    'says hello and no more': hello,
    'ends within a frame': Buffer.concat([hello, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0, 1])]),
    'has too large a frame': Buffer.concat([hello, Buffer.from([255, 255, 255, 1, 4, 0, 0, 0, 1])]),
    'has data of no stream': Buffer.concat([hello, frame(0, 0, 1, Buffer.alloc(50))]),
    'has headers that are none': Buffer.concat([hello, frame(1, 4, 1, Buffer.alloc(50, 0xaa))]),
    'speaks HTTP/1': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  };

  it.each(Object.entries(cases).flatMap(([name, bytes]) => [[name, true, bytes] as const, [name, false, bytes] as const]))(
    'and %s (its end is sent: %s) is closed in time',
    async (_name, isEnded, bytes) => {
      const { port } = await serve('right', [], undefined, 100);
      const socket = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => undefined).resume();
      toClose.push(() => socket.destroy());
      socket.write(bytes);
      if (isEnded) socket.end();
      await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
    },
  );

  it('and one with a call stays, however long nothing is said', async () => {
    const { port } = await serve('right', [], undefined, 50);
    const [stream, idle] = [connect(port, 'right').talk(), connectSocket(port, '127.0.0.1')];
    // It is cut with the server, at the end.
    stream.on('error', () => undefined);
    stream.write(Buffer.from('hi'));
    await new Promise((resolve) => stream.once('data', resolve));
    // Opened before this one, the stream has had its time when this one is closed.
    await new Promise((resolve) => idle.resume().once('close', resolve));
    const answer = new Promise((resolve) => stream.once('data', resolve));
    stream.write(Buffer.from('still there'));
    expect(await answer).toEqual(Buffer.from('still there'));
  });

  it('and a client whose idle connection was closed calls again', async () => {
    const { port } = await serve('right', [], undefined, 50);
    const client = connect(port, 'right');
    await echo(client, Buffer.from('one'));
    while (client.getChannel().getConnectivityState(false) === connectivityState.READY)
      await new Promise((resolve) => setImmediate(resolve));
    expect(await echo(client, Buffer.from('two'))).toEqual(Buffer.from('two'));
  });
});
