import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Head } from '@trainer/head';
import { ACTOR_STATES_BUCKET, actorStateKey, actorStatesPrefix, nodeId } from '@trainer/model';
import type { ActorId, ActorSpec, ActorView, DeathCause, LeaseId, PlaceRequest } from '@trainer/model';
import { newActorId, systemClock, until } from '@trainer/runtime';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import { startRealServers } from './real-servers.js';
import type { RealServers } from './real-servers.js';
import { actorIn, HeadClients } from './rpc/head-clients.js';
import type { ActorCalls } from './rpc/head-clients.js';
import { openHead, storeConfigOf } from './rpc/open-head.js';
import { TestAgent } from './rpc/test-agent.js';

const NODE = nodeId('node-00000000000b');
const WAIT_MS = 60_000;
const SIGKILL: DeathCause = { kind: 'signal', signal: 'SIGKILL' };

let servers: RealServers;
let objects: ObjectStore;
let head: Head;
let agent: TestAgent;
let clients: HeadClients;
let calls: ActorCalls;
let incarnation = 0;

beforeAll(async () => {
  servers = await startRealServers();
  objects = await openObjectStore(storeConfigOf(servers));
});

afterAll(() => servers.stop());

beforeEach(async () => {
  incarnation += 1;
  head = await openHead(servers);
  agent = await TestAgent.start({ address: head.address, secret: servers.secret, natsUrl: servers.natsUrl, node: NODE, incarnation });
  await agent.connect();
  clients = new HeadClients(head.address, servers.secret);
  calls = clients.actors(servers.secret);
});

afterEach(async () => {
  clients.close();
  await agent.close();
  await head.close();
});

/** What nobody else was killed for lives on in the database. */
const detached = (more: Partial<ActorSpec> = {}): ActorSpec => actorIn(null, 100, more);
const named = (more: Partial<ActorSpec> = {}): ActorSpec => detached({ name: `name-${newActorId(randomBytes).slice(6)}`, ...more });

/** The agent says that the n-th placement runs. */
async function runs(n: number): Promise<PlaceRequest> {
  const placed = await agent.placement(n);
  await agent.fact(placed.lease, { kind: 'started', pid: 7 });
  await agent.fact(placed.lease, { kind: 'ready', address: `127.0.0.1:${n}` });
  return placed;
}

async function running(spec: ActorSpec): Promise<{ view: ActorView; lease: LeaseId }> {
  const created = calls.create(spec);
  const { lease } = await runs(agent.placed.length + 1);
  return { view: await created, lease };
}

const placementsOf = ({ id }: ActorSpec): readonly PlaceRequest[] =>
  agent.placed.filter(({ action }) => action.kind !== 'reserve' && 'actor' in action.spec.holder && action.spec.holder.actor === id);

const ended = (lease: LeaseId, cause: DeathCause = SIGKILL) => agent.fact(lease, { kind: 'ended', cause });

function settles(what: string, id: string, test: (view: ActorView) => boolean): Promise<ActorView> {
  return until(
    what,
    async () => {
      const view = await calls.get(id);
      return test(view) ? view : null;
    },
    { clock: systemClock(), deadlineMs: WAIT_MS, describe: async () => JSON.stringify(await calls.get(id)) },
  );
}

async function killed(id: string, lease: LeaseId): Promise<ActorView> {
  const gone = calls.kill(id);
  await agent.command('stop', lease);
  await ended(lease);
  return gone;
}

async function anotherHead(): Promise<void> {
  agent.disconnect();
  clients.close();
  await head.close();
  head = await openHead(servers, { port: Number(head.address.split(':')[1]) });
  clients = new HeadClients(head.address, servers.secret);
  calls = clients.actors(servers.secret);
}

test('an actor that dies is started again as its next incarnation, with what was stored of it, until no restart is left', async () => {
  const spec = detached({ maxRestarts: 1 });
  const first = await running(spec);
  await agent.fact(first.lease, { kind: 'state', state: { kind: 'inline', bytes: Buffer.from([1, 2]) } });
  await ended(first.lease);
  const again = await runs(2);
  if (again.action.kind !== 'reserve-and-start') throw new Error('an actor is placed in one round trip');
  expect(again.action.spec).toMatchObject({ holder: { incarnation: 2 }, actor: { state: { kind: 'inline', bytes: Buffer.from([1, 2]) } } });
  const view = await settles('it lives again', spec.id, ({ state }) => state.at === 'alive');
  expect(view).toMatchObject({
    restarts: 1,
    deaths: [{ incarnation: 1, cause: SIGKILL }],
    state: { incarnation: 2, address: '127.0.0.1:2' },
  });
  expect(view.token).not.toBe(first.view.token);
  await ended(again.lease, { kind: 'exited', code: 9 });
  expect(await calls.get(spec.id)).toMatchObject({ restarts: 1, state: { at: 'dead', cause: { kind: 'exited', code: 9 } } });
});

