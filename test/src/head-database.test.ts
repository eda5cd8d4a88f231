import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectHead } from '@trainer/client/internal';
import type { HeadConnection } from '@trainer/client/internal';
import { startHead } from '@trainer/head';
import type { Head } from '@trainer/head';
import { nodeId } from '@trainer/model';
import type { ToAgent } from '@trainer/model';
import { silentLogger, systemClock, timeScale, until } from '@trainer/runtime';
import { openObjectStore } from '@trainer/storage';
import { Link } from './harness/link.js';
import { startRealServers } from './real-servers.js';
import type { RealServers } from './real-servers.js';
import { actorIn, HeadClients } from './rpc/head-clients.js';
import { TestAgent } from './rpc/test-agent.js';

const NODE = nodeId('node-00000000000b');
const SCALE = 0.1;
const WAIT_MS = 20_000;
/** The head's time-out of a statement, and some for what it does then. */
const SUSPENDED_WITHIN_MS = 7_000;
/** Longer than the grace of a session and than the loss of a node: 3 s and 1 s at this scale, at ten heartbeats a second. */
const LONG_OUTAGE_ECHOES = 40;

let servers: RealServers;
let link: Link;
let head: Head;
let agent: TestAgent;
let connection: HeadConnection;
let clients: HeadClients;
let fatal: Error | null;
let incarnation = 0;

beforeAll(async () => {
  servers = await startRealServers();
  const objects = await openObjectStore({ kind: 'folder', path: join(servers.folder, 'objects') });
  await objects.put('data-preparer', 'iris.csv', Buffer.from('a,b\n1,2\n'));
}, 60_000);

afterAll(() => servers.stop(), 60_000);

beforeEach(async () => {
  fatal = null;
  incarnation += 1;
  const database = new URL(servers.databaseUrl);
  const target = { host: database.hostname, port: Number(database.port) };
  link = await Link.open('head and PostgreSQL', () => target);
  database.hostname = '127.0.0.1';
  database.port = String(link.port);
  head = await startHead({
    databaseUrl: database.href,
    natsUrl: servers.natsUrl,
    natsToken: servers.secret,
    secret: servers.secret,
    storeConfig: { kind: 'folder', path: join(servers.folder, 'objects') },
    buckets: {},
    version: '0.1.0',
    timeScale: timeScale(SCALE),
    clock: systemClock(),
    log: silentLogger,
    random: randomBytes,
    onFatal: (error) => {
      fatal = error;
    },
  });
  agent = await TestAgent.start({ address: head.address, secret: servers.secret, natsUrl: servers.natsUrl, node: NODE, incarnation });
  connection = connectHead({ address: head.address, secret: servers.secret });
  clients = new HeadClients(head.address, servers.secret);
}, 30_000);

afterEach(async () => {
  connection.close();
  clients.close();
  await agent.close();
  await head.close();
  await link.close();
});

async function runningActor() {
  const session = await clients.session();
  const calls = clients.actors(servers.secret);
  const spec = actorIn(session.id);
  const created = calls.create(spec);
  const { lease } = await agent.placement(agent.placed.length + 1);
  await agent.fact(lease, { kind: 'started', pid: 7 });
  await agent.fact(lease, { kind: 'ready', address: '127.0.0.1:7' });
  await created;
  return { spec, lease, calls, session };
}

const isSuspended = (message: ToAgent): message is Extract<ToAgent, { kind: 'suspended' }> => message.kind === 'suspended';

const echoes = (): number => agent.received.filter(({ kind }) => kind === 'echo').length;

async function moreEchoes(count: number): Promise<void> {
  const before = echoes();
  await until('the suspended head echoes', () => echoes() >= before + count, { clock: systemClock(), deadlineMs: WAIT_MS });
}

