import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ActorDiedError,
  ActorNotFoundError,
  CallTimeoutError,
  InvalidRequestError,
  NameTakenError,
  type ActorHandle,
  type Cluster,
} from '@trainer/client';
import { KeeperSpec, type Keeper } from './harness/keeper.js';
import { caught, ProbeSpec, signalTo, startCluster, type TestCluster } from './harness/index.js';

const SMALL = { cpu: 0.01, memory: '128MiB' } as const;
const SOON_MS = 60_000;

let cluster: TestCluster;
let client: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  client = await cluster.connect();
});

afterAll(async () => {
  await client?.close();
  await cluster?.stop();
});

/** SIGKILL, as the kernel or a person would; resolves when it is known, so that calls made from now on are not written to the dead. */
async function killProcessOf(keeper: ActorHandle<Keeper>): Promise<number> {
  const pid = await keeper.call.pid();
  const { restarts } = await keeper.state();
  signalTo(pid, 'SIGKILL');
  const isKnown = async (): Promise<boolean> => {
    const now = await keeper.state();
    return now.restarts > restarts || now.state.at === 'dead';
  };
  await cluster.until('the head knows that the process is gone', isKnown, SOON_MS);
  return pid;
}

/** Resolves when a state that holds every call before is stored: the next but one is taken. */
async function stateStored(keeper: ActorHandle<Keeper>): Promise<void> {
  const before = await keeper.call.saves();
  await cluster.until('a newer state is stored', async () => (await keeper.call.saves()) >= before + 2, SOON_MS);
}

test('a restarted actor keeps its id and name, and goes on from its newest checkpoint in another process', async () => {
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, args: [5], name: 'survivor', maxRestarts: 3, checkpointEvery: 1 });
  expect(await keeper.call.add(2)).toBe(7);
  await stateStored(keeper);
  const before = await killProcessOf(keeper);
  expect(await keeper.call.total()).toBe(7);
  expect(await keeper.call.pid()).not.toBe(before);
  expect(await keeper.state()).toMatchObject({
    name: 'survivor',
    restarts: 1,
    maxRestarts: 3,
    deaths: [{ incarnation: 1, cause: { kind: 'signal', signal: 'SIGKILL' } }],
    state: { at: 'alive', incarnation: 2 },
  });
  await keeper.kill();
});

test("with 'call' every answered call, thrown errors too, is in the state after each of several kills", async () => {
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, maxRestarts: -1, checkpointEvery: 'call' });
  let answered = 0;
  for (let kill = 0; kill < 3; kill += 1) {
    for (let i = 0; i < 20; i += 1) answered = await keeper.call.add();
    expect(await caught(keeper.call.fail())).toMatchObject({ code: 'call.threw' });
    answered += 1;
    await killProcessOf(keeper);
    expect(await keeper.call.total()).toBe(answered);
  }
  await keeper.kill();
});

test("'call' refuses streams, concurrency, classes without the pair, and states that are too large", async () => {
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, checkpointEvery: 'call' });
  const reading = (async () => {
    for await (const n of keeper.stream.countTo(3)) void n;
  })();
  expect(await caught(reading)).toMatchObject({ code: 'call.no-method', facts: { outcome: 'not-run' } });
  expect(await caught(keeper.call.grow(70_000))).toMatchObject({ code: 'checkpoint.failed', facts: { outcome: 'unknown' } });
  await keeper.kill();
  const concurrent = caught(client.actors.create(KeeperSpec, { ...SMALL, checkpointEvery: 'call', concurrency: 2 }));
  expect(await concurrent).toBeInstanceOf(InvalidRequestError);
  expect(await caught(client.actors.create(ProbeSpec, { ...SMALL, checkpointEvery: 'call' }))).toMatchObject({
    code: 'request.invalid',
    message: expect.stringContaining('checkpoint() and restore(), which Probe lacks'),
  });
});

test('a state too large for a fact travels through the object store', async () => {
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, maxRestarts: 1, checkpointEvery: 1 });
  await keeper.call.grow(1_000_000);
  await keeper.call.add(3);
  await stateStored(keeper);
  await killProcessOf(keeper);
  expect([await keeper.call.ballast(), await keeper.call.total()]).toEqual([1_000_000, 3]);
  await keeper.kill();
});

test('calls in flight are told as unknown with the cause; those not sent wait for the restart, within their deadline', async () => {
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, maxRestarts: 1 });
  const pid = await keeper.call.pid();
  const running = caught(keeper.call.waitFor(60_000));
  await keeper
    .with({ timeoutMs: 50 })
    .call.total()
    .catch(() => undefined);
  signalTo(pid, 'SIGKILL');
  const waiting = keeper.with({ timeoutMs: 10_000 }).call.pid();
  const error = (await running) as ActorDiedError;
  expect(error).toBeInstanceOf(ActorDiedError);
  expect(error.facts).toMatchObject({ outcome: 'unknown', cause: { kind: 'signal', signal: 'SIGKILL' } });
  await waiting.then(
    (next) => expect(next).not.toBe(pid),
    // It may have been written in the moment between the kill and the break.
    (late: unknown) => expect(late).toMatchObject({ facts: { outcome: 'unknown' } }),
  );
  await killProcessOf(keeper);
  expect(await caught(keeper.call.total())).toMatchObject({
    code: 'actor.died',
    facts: { outcome: 'not-run', cause: { kind: 'signal', signal: 'SIGKILL' } },
  });
});