test('who asks for the end of an incarnation hears of it as it comes', async () => {
  const spec = detached({ maxRestarts: 1 });
  const { lease, view } = await running(spec);
  const over = calls.get(spec.id, { waitMs: WAIT_MS, ended: view.token ?? '' });
  expect(await calls.get(spec.id)).toMatchObject({ state: { at: 'alive' } });
  await ended(lease);
  expect(await over).toMatchObject({ token: null, restarts: 1, deaths: [{ incarnation: 1, cause: SIGKILL }] });
  await killed(spec.id, (await runs(2)).lease);
});

test('an actor whose agent is gone waits with its reason, and starts on the next node that comes', async () => {
  const spec = detached({ maxRestarts: -1 });
  await running(spec);
  agent.disconnect();
  const waiting = await settles('it waits', spec.id, ({ state }) => state.at === 'pending' && state.reason !== null);
  expect(waiting).toMatchObject({ restarts: 1, deaths: [{ incarnation: 1, cause: { kind: 'node-lost', node: NODE } }] });
  await agent.connect();
  const { lease } = await runs(2);
  expect(await settles('it lives', spec.id, ({ state }) => state.at === 'alive')).toMatchObject({ state: { incarnation: 2 } });
  await killed(spec.id, lease);
});

test('a kill while it starts again ends it', async () => {
  const spec = detached({ maxRestarts: -1 });
  const { lease } = await running(spec);
  await ended(lease);
  const again = await agent.placement(2);
  const gone = calls.kill(spec.id);
  const twice = calls.kill(spec.id);
  await until('it is told to end', () => agent.received.some((message) => message.kind === 'command'), {
    clock: systemClock(),
    deadlineMs: WAIT_MS,
  });
  await ended(again.lease);
  for (const view of await Promise.all([gone, twice]))
    expect(view.state).toMatchObject({ at: 'dead', cause: { kind: 'killed', by: 'a test' } });
  expect((await calls.kill(spec.id)).state.at).toBe('dead');
  expect(placementsOf(spec)).toHaveLength(2);
});

test('an actor that dies at once is started again after growing pauses', async () => {
  const spec = detached({ maxRestarts: -1 });
  let { lease } = await running(spec);
  const startedMs = performance.now();
  for (const n of [2, 3]) {
    await ended(lease);
    ({ lease } = await runs(n));
  }
  expect(performance.now() - startedMs).toBeGreaterThan(95);
  await ended(lease);
  expect((await calls.get(spec.id)).state).toMatchObject({ at: 'pending', reason: expect.stringContaining('0.2 s after its end') });
  expect((await calls.kill(spec.id)).state.at).toBe('dead');
});

test('a repeated create of one that starts again waits for it, and does not end it', async () => {
  const spec = detached({ maxRestarts: -1 });
  const { lease } = await running(spec);
  await ended(lease);
  const again = await agent.placement(2);
  await expect(calls.create(spec, 50)).rejects.toMatchObject({
    code: 'placement.timeout',
    message: expect.not.stringContaining('was ended'),
  });
  const repeated = calls.create(spec);
  await agent.fact(again.lease, { kind: 'started', pid: 9 });
  await agent.fact(again.lease, { kind: 'ready', address: '127.0.0.1:9' });
  expect(await repeated).toMatchObject({ restarts: 1, state: { at: 'alive' } });
  await killed(spec.id, again.lease);
});

test('a constructor that throws is final in a first start, and uses up a restart later', async () => {
  const error = { name: 'TypeError', message: 'no', stack: 'here', fields: {} };
  const first = detached({ maxRestarts: -1 });
  const refused = expect(calls.create(first)).rejects.toMatchObject({ code: 'call.threw' });
  await ended((await agent.placement(1)).lease, { kind: 'constructor-threw', error });
  await refused;
  const later = detached({ maxRestarts: 1 });
  const { lease } = await running(later);
  await ended(lease);
  await ended((await agent.placement(3)).lease, { kind: 'constructor-threw', error });
  expect((await calls.get(later.id)).state).toMatchObject({ at: 'dead', cause: { kind: 'constructor-threw' } });
});

