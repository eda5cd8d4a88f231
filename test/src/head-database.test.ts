import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openDatabase } from '@trainer/head/testing';
import { nodeId } from '@trainer/model';
import type { ToAgent } from '@trainer/model';
import { systemClock, until } from '@trainer/runtime';
import { Link } from './harness/link.js';
import { startRealServers } from './real-servers.js';
import type { RealServers } from './real-servers.js';
import { actorIn } from './rpc/head-clients.js';
import { HeadScene } from './rpc/head-scene.js';

const NODE = nodeId('node-00000000000b');
const WAIT_MS = 60_000;
const IRIS = { modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' } as const;
const WAITING_LOCKS = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
/** The head's time-out of a statement, and some for what it does then. */
const SUSPENDED_WITHIN_MS = 7_000;
/** Longer than the grace of a session and than the loss of a node: 3 s and 1 s at this scale, at ten heartbeats a second. */
const LONG_OUTAGE_ECHOES = 40;

let servers: RealServers;
let link: Link;
let scene: HeadScene;
let incarnation = 0;

beforeAll(async () => {
  servers = await startRealServers();
});

afterAll(() => servers.stop());

beforeEach(async () => {
  incarnation += 1;
  const database = new URL(servers.databaseUrl);
  const target = { host: database.hostname, port: Number(database.port) };
  link = await Link.open('head and PostgreSQL', () => target);
  database.hostname = '127.0.0.1';
  database.port = String(link.port);
  scene = await HeadScene.open({ servers, node: NODE, incarnation, databaseUrl: database.href });
});

afterEach(async () => {
  await scene.close();
  await link.close();
});

const isSuspended = (message: ToAgent): message is Extract<ToAgent, { kind: 'suspended' }> => message.kind === 'suspended';

const echoes = (): number => scene.agent.received.filter(({ kind }) => kind === 'echo').length;

async function moreEchoes(count: number): Promise<void> {
  const before = echoes();
  await until('the suspended head echoes', () => echoes() >= before + count, { clock: systemClock(), deadlineMs: WAIT_MS });
}

test('an outage that is longer than every grace ends no actor and no session, and the head says that it waits', async () => {
  const first = await scene.agent.connect();
  const { spec, lease, session } = await scene.runningActor();
  link.sever();
  const told = await scene.agent.next('suspended', isSuspended);
  expect(told.headEpoch).toBe(first.headEpoch);
  await expect(scene.calls.create(actorIn(session.id))).rejects.toMatchObject({ code: 'cluster.unavailable' });
  await moreEchoes(LONG_OUTAGE_ECHOES);
  link.heal();
  const welcome = await scene.agent.connect([{ lease, state: 'ready' }]);
  expect(welcome.verdicts).toEqual([{ lease, verdict: 'keep' }]);
  expect(welcome.headEpoch).toBeGreaterThan(first.headEpoch);
  expect((await scene.calls.get(spec.id)).state.at).toBe('alive');
  const next = scene.calls.create(actorIn(session.id));
  const placed = await scene.agent.placement(2);
  expect(placed.lease).toMatch(new RegExp(`^${welcome.headEpoch}-`));
  await scene.agent.fact(placed.lease, { kind: 'ready', address: '127.0.0.1:8' });
  expect((await next).state.at).toBe('alive');
  expect(scene.fatal).toBeNull();
});

test('a fact that is told during an outage is stored after it', async () => {
  await scene.agent.connect();
  const { spec, lease } = await scene.runningActor();
  link.sever();
  await scene.agent.next('suspended', isSuspended);
  const stored = scene.agent.fact(lease, { kind: 'ended', cause: { kind: 'signal', signal: 'SIGKILL' } });
  await moreEchoes(2);
  expect(scene.agent.received.filter(({ kind }) => kind === 'ack')).toHaveLength(2);
  link.heal();
  await scene.agent.connect();
  expect(await stored).toMatchObject({ storedFact: 3, refused: [] });
  expect((await scene.calls.get(spec.id)).state).toMatchObject({ at: 'dead', cause: { kind: 'signal' } });
});

test('a hello during an outage is answered so, and reconciled when it is over', async () => {
  link.sever();
  const welcome = scene.agent.connect();
  await scene.agent.next('suspended', isSuspended);
  await moreEchoes(2);
  link.heal();
  expect((await welcome).verdicts).toEqual([]);
});

test('a session is attached once the outage is over', async () => {
  await scene.agent.connect();
  link.sever();
  await scene.agent.next('suspended', isSuspended);
  const held = scene.clients.patientSession();
  link.heal();
  await scene.agent.connect();
  const created = scene.calls.create(actorIn((await held).id));
  const { lease } = await scene.agent.placement(1);
  await scene.agent.fact(lease, { kind: 'ready', address: '127.0.0.1:7' });
  expect((await created).state.at).toBe('alive');
});

test('a connection that is cut and not closed suspends the head in time, and what was sent into the cut counts once or not at all', async () => {
  await scene.agent.connect([], 0);
  const before = await scene.connection.jobs.submit(IRIS);
  const cutMs = performance.now();
  link.cut();
  const lost = [1, 2, 3].map(() => scene.connection.jobs.submit(IRIS).catch((error: unknown) => error));
  await scene.agent.next('suspended', isSuspended);
  expect(performance.now() - cutMs).toBeLessThan(SUSPENDED_WITHIN_MS);
  for (const answer of await Promise.all(lost)) expect(answer).toMatchObject({ code: 'cluster.unavailable' });
  link.heal();
  await scene.agent.connect([], 0);
  const stored = await scene.connection.jobs.list({ status: 'pending' });
  expect((await scene.connection.status()).jobsPending).toBe(stored.jobs.length);
  expect(stored.jobs.map(({ id }) => id)).toContain(before.id);
  for (const job of stored.jobs) expect((await scene.connection.jobs.cancel(job.id)).status).toBe('cancelled');
  expect(scene.fatal).toBeNull();
});

test('a job whose commit happened, though its answer was lost, is known once and can be cancelled', async () => {
  await scene.agent.connect([], 0);
  const database = openDatabase({ url: servers.databaseUrl, applicationName: 'a test', timeoutMs: WAIT_MS, onLost: () => undefined });
  const refused = await database.long.withClient(async (client) => {
    // Every transaction of the head waits for this lock: so the commit is under way when the link is cut.
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock(8433270021)');
    const submitted = scene.connection.jobs.submit(IRIS).catch((error: unknown) => error);
    await until('the commit waits', async () => (await database.reads.query(WAITING_LOCKS)).length > 0, {
      clock: systemClock(),
      deadlineMs: WAIT_MS,
    });
    link.cut();
    await client.query('COMMIT');
    return submitted;
  });
  expect(refused).toMatchObject({ code: 'cluster.unavailable' });
  await scene.agent.next('suspended', isSuspended);
  link.heal();
  await scene.agent.connect([], 0);
  const stored = await scene.connection.jobs.list({ status: 'pending' });
  expect(stored.jobs).toHaveLength(1);
  expect((await scene.connection.status()).jobsPending).toBe(1);
  for (const job of stored.jobs) expect((await scene.connection.jobs.cancel(job.id)).status).toBe('cancelled');
  await database.close();
  expect(scene.fatal).toBeNull();
});

/** Its own statements time out, and are looked for, after so long. */
const openWithin = (timeoutMs: number) => {
  const through = new URL(servers.databaseUrl);
  through.port = String(link.port);
  return openDatabase({ url: through.href, applicationName: 'long statements', timeoutMs, onLost: () => undefined });
};

test('a long statement whose connection is cut is given up, though it may take minutes', async () => {
  const database = openWithin(300);
  const long = database.long.query('SELECT pg_sleep(3600)').catch((error: unknown) => error);
  const isAtWork = "SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)'";
  await until('it is at work', async () => (await database.reads.query(isAtWork)).length > 0, {
    clock: systemClock(),
    deadlineMs: WAIT_MS,
  });
  link.cut();
  expect(await long).toMatchObject({ code: 'cluster.unavailable' });
  link.heal();
  await database.close();
});

test('a long statement that PostgreSQL works on is waited for', async () => {
  // Connecting is given so long too, and a busy machine takes a tenth of it.
  const database = openWithin(1_000);
  expect(await database.long.query('SELECT 7 AS done FROM pg_sleep(4)')).toEqual([{ done: 7 }]);
  await database.close();
});

test('an agent that has obeyed another leadership of the same head epoch makes this one raise its own', async () => {
  const { headEpoch } = await scene.connection.status();
  scene.agent.newestHeadEpoch = headEpoch;
  const welcome = await scene.agent.connect();
  expect(welcome.headEpoch).toBe(headEpoch + 1);
  scene.agent.newestHeadEpoch = headEpoch + 1;
  expect((await scene.agent.connect()).headEpoch).toBe(headEpoch + 1);
  expect(scene.fatal).toBeNull();
});

test('an agent that has obeyed a newer head makes this one raise its head epoch above it', async () => {
  const first = await scene.agent.connect();
  scene.agent.newestHeadEpoch = first.headEpoch + 100;
  const welcome = await scene.agent.connect();
  expect(welcome.headEpoch).toBe(first.headEpoch + 101);
  const session = await scene.clients.session();
  const created = scene.calls.create(actorIn(session.id));
  const { lease } = await scene.agent.placement(1);
  expect(lease).toMatch(new RegExp(`^${welcome.headEpoch}-`));
  await scene.agent.fact(lease, { kind: 'ready', address: '127.0.0.1:7' });
  expect((await created).state.at).toBe('alive');
  expect((await scene.connection.status()).headEpoch).toBe(welcome.headEpoch);
  expect(scene.fatal).toBeNull();
});