test('an outage that is longer than every grace ends no actor and no session, and the head says that it waits', async () => {
  const first = await agent.connect();
  const { spec, lease, calls, session } = await runningActor();
  link.sever();
  const told = await agent.next('suspended', isSuspended);
  expect(told.headEpoch).toBe(first.headEpoch);
  await expect(calls.create(actorIn(session.id))).rejects.toMatchObject({ code: 'cluster.unavailable' });
  await moreEchoes(LONG_OUTAGE_ECHOES);
  link.heal();
  const welcome = await agent.connect([{ lease, state: 'ready' }]);
  expect(welcome.verdicts).toEqual([{ lease, verdict: 'keep' }]);
  expect(welcome.headEpoch).toBeGreaterThan(first.headEpoch);
  expect((await calls.get(spec.id)).state.at).toBe('alive');
  const next = calls.create(actorIn(session.id));
  const placed = await agent.placement(2);
  expect(placed.lease).toMatch(new RegExp(`^${welcome.headEpoch}-`));
  await agent.fact(placed.lease, { kind: 'ready', address: '127.0.0.1:8' });
  expect((await next).state.at).toBe('alive');
  expect(fatal).toBeNull();
}, 30_000);

test('a fact that is told during an outage is stored after it', async () => {
  await agent.connect();
  const { spec, lease, calls } = await runningActor();
  link.sever();
  await agent.next('suspended', isSuspended);
  const stored = agent.fact(lease, { kind: 'ended', cause: { kind: 'signal', signal: 'SIGKILL' } });
  await moreEchoes(2);
  expect(agent.received.filter(({ kind }) => kind === 'ack')).toHaveLength(2);
  link.heal();
  await agent.connect();
  expect(await stored).toMatchObject({ storedFact: 3, refused: [] });
  expect((await calls.get(spec.id)).state).toMatchObject({ at: 'dead', cause: { kind: 'signal' } });
}, 30_000);

test('a hello during an outage is answered so, and reconciled when it is over', async () => {
  link.sever();
  const welcome = agent.connect();
  await agent.next('suspended', isSuspended);
  await moreEchoes(2);
  link.heal();
  expect((await welcome).verdicts).toEqual([]);
}, 30_000);

test('a session is attached once the outage is over', async () => {
  await agent.connect();
  link.sever();
  await agent.next('suspended', isSuspended);
  const held = clients.patientSession();
  link.heal();
  await agent.connect();
  const created = clients.actors(servers.secret).create(actorIn((await held).id));
  const { lease } = await agent.placement(1);
  await agent.fact(lease, { kind: 'ready', address: '127.0.0.1:7' });
  expect((await created).state.at).toBe('alive');
}, 30_000);

test('a connection that is cut and not closed suspends the head in time, and what was sent into the cut counts once or not at all', async () => {
  await agent.connect([], 0);
  const request = { modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' } as const;
  const before = await connection.jobs.submit(request);
  const cutMs = performance.now();
  link.cut();
  const lost = [1, 2, 3].map(() => connection.jobs.submit(request).catch((error: unknown) => error));
  await agent.next('suspended', isSuspended);
  expect(performance.now() - cutMs).toBeLessThan(SUSPENDED_WITHIN_MS);
  for (const answer of await Promise.all(lost)) expect(answer).toMatchObject({ code: 'cluster.unavailable' });
  link.heal();
  await agent.connect([], 0);
  const stored = await connection.jobs.list({ status: 'pending' });
  expect((await connection.status()).jobsPending).toBe(stored.jobs.length);
  expect(stored.jobs.map(({ id }) => id)).toContain(before.id);
  for (const job of stored.jobs) expect((await connection.jobs.cancel(job.id)).status).toBe('cancelled');
  expect(fatal).toBeNull();
}, 40_000);

test('an agent that has obeyed a newer head makes this one raise its head epoch above it', async () => {
  const first = await agent.connect();
  agent.newestHeadEpoch = first.headEpoch + 100;
  const welcome = await agent.connect();
  expect(welcome.headEpoch).toBe(first.headEpoch + 101);
  const session = await clients.session();
  void clients
    .actors(servers.secret)
    .create(actorIn(session.id))
    .catch(() => undefined);
  expect((await agent.placement(1)).lease).toMatch(new RegExp(`^${welcome.headEpoch}-`));
  expect((await connection.status()).headEpoch).toBe(welcome.headEpoch);
  expect(fatal).toBeNull();
}, 30_000);
