import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock, until } from '@trainer/runtime';
import { Link } from './link.js';

const SOON_MS = 60_000;
/** Long enough for loopback to have passed what it would pass. */
const QUIET_MS = 50;

let echo: Server;
let link: Link;
let accepted: Socket[];

/** Answers each piece with itself in capitals. */
beforeEach(async () => {
  accepted = [];
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (piece) => socket.write(piece.toString().toUpperCase()));
    socket.on('end', () => socket.end('the end'));
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const { port } = echo.address() as AddressInfo;
  link = await Link.open('a-b', () => ({ host: '127.0.0.1', port }));
});

afterEach(async () => {
  await link.close();
  for (const socket of accepted) socket.destroy();
  await new Promise((resolve) => echo.close(resolve));
});

interface Caller {
  readonly socket: Socket;
  heard(): string;
  isClosed(): boolean;
}

async function call(): Promise<Caller> {
  const socket = connect({ host: '127.0.0.1', port: link.port, allowHalfOpen: true });
  let [heard, isClosed] = ['', false];
  socket.on('data', (piece) => (heard += piece.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  await Promise.race([once(socket, 'connect'), new Promise((resolve) => socket.once('close', resolve))]).catch(() => undefined);
  return { socket, heard: () => heard, isClosed: () => isClosed };
}

const soon = (what: string, condition: () => boolean): Promise<boolean> =>
  until(what, condition, { clock: systemClock(), deadlineMs: SOON_MS, everyMs: 2 });
/** What must not happen can only be waited for. */
const quiet = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, QUIET_MS));

describe('a link', () => {
  test('passes bytes both ways, and the end of one side to the other', async () => {
    const caller = await call();
    caller.socket.write('hello');
    await soon('the answer', () => caller.heard() === 'HELLO');
    caller.socket.end();
    await soon('the end', () => caller.heard() === 'HELLOthe end' && caller.isClosed());
    await soon('the link holds nothing', () => link.connections === 0);
  });

  test('that is cut passes nothing and closes nothing; healed, it passes what was sent meanwhile', async () => {
    const caller = await call();
    caller.socket.write('one ');
    await soon('the first answer', () => caller.heard() === 'ONE ');
    link.cut();
    caller.socket.write('two ');
    await quiet();
    expect([caller.heard(), caller.isClosed()]).toEqual(['ONE ', false]);
    link.heal();
    await soon('the second answer', () => caller.heard() === 'ONE TWO ');
    caller.socket.destroy();
  });

  test('that is cut tells nobody that the other side has gone, until it is healed', async () => {
    const caller = await call();
    caller.socket.write('one');
    await soon('the first answer', () => caller.heard() === 'ONE');
    link.cut();
    for (const socket of accepted) socket.resetAndDestroy();
    await quiet();
    expect(caller.isClosed()).toBe(false);
    link.heal();
    await soon('the break arrives', () => caller.isClosed());
  });

  test('that is cut leaves a new connection without an answer, and heals it too', async () => {
    link.cut();
    const caller = await call();
    caller.socket.write('late');
    await quiet();
    expect([accepted.length, caller.heard()]).toEqual([0, '']);
    link.heal();
    await soon('the answer', () => caller.heard() === 'LATE');
    caller.socket.destroy();
  });

  test('that is severed closes what there is and what comes, until it is healed', async () => {
    const caller = await call();
    link.sever();
    await soon('the connection is closed', () => caller.isClosed());
    const second = await call();
    await soon('the second is closed too', () => second.isClosed());
    link.heal();
    const third = await call();
    third.socket.write('again');
    await soon('the answer', () => third.heard() === 'AGAIN');
    third.socket.destroy();
  });

  test('with a delay takes that much longer each way and keeps the order', async () => {
    const caller = await call();
    link.delayBy(40);
    const begun = performance.now();
    for (const word of ['a', 'b', 'c']) caller.socket.write(word);
    await soon('the answer', () => caller.heard() === 'ABC');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(75);
    caller.socket.destroy();
  });

  test('passes more than its buffers hold, whole', async () => {
    const caller = await call();
    const text = 'x'.repeat(8 * 2 ** 20);
    caller.socket.write(text);
    await soon('all came back', () => caller.heard().length === text.length);
    caller.socket.destroy();
  });

  test('to a server that is away closes the connection', async () => {
    echo.close();
    const caller = await call();
    await soon('the connection is closed', () => caller.isClosed());
  });
});
