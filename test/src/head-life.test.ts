import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connectHead } from '@trainer/client/internal';
import type { HeadConnection } from '@trainer/client/internal';
import type { Head, HeadOptions } from '@trainer/head';
import { nodeId } from '@trainer/model';
import type { LeaseId, TrainingResult } from '@trainer/model';
import { newActorId, newSessionId, systemClock, until } from '@trainer/runtime';
import { openObjectStore } from '@trainer/storage';
import type { ObjectStore } from '@trainer/storage';
import { decodeAssignment } from '@trainer/wire';
import { startRealServers } from './real-servers.js';
import type { RealServers } from './real-servers.js';
import { actorIn, HeadClients } from './rpc/head-clients.js';
import type { ActorCalls, TestSession } from './rpc/head-clients.js';
import { openHead, storeConfigOf } from './rpc/open-head.js';
import { TestAgent } from './rpc/test-agent.js';

const NODE = nodeId('node-00000000000a');
const WAIT_MS = 60_000;

let servers: RealServers;
let objects: ObjectStore;
let head: Head;
let agent: TestAgent;
let connection: HeadConnection;
let clients: HeadClients;
let fatal: Error | null;
let incarnation = 0;

const startedHead = (settings: Partial<HeadOptions> = {}): Promise<Head> =>
  openHead(servers, {
    onFatal: (error) => {
      fatal = error;
    },
    ...settings,
  });

beforeAll(async () => {
  servers = await startRealServers();
  objects = await openObjectStore(storeConfigOf(servers));
  await objects.put('data-preparer', 'iris.csv', Buffer.from('a,b\n1,2\n'));
});

afterAll(() => servers.stop());

beforeEach(async () => {
  fatal = null;
  incarnation += 1;
  head = await startedHead();
  agent = await TestAgent.start({ address: head.address, secret: servers.secret, natsUrl: servers.natsUrl, node: NODE, incarnation });
  connection = connectHead({ address: head.address, secret: servers.secret });
  clients = new HeadClients(head.address, servers.secret);
});

afterEach(async () => {
  connection.close();
  clients.close();
  await agent.close();
  await head.close();
});

const openSession = (): Promise<TestSession> => clients.session();
const actorCalls = (secret = servers.secret): ActorCalls => clients.actors(secret);

async function runningActor() {
  const session = await openSession();
  const calls = actorCalls();
  const spec = actorIn(session.id);
  const created = calls.create(spec);
  const { lease } = await agent.placement(agent.placed.length + 1);
  await agent.fact(lease, { kind: 'started', pid: 7 });
  await agent.fact(lease, { kind: 'ready', address: '127.0.0.1:7' });
  return { spec, lease, view: await created, calls, session };
}

test('an actor is placed, runs, is stopped and is gone, one step after the other', async () => {
  await agent.connect();
  const { spec, lease, view, calls } = await runningActor();
  expect(view).toMatchObject({ state: { at: 'alive', lease, address: '127.0.0.1:7', node: NODE } });
  expect(view.token).toMatch(/^[0-9a-f]{64}$/);
  const killed = calls.kill(spec.id);
  expect((await agent.command('stop', lease)).cause).toEqual({ kind: 'killed', by: 'a test' });
  await agent.fact(lease, { kind: 'ended', cause: { kind: 'signal', signal: 'SIGTERM' } });
  expect((await killed).state).toMatchObject({ at: 'dead', cause: { kind: 'killed', by: 'a test' } });
  expect((await connection.nodes.list())[0]).toMatchObject({ leases: 0, state: 'connected' });
});

test('creating the same actor again is the same actor', async () => {
  await agent.connect();
  const { spec, view, calls } = await runningActor();
  expect(await calls.create(spec)).toEqual(view);
  expect(agent.placed).toHaveLength(1);
});