test('a call that waits for a restart longer than its deadline was not run', async () => {
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, maxRestarts: 1 });
  signalTo(await keeper.call.pid(), 'SIGKILL');
  await cluster.until('the head knows', async () => (await keeper.state()).state.at !== 'alive', SOON_MS);
  const error = await caught(keeper.with({ timeoutMs: 1 }).call.total());
  expect(error).toBeInstanceOf(CallTimeoutError);
  expect(error).toMatchObject({ facts: { outcome: 'not-run' } });
  expect(await keeper.call.total()).toBe(0);
  await keeper.kill();
});

test('with maxCallRetries a call of unknown outcome is made again, in the order of the calls', async () => {
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, maxRestarts: -1, maxCallRetries: 3 });
  const pid = await keeper.call.pid();
  const calls = [keeper.call.waitFor(300), keeper.call.add(1), keeper.call.add(10), keeper.call.add(100)];
  // They are written at the end of this turn.
  await new Promise(setImmediate);
  signalTo(pid, 'SIGKILL');
  expect(await Promise.all(calls)).toEqual([undefined, 1, 11, 111]);
  await keeper.kill();
});

test('an actor is found by its name within its namespace, and its name is free again after its end', async () => {
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, args: [40], name: 'found', namespace: 'here' });
  await using other = await cluster.connect();
  const same = await other.actors.get(KeeperSpec, 'found', { namespace: 'here' });
  expect([same.id, same.name, await same.call.add(2)]).toEqual([keeper.id, 'found', 42]);
  expect(await caught(other.actors.get(KeeperSpec, 'found'))).toBeInstanceOf(ActorNotFoundError);
  expect(await caught(other.actors.get(ProbeSpec, 'found', { namespace: 'here' }))).toBeInstanceOf(InvalidRequestError);
  const taken = await caught(client.actors.create(KeeperSpec, { ...SMALL, name: 'found', namespace: 'here' }));
  expect(taken).toBeInstanceOf(NameTakenError);
  await keeper.kill();
  const next = await client.actors.create(KeeperSpec, { ...SMALL, name: 'found', namespace: 'here' });
  expect(next.id).not.toBe(keeper.id);
  await next.kill();
});

test('getIfExists gives the one that is there, also to many at once, and refuses one that is unlike', async () => {
  const options = { ...SMALL, name: 'shared', getIfExists: true };
  const found = await Promise.all(Array.from({ length: 5 }, () => client.actors.create(KeeperSpec, options)));
  expect(new Set(found.map(({ id }) => id)).size).toBe(1);
  expect(await Promise.all(found.map((keeper) => keeper.call.add()))).toEqual([1, 2, 3, 4, 5]);
  expect(await caught(client.actors.create(ProbeSpec, options))).toBeInstanceOf(NameTakenError);
  expect(await caught(client.actors.create(KeeperSpec, { ...options, detached: true }))).toBeInstanceOf(NameTakenError);
  await found[0]?.kill();
});

test('a detached actor outlives its session, another is ended with it', async () => {
  const passing = await cluster.connect();
  const detached = await passing.actors.create(KeeperSpec, { ...SMALL, args: [1], name: 'stays', detached: true, maxRestarts: 1 });
  const bound = await passing.actors.create(KeeperSpec, { ...SMALL, name: 'goes' });
  await detached.call.add();
  await passing.close();
  await cluster.until('the bound one has ended', async () => !(await client.actors.list()).some(({ id }) => id === bound.id), SOON_MS);
  const same = await client.actors.get(KeeperSpec, 'stays');
  expect([same.id, await same.call.total(), (await same.state()).session]).toEqual([detached.id, 2, null]);
  await same.kill();
});

test('handles travel as arguments, results and state, and an actor calls others through them', async () => {
  const friend = await client.actors.create(KeeperSpec, { ...SMALL, maxRestarts: -1, checkpointEvery: 'call' });
  const keeper = await client.actors.create(KeeperSpec, { ...SMALL, args: [0, friend], maxRestarts: -1, checkpointEvery: 'call' });
  expect(await keeper.call.addToFriend(5)).toBe(5);
  const back = await keeper.call.meet(friend);
  expect([back.id, back.name, await back.call.total()]).toEqual([friend.id, null, 5]);
  // Both die; the handle is in the state of the one, and follows the other.
  await Promise.all([killProcessOf(keeper), killProcessOf(friend)]);
  expect(await keeper.call.addToFriend(1)).toBe(6);
  expect(await caught(keeper.call.endFriend())).toMatchObject({ code: 'call.threw', facts: { fields: { code: 'auth.forbidden' } } });
  await friend.kill();
  expect(await keeper.call.addToFriend(1)).toBe(-1);
  await keeper.kill();
});
