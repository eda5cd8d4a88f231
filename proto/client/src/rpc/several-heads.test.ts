import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { sendUnaryData } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sessionId, TrainerError } from '@trainer/model';
import { systemClock, until } from '@trainer/runtime';
import { errorToStatus, type pb } from '@trainer/wire';
import type { HeadConnection } from '../head/head-door.js';
import { FakeHead } from '../testing/rpc/fake-head.js';
import { connectHead } from './connect-head.js';
import { HeadRpc } from './head-rpc.js';
import { Session } from './session.js';

/** Nobody listens on it: the system gave it out and took it back. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Takes connections and says nothing, as a machine that is frozen. */
async function silentListener(): Promise<{ address: string; close: () => void }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

describe('with several addresses', () => {
  let head: FakeHead;
  let connection: HeadConnection | null = null;

  beforeEach(async () => {
    head = await new FakeHead().start();
  });

  afterEach(async () => {
    connection?.close();
    await head.stop();
  });

  const connect = (...addresses: readonly string[]): HeadConnection =>
    (connection = connectHead({ address: addresses.join(', '), secret: head.secret }));

  test('one that refuses is left for one that answers', async () => {
    const { headEpoch } = await connect(`127.0.0.1:${await closedPort()}`, head.address).status();
    expect(headEpoch).toBe(3);
  });

  test('one that takes the connection and says nothing is left too', async () => {
    const silent = await silentListener();
    const { headEpoch } = await connect(silent.address, head.address)
      .status()
      .finally(() => silent.close());
    expect(headEpoch).toBe(3);
  });

  test('one that says nothing is left also by requests that wait for less than that takes', async () => {
    const silent = await silentListener();
    const probing = connect(silent.address, head.address);
    const answers = async (): Promise<boolean> =>
      probing.status({ deadlineMs: 150 }).then(
        () => true,
        () => false,
      );
    await until('the other answers', answers, { clock: systemClock(), deadlineMs: 10_000 }).finally(() => silent.close());
  });

  test('one that does not lead is left for one that does', async () => {
    const standby = new FakeHead();
    const asked: string[] = [];
    const jobs = (name: string, error: TrainerError) => ({
      get: (_call: unknown, done: sendUnaryData<pb.Job>) => (asked.push(name), done(errorToStatus(error))),
    });
    standby.jobs = jobs('standby', new TrainerError('cluster.unavailable', 'This head is suspended.', { part: 'database' }, 'same'));
    head.jobs = jobs('leader', new TrainerError('not-found', 'There is no such job.', {}));
    await head.stop();
    await Promise.all([head.start(), standby.start()]);
    const got = connect(standby.address, head.address).jobs.get('train_0123456789ab');
    await expect(got).rejects.toMatchObject({ code: 'not-found' });
    expect(asked).toEqual(['standby', 'leader']);
    await standby.stop();
  });

  test('what a head said of itself is told, not that the last of many tries got no answer', async () => {
    const away = new TrainerError('cluster.unavailable', 'The database does not answer.', { part: 'database' }, 'same');
    let asked = 0;
    head.jobs = { get: (_call: unknown, done: sendUnaryData<pb.Job>) => void ((asked += 1) === 1 && done(errorToStatus(away))) };
    await head.stop();
    await head.start();
    const rpc = new HeadRpc({ address: head.address, secret: head.secret }, systemClock());
    const got = rpc.unary(rpc.jobs.get.bind(rpc.jobs), { job: 'train_0123456789ab' }, { isIdempotent: true, deadlineMs: 500 });
    await expect(got.finally(() => rpc.close())).rejects.toMatchObject({ message: away.message });
    expect(asked).toBe(2);
  });

  test('what somebody has to mend is not tried again', async () => {
    const full = new TrainerError('cluster.unavailable', 'The disk of the database is full.', { part: 'database' }, 'never');
    let asked = 0;
    head.jobs = { get: (_call: unknown, done: sendUnaryData<pb.Job>) => ((asked += 1), done(errorToStatus(full))) };
    await head.stop();
    await head.start();
    await expect(connect(head.address).jobs.get('train_0123456789ab')).rejects.toMatchObject({ message: full.message });
    expect(asked).toBe(1);
  });

  test('when none answers the error names them all', async () => {
    const addresses = [`127.0.0.1:${await closedPort()}`, `127.0.0.1:${await closedPort()}`];
    const asked = connect(...addresses).status({ deadlineMs: 300 });
    await expect(asked).rejects.toMatchObject({ code: 'cluster.unavailable', facts: { addresses } });
  });

  test('a log is read from the one that answers', async () => {
    const lines: string[] = [];
    for await (const { line } of connect(`127.0.0.1:${await closedPort()}`, head.address).logs('actor-1')) lines.push(line);
    expect(lines).toEqual(['actor-1: one', 'actor-1: two']);
  });

  test('a session goes on at another head under the same id', async () => {
    const other = await new FakeHead().start();
    const clock = systemClock();
    const rpc = new HeadRpc({ address: `${head.address},${other.address}`, secret: head.secret }, clock);
    const session = new Session(sessionId('session-0123456789abcdef'), rpc);
    await session.open();
    await head.stop();
    await until('the other head knows it', () => other.sessions[0]?.hello.session === session.id, { clock, deadlineMs: 5_000 });
    await session.close();
    rpc.close();
    await other.stop();
  });
});