test('a refused placement is planned again under a new lease', async () => {
  await agent.connect();
  agent.answer = () => (agent.placed.length === 1 ? { kind: 'refused', reason: 'capacity', message: 'full' } : { kind: 'granted' });
  const session = await openSession();
  const created = actorCalls().create(actorIn(session.id));
  const second = await agent.placement(2);
  expect(second.lease).not.toBe(agent.placed[0]?.lease);
  await agent.fact(second.lease, { kind: 'ready', address: '127.0.0.1:7' });
  expect((await created).state.at).toBe('alive');
});

test('a constructor that throws is told to its creator', async () => {
  await agent.connect();
  const session = await openSession();
  const error = { name: 'TypeError', message: 'no', stack: 'here', fields: { code: 7 } };
  const refused = expect(actorCalls().create(actorIn(session.id))).rejects.toMatchObject({ code: 'call.threw', facts: error });
  const { lease } = await agent.placement(1);
  await agent.fact(lease, { kind: 'ended', cause: { kind: 'constructor-threw', error } });
  await refused;
});

test('what fits on no node is refused at once with the explanation', async () => {
  await agent.connect();
  const session = await openSession();
  const created = actorCalls().create(actorIn(session.id, 64_000));
  await expect(created).rejects.toMatchObject({ code: 'placement.infeasible', facts: { explanation: { verdict: 'infeasible' } } });
});

test('an actor whose agent is gone ends as lost with its node', async () => {
  await agent.connect();
  const { spec, calls } = await runningActor();
  agent.disconnect();
  const dead = await until(
    'the actor is lost',
    async () => {
      const view = await calls.get(spec.id);
      return view.state.at === 'dead' ? view : null;
    },
    { clock: systemClock(), deadlineMs: WAIT_MS },
  );
  expect(dead.state).toMatchObject({ cause: { kind: 'node-lost', node: NODE } });
});

test('an agent that comes back in time keeps its leases, and ends those that the head does not know', async () => {
  await agent.connect();
  const { spec, lease, calls } = await runningActor();
  agent.disconnect();
  const unknown = '1-999' as LeaseId;
  const welcome = await agent.connect([
    { lease, state: 'ready' },
    { lease: unknown, state: 'ready' },
  ]);
  expect(welcome.verdicts).toEqual([
    { lease, verdict: 'keep' },
    { lease: unknown, verdict: 'end' },
  ]);
  expect((await calls.get(spec.id)).state.at).toBe('alive');
});

test('facts that come twice count once, and a fact of an unknown lease is refused', async () => {
  await agent.connect();
  await runningActor();
  agent.repeatFacts();
  const ack = await agent.fact('1-999' as LeaseId, { kind: 'started', pid: 1 });
  expect(ack).toMatchObject({ storedFact: 3, refused: [{ number: 3 }] });
});

test('the end of a session ends its actors', async () => {
  await agent.connect();
  const { lease, session } = await runningActor();
  session.close();
  expect((await agent.command('stop', lease)).cause).toEqual({ kind: 'owner-gone', owner: session.id });
});

test('an actor needs an open session', async () => {
  await agent.connect();
  await expect(actorCalls().create(actorIn(newSessionId(randomBytes)))).rejects.toMatchObject({ code: 'session.unknown' });
});

test('a caller without the secret is refused', async () => {
  await expect(actorCalls('wrong').get('actor-0000000000000000')).rejects.toMatchObject({ code: 'auth.refused' });
});