test('of concurrent creates of one name exactly one wins, and the others hear whose it is', async () => {
  const specs = [named()];
  const name = specs[0]?.name ?? '';
  while (specs.length < 5) specs.push(detached({ name }));
  const outcomes = Promise.allSettled(specs.map((spec) => calls.create(spec)));
  const { lease } = await runs(1);
  const done = await outcomes;
  const winner = done.find((outcome) => outcome.status === 'fulfilled')?.value;
  const losers = done.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  expect(losers).toHaveLength(4);
  for (const loser of losers)
    expect(loser).toMatchObject({ code: 'actor.name-taken', facts: { name, namespace: 'default', actor: winner?.id, why: 'taken' } });
  expect(await calls.getNamed(name)).toEqual(winner);
  await killed(winner?.id ?? '', lease);
});

test('getIfExists gives the one that is there, if class and detached are the same', async () => {
  const spec = named();
  const { name } = spec;
  const { view, lease } = await running(spec);
  expect(await calls.create(detached({ name }), WAIT_MS, true)).toEqual(view);
  expect(agent.placed).toHaveLength(1);
  const classRef = { kind: 'module', specifier: 'm', exportName: 'Other' } as const;
  const other = calls.create(detached({ name, classRef }), WAIT_MS, true);
  await expect(other).rejects.toMatchObject({ code: 'actor.name-taken', facts: { why: 'other-class' } });
  const session = await clients.session();
  const owned = calls.create(actorIn(session.id, 100, { name }), WAIT_MS, true);
  await expect(owned).rejects.toMatchObject({ code: 'actor.name-taken', facts: { why: 'is-detached' } });
  await killed(spec.id, lease);
});

test('of concurrent creates with getIfExists all are given the same actor', async () => {
  const first = named();
  const specs = [first, ...[1, 2, 3].map(() => detached({ name: first.name }))];
  const created = Promise.all(specs.map((spec) => calls.create(spec, WAIT_MS, true)));
  const { lease } = await runs(1);
  const ids = new Set((await created).map(({ id }) => id));
  expect(ids.size).toBe(1);
  expect(agent.placed).toHaveLength(1);
  for (const id of ids) await killed(id, lease);
});

test('getIfExists waits for one that is ending, and then creates its own', async () => {
  const spec = named();
  const { lease } = await running(spec);
  const gone = calls.kill(spec.id);
  await agent.command('stop', lease);
  const next = detached({ name: spec.name });
  const late = calls.create(detached({ name: spec.name }), 1, true);
  await expect(late).rejects.toMatchObject({ code: 'placement.timeout' });
  const created = calls.create(next, WAIT_MS, true);
  await ended(lease);
  await gone;
  const { lease: second } = await runs(2);
  expect((await created).id).toBe(next.id);
  await killed(next.id, second);
});

test('a name is free again once its actor has ended, and another namespace has its own', async () => {
  const spec = named();
  const { lease } = await running(spec);
  const elsewhere = await running(detached({ name: spec.name, namespace: 'elsewhere' }));
  expect((await calls.getNamed(spec.name ?? '', 'elsewhere')).id).toBe(elsewhere.view.id);
  await killed(spec.id, lease);
  await expect(calls.getNamed(`${spec.name}x`, 'elsewhere')).rejects.toMatchObject({
    code: 'actor.not-found',
    message: expect.stringContaining(`the nearest: ${spec.name}`),
  });
  const again = await running(detached({ name: spec.name }));
  await killed(again.view.id, again.lease);
  await killed(elsewhere.view.id, elsewhere.lease);
});

test('names and settings that are none are refused by field', async () => {
  const wrong = [
    [{ name: '' }, 'name'],
    [{ name: 'a b' }, 'name'],
    [{ name: 'x'.repeat(129) }, 'name'],
    [{ name: 'x', namespace: '/x' }, 'namespace'],
    [{ maxRestarts: -2 }, 'maxRestarts'],
    [{ checkpointEvery: 'call', concurrency: 2 }, 'checkpointEvery'],
  ] as const;
  for (const [more, field] of wrong)
    await expect(calls.create(detached(more))).rejects.toMatchObject({ code: 'request.invalid', facts: { issues: [{ path: [field] }] } });
});

test('a detached actor, its name and its restarts outlive the head, and anybody may kill it', async () => {
  const spec = named({ maxRestarts: 5 });
  const first = await running(spec);
  await ended(first.lease);
  const { lease } = await runs(2);
  await anotherHead();
  await agent.connect([{ lease, state: 'ready' }]);
  expect(await calls.getNamed(spec.name ?? '')).toMatchObject({ id: spec.id, session: null, restarts: 1, state: { at: 'alive' } });
  expect((await calls.create(spec)).id).toBe(spec.id);
  expect((await calls.create(detached({ name: spec.name }), WAIT_MS, true)).id).toBe(spec.id);
  await killed(spec.id, lease);
  await expect(calls.getNamed(spec.name ?? '')).rejects.toMatchObject({ code: 'actor.not-found' });
});

