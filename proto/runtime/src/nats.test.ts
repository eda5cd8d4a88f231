import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { silentLogger } from './logger.js';
import { manualClock } from './manual-clock.js';
import { MemoryBroker } from './memory-messages.js';
import type { Messages } from './messages.js';
import { describeMessages } from './messages.contract.js';
import { connectMessages } from './nats.js';
import { systemClock } from './system-clock.js';
import { until } from './waiting.js';

const SERVER = fileURLToPath(new URL('../../../deploy/native/nats/bin/nats-server', import.meta.url));
const TOKEN = 'test-token';
const clock = systemClock();
const broker = new MemoryBroker(clock);

let port = 0;
let server: ChildProcess;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return free;
}

function startServer(): ChildProcess {
  return spawn(SERVER, ['--addr', '127.0.0.1', '--port', String(port), '--auth', TOKEN], { stdio: 'ignore' });
}

async function stopServer(): Promise<void> {
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
}

function connect(token = TOKEN): Promise<Messages> {
  return connectMessages({
    servers: [`127.0.0.1:${port}`],
    token,
    name: 'test',
    logger: silentLogger,
    random: () => 0,
    reconnect: { firstMs: 20, maxMs: 50 },
  });
}

beforeAll(async () => {
  port = await freePort();
  server = startServer();
});
afterAll(stopServer);

describeMessages('NATS', connect);
describeMessages('memory', () => Promise.resolve(broker.connect()));

describe('a connection to NATS', () => {
  it('comes back by itself, with its subscriptions, and drops what is published meanwhile', async () => {
    const [a, b] = [await connect(), await connect()];
    const seen: string[] = [];
    const changes: boolean[] = [];
    b.subscribe('trainer.v1.again', (read) => void seen.push(new TextDecoder().decode(read)));
    a.onChange((isConnected) => changes.push(isConnected));
    await stopServer();
    await until('a to notice', () => !a.isConnected && !b.isConnected, { clock, deadlineMs: 5000 });
    expect(a.publish('trainer.v1.again', new TextEncoder().encode('lost'))).toBe(false);
    server = startServer();
    await until('a and b to be back', () => a.isConnected && b.isConnected, { clock, deadlineMs: 5000 });
    await b.flush();
    a.publish('trainer.v1.again', new TextEncoder().encode('found'));
    await until('the message', () => seen.length > 0, { clock, deadlineMs: 5000 });
    expect([seen, changes]).toEqual([['found'], [false, true]]);
    await a.close();
    await b.close();
  });

  it('is refused for another token', async () => {
    await expect(connect('wrong')).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
  });

  it('closes while the server is away', async () => {
    const a = await connect();
    await stopServer();
    await until('a to notice', () => !a.isConnected, { clock, deadlineMs: 5000 });
    await a.close();
    expect(a.isConnected).toBe(false);
    server = startServer();
  });
});

describe('a NATS in memory', () => {
  it('can be taken away and given back', async () => {
    const memory = new MemoryBroker(manualClock());
    const messages = memory.connect();
    const changes: boolean[] = [];
    messages.onChange((isConnected) => changes.push(isConnected));
    memory.setUp(false);
    expect(messages.publish('x', new Uint8Array())).toBe(false);
    memory.setUp(true);
    expect([messages.isConnected, changes]).toEqual([true, [false, true]]);
  });
});

it('a first connection that nobody waits for any more is given up, and holds nothing', async () => {
  const closing = new AbortController();
  const options = { servers: [`127.0.0.1:${await freePort()}`], token: TOKEN, name: 'test', logger: silentLogger, random: () => 0 };
  const connecting = connectMessages({ ...options, reconnect: { firstMs: 20, maxMs: 50 } }, closing.signal);
  closing.abort(new Error('closed'));
  await expect(connecting).rejects.toThrow();
});