const IRIS = { modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' } as const;

async function begunJob() {
  // The placement may come before the submission's answer does.
  const nth = agent.placed.length + 1;
  const job = await connection.jobs.submit(IRIS);
  const request = await agent.placement(nth);
  const { lease } = request;
  await agent.fact(lease, { kind: 'started', pid: 8 });
  await agent.fact(lease, { kind: 'ready', address: '127.0.0.1:8' });
  const { begin } = await agent.command('begin', lease);
  return { job, request, lease, begin };
}

async function settled(job: string) {
  return until(
    'the job has ended',
    async () => {
      const now = await connection.jobs.get(job);
      return ['completed', 'failed', 'cancelled'].includes(now.status) ? now : null;
    },
    { clock: systemClock(), deadlineMs: WAIT_MS, describe: async () => JSON.stringify(await connection.jobs.get(job)) },
  );
}

test('a job goes from its submission to a model under its final keys', async () => {
  await agent.connect();
  const { job, request, lease, begin } = await begunJob();
  if (request.action.kind !== 'reserve-and-start') throw new Error('a gang of one is placed in one round trip');
  const { args } = request.action.spec;
  if (args.kind !== 'inline') throw new Error('the assignment of a rank travels in its start');
  const assignment = decodeAssignment(args.bytes);
  expect(assignment).toMatchObject({
    job: job.id,
    attempt: 1,
    rank: 0,
    worldSize: 1,
    dataset: { bucket: 'data-preparer', key: 'iris.csv' },
  });
  expect(begin).toMatchObject({ attempt: 1, rank: 0, worldSize: 1, peers: ['127.0.0.1:8'] });
  expect(begin.secret).toMatch(/^[0-9a-f]{64}$/);
  const rank = (report: Parameters<typeof reportOf>[0]) => agent.fact(lease, reportOf(report));
  await rank({ kind: 'phase', phase: 'loading' });
  await rank({ kind: 'phase', phase: 'training' });
  const metrics = {
    epoch: 1,
    trainLoss: 0.5,
    valLoss: 0.6,
    trainAccuracy: 0.9,
    valAccuracy: 0.8,
    learningRate: 0.3,
    additional: { val_f1_macro: 0.7 },
  };
  await rank({ kind: 'epoch', metrics, done: 0.5 });
  expect((await connection.jobs.progress(job.id)).metrics).toEqual([metrics]);
  await rank({ kind: 'phase', phase: 'exporting' });
  const key = `attempts/${job.id}/1/${assignment.artifactStem}.pkl`;
  await objects.put('trained-models', key, Buffer.from('model'));
  await rank({ kind: 'result', result: resultOf(key) });
  const { cause } = await agent.command('stop', lease);
  expect(cause).toEqual({ kind: 'finished' });
  await agent.fact(lease, { kind: 'ended', cause: { kind: 'finished' } });
  const done = await settled(job.id);
  expect(done).toMatchObject({ status: 'completed', progress: 100, bestMetrics: { val_accuracy: 0.8 } });
  const model = await connection.jobs.model(job.id);
  const final = await objects.stat('trained-models', model.files[0]?.key ?? '');
  expect(final?.bytes).toBe(5);
  await until('the attempt is cleaned', async () => (await objects.stat('trained-models', key)) === null, {
    clock: systemClock(),
    deadlineMs: WAIT_MS,
  });
  const events = [];
  for await (const event of connection.jobs.events(job.id)) events.push(event);
  expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)).toMatchObject({ type: 'status', data: { status: 'completed' } });
  expect(events.filter(({ type }) => type === 'metrics')).toHaveLength(1);
});

type Report = Extract<Parameters<TestAgent['fact']>[1], { kind: 'rank' }>['report'];
function reportOf(report: Report): { kind: 'rank'; report: Report } {
  return { kind: 'rank', report };
}

function resultOf(key: string): TrainingResult {
  return {
    files: [{ role: 'pkl', key, bytes: 5, sha256: '0'.repeat(64), ending: '.pkl' }],
    metrics: { val_accuracy: 0.8 },
    keptEpoch: 1,
    lastEpoch: 1,
    signature: { inputs: [], outputs: [] },
    classes: null,
    featureImportance: null,
    dataFingerprint: 'f',
    verified: { rows: 1, tiedRows: 0 },
    selectedOnValidation: true,
    baseline: {},
    trainingMs: 10,
  };
}

