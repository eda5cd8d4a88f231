import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sessionId } from '@trainer/model';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { FakeHead, refusalOf } from '../testing/rpc/fake-head.js';
import { HeadRpc } from './head-rpc.js';
import { Session } from './session.js';

let head: FakeHead;
let clock: ManualClock;
let rpc: HeadRpc;
let session: Session;

beforeEach(async () => {
  head = await new FakeHead().start();
  clock = manualClock();
  rpc = new HeadRpc({ address: head.address, secret: head.secret }, clock);
  session = new Session(sessionId('session-0123456789abcdef'), rpc);
});

afterEach(async () => {
  rpc.close();
  await head.stop();
});

/** Lets sockets work until it is so; time passes only as the test says. */
async function until(condition: () => boolean, stepMs = 0): Promise<void> {
  while (!condition()) await clock.advanceAsync(stepMs);
}

test('a session says who it is and what it speaks', async () => {
  await session.open();
  expect(head.sessions[0]?.hello).toMatchObject({ session: 'session-0123456789abcdef', protocol: { major: 1 }, clientVersion: '0.1.0' });
});

test('it beats six times a grace', async () => {
  await session.open();
  for (let beat = 1; beat <= 6; beat += 1) {
    await clock.advanceAsync(5_000);
    await until(() => head.sessions[0]?.beats === beat);
    // The echo is on its way back.
    for (let i = 0; i < 20; i += 1) await clock.advanceAsync(0);
  }
  expect(head.sessions).toHaveLength(1);
});

test('a broken stream is taken up again under the same id', async () => {
  await session.open();
  head.sessions[0]?.cut();
  await until(() => head.sessions.length === 2, 10);
  expect(head.sessions[1]?.hello.session).toBe(session.id);
});

test('a head that is away for a while finds the session again', async () => {
  await session.open();
  await head.stop();
  await clock.advanceAsync(1_000);
  await head.start();
  await until(() => head.sessions.length === 2, 10);
  expect(() => session.check()).not.toThrow();
});

test('a stream on which beats are not answered is given up for a new one', async () => {
  await session.open();
  head.isEchoing = false;
  await until(() => head.sessions.length >= 2, 500);
  expect(clock.wallMs()).toBeGreaterThanOrEqual(10_000);
});

test('a session that the head refuses later says so to whoever creates', async () => {
  await session.open();
  head.sessionRefusal = refusalOf('session.ended', 'The session has ended.');
  head.sessions[0]?.cut();
  await until(() => head.sessions.length === 2, 10);
  let error: unknown = null;
  await until(() => {
    try {
      session.check();
    } catch (thrown) {
      error = thrown;
    }
    return error !== null;
  });
  expect(error).toMatchObject({ code: 'session.ended' });
});

test('no head within ten seconds is unavailable', async () => {
  await head.stop();
  let error: unknown = null;
  void session.open().catch((thrown: unknown) => (error = thrown));
  await until(() => error !== null, 500);
  expect(error).toMatchObject({ code: 'cluster.unavailable', facts: { addresses: [head.address], since: 0 } });
});

test('closing tells the head, and leaves no timer', async () => {
  await session.open();
  await session.close();
  expect(head.sessions[0]?.isClosed).toBe(true);
  expect(clock.pending).toBe(0);
});