test('a kill that comes before its create is not lost', async () => {
  const spec = detached();
  await expect(calls.kill(spec.id)).rejects.toMatchObject({ code: 'actor.not-found' });
  await expect(calls.create(spec)).rejects.toMatchObject({ code: 'actor.died', facts: { cause: { kind: 'killed' }, outcome: 'not-run' } });
});

test('the end of a session ends its actors, one that starts again too', async () => {
  const session = await clients.session();
  const spec = actorIn(session.id, 100, { maxRestarts: -1 });
  const { lease } = await running(spec);
  await ended(lease);
  const again = await agent.placement(2);
  await agent.fact(again.lease, { kind: 'started', pid: 8 });
  session.close();
  await agent.command('stop', again.lease);
  await ended(again.lease);
  const cause = { kind: 'owner-gone', owner: session.id };
  expect(await settles('it has ended', spec.id, ({ state }) => state.at === 'dead')).toMatchObject({ state: { cause } });
});

test('an actor finds others with its look-up token, and can do nothing else with it', async () => {
  const spec = detached();
  const created = calls.create(spec);
  const { action, lease } = await runs(1);
  const { token } = await created;
  const lookupToken = action.kind === 'reserve-and-start' ? action.spec.actor?.lookupToken : undefined;
  const asActor = clients.actors(lookupToken ?? '');
  expect(await asActor.get(spec.id)).toMatchObject({ token, state: { address: '127.0.0.1:1' } });
  await expect(asActor.kill(spec.id)).rejects.toMatchObject({ code: 'auth.refused', facts: { method: '/trainer.v1.ActorService/Kill' } });
  await expect(asActor.create(detached())).rejects.toMatchObject({ code: 'auth.refused' });
  await killed(spec.id, lease);
});

const put = async (id: ActorId, of: number, n: number) => {
  const key = actorStateKey(id, of, n);
  await objects.put(ACTOR_STATES_BUCKET, key, Buffer.from('state'));
  return { kind: 'state', state: { kind: 'object', bucket: ACTOR_STATES_BUCKET, key, bytes: 5 } } as const;
};

async function objectsOf(id: ActorId, expected: readonly string[]): Promise<void> {
  const prefix = actorStatesPrefix(id);
  const keys = async (): Promise<string> =>
    (await objects.list(ACTOR_STATES_BUCKET, { prefix, after: '', limit: 100 })).map(({ key }) => key.slice(prefix.length)).join();
  await until(`the objects are ${expected.join()}`, async () => (await keys()) === expected.join(), {
    clock: systemClock(),
    deadlineMs: WAIT_MS,
    describe: keys,
  });
}

test('of large states the newest one is kept, none after the end, and none that an older head left', async () => {
  const spec = detached({ maxRestarts: 1 });
  const { lease } = await running(spec);
  for (const n of [1, 2, 3]) await agent.fact(lease, await put(spec.id, 1, n));
  await put(spec.id, 1, 4);
  await objectsOf(spec.id, ['1-3', '1-4']);
  await ended(lease);
  const again = await runs(2);
  expect(again.action).toMatchObject({ spec: { actor: { state: { kind: 'object', key: actorStateKey(spec.id, 1, 3) } } } });
  await agent.fact(again.lease, await put(spec.id, 2, 1));
  await objectsOf(spec.id, ['2-1']);
  const elsewhere = await agent.fact(again.lease, await put(spec.id, 9, 9));
  expect(elsewhere.refused).toHaveLength(1);
  await agent.fact(again.lease, { kind: 'state', state: { kind: 'inline', bytes: Buffer.from([1]) } });
  await objectsOf(spec.id, ['9-9']);
  await killed(spec.id, again.lease);
  await objectsOf(spec.id, []);
  await put(spec.id, 1, 5);
  await anotherHead();
  await objectsOf(spec.id, []);
});

test('a new head keeps what those that live are restored from, and removes what it replaced', async () => {
  const spec = detached({ maxRestarts: 1 });
  const { lease } = await running(spec);
  await agent.fact(lease, await put(spec.id, 1, 2));
  await put(spec.id, 1, 1);
  await put(spec.id, 1, 3);
  await anotherHead();
  await objectsOf(spec.id, ['1-2', '1-3']);
  await agent.connect([{ lease, state: 'ready' }]);
  await killed(spec.id, lease);
  await objectsOf(spec.id, []);
});