test('a cancelled job is cancelled once its process is gone, and a second cancel says so', async () => {
  await agent.connect();
  const { job, lease } = await begunJob();
  const cancelled = connection.jobs.cancel(job.id);
  await agent.command('stop', lease);
  expect(await connection.jobs.get(job.id)).toMatchObject({ status: 'running', phase: 'stopping' });
  await agent.fact(lease, { kind: 'ended', cause: { kind: 'signal', signal: 'SIGTERM' } });
  expect((await cancelled).status).toBe('cancelled');
  await expect(connection.jobs.cancel(job.id)).rejects.toMatchObject({
    code: 'job.not-cancellable',
    message: 'Cannot cancel job in status: cancelled',
  });
});

test('a job that waits for a node is cancelled at once', async () => {
  const job = await connection.jobs.submit(IRIS);
  expect((await connection.jobs.cancel(job.id)).status).toBe('cancelled');
});

test('a repeated key is the same job, also at the same time, and another request under it is refused', async () => {
  const key = newActorId(randomBytes);
  const [a, b] = await Promise.all([
    connection.jobs.submit(IRIS, { idempotencyKey: key }),
    connection.jobs.submit(IRIS, { idempotencyKey: key }),
  ]);
  expect(b.id).toBe(a.id);
  const other = connection.jobs.submit({ ...IRIS, epochs: 7 }, { idempotencyKey: key });
  await expect(other).rejects.toMatchObject({ code: 'idempotency.conflict' });
  await connection.jobs.cancel(a.id);
});

test('a dataset that is not there, and a model that is unknown, are refused by name', async () => {
  await expect(connection.jobs.submit({ ...IRIS, dataId: 'none.csv' })).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('none.csv'),
  });
  await expect(connection.jobs.submit({ ...IRIS, modelId: 'xgboost_clasifier' })).rejects.toMatchObject({
    code: 'request.invalid',
    facts: { issues: [{ path: ['model_id'] }] },
  });
});

test('a head that starts again goes on with what runs and what waits', async () => {
  await agent.connect();
  const { job, lease } = await begunJob();
  agent.disconnect();
  connection.close();
  await head.close();
  head = await startedHead({ port: Number(head.address.split(':')[1]) });
  connection = connectHead({ address: head.address, secret: servers.secret });
  const welcome = await agent.connect([{ lease, state: 'ready' }]);
  expect(welcome.verdicts).toEqual([{ lease, verdict: 'keep' }]);
  await agent.fact(lease, reportOf({ kind: 'phase', phase: 'training' }));
  expect(await connection.jobs.get(job.id)).toMatchObject({ status: 'running', phase: 'training', attempt: 1 });
  const cancelled = connection.jobs.cancel(job.id);
  await agent.command('stop', lease);
  await agent.fact(lease, { kind: 'ended', cause: { kind: 'signal', signal: 'SIGTERM' } });
  expect((await cancelled).status).toBe('cancelled');
  expect(fatal).toBeNull();
});

test('after the death of PostgreSQL the head reads its state anew and goes on', async () => {
  await agent.connect();
  const { lease } = await runningActor();
  await servers.killPostgres();
  const submitted = connection.jobs.submit(IRIS).catch(() => null);
  await submitted;
  await until(
    'the head takes jobs again',
    () =>
      connection.jobs
        .submit(IRIS)
        .then((job) => connection.jobs.cancel(job.id))
        .catch(() => null),
    {
      clock: systemClock(),
      deadlineMs: WAIT_MS,
    },
  );
  const welcome = await agent.connect([{ lease, state: 'ready' }]);
  expect(welcome.verdicts).toEqual([{ lease, verdict: 'keep' }]);
  expect(fatal).toBeNull();
});

test('a second head waits while the first one leads, and follows when it is closed', async () => {
  let isLeading = false;
  const next = startedHead().then((second) => {
    isLeading = true;
    return second;
  });
  await connection.status();
  expect(isLeading).toBe(false);
  await head.close();
  await (await next).close();
  expect(fatal).toBeNull();
});
