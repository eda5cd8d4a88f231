import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CallCancelledError, CallTimeoutError, InfeasibleError, NotTransferableError, RemoteError, type Cluster } from '@trainer/client';
import { caught, ProbeSpec, startCluster, stillRunning, type TestCluster } from './harness/index.js';

/** Small enough that the smallest machine has room for several. */
const SMALL = { cpu: 0.01, memory: '64MiB' } as const;
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

/** What the node has free; waits for it as leases are freed when the process is gone. */
async function nothingHeld(): Promise<void> {
  await cluster.until('the node holds no lease', async () => (await client.nodes.list()).every((node) => node.leases === 0), SOON_MS);
}

test('an actor is created with its arguments and answers until it is killed', async () => {
  const probe = await client.actors.create(ProbeSpec, { args: [5], ...SMALL });
  await expect(probe.call.add(2)).resolves.toBe(7);
  await expect(probe.call.add(3)).resolves.toBe(10);
  await probe.kill();
  await expect(probe.call.add(1)).rejects.toMatchObject({ code: 'actor.died', facts: { outcome: 'not-run' } });
});

test('a stream yields each value of a generator in order and then ends', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const counted: number[] = [];
  for await (const n of probe.stream.countTo(500)) counted.push(n);
  expect(counted).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
  await probe.kill();
});

test('a reader that leaves a stream ends the generator and the actor answers again', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  for await (const n of probe.stream.countTo(Number.MAX_SAFE_INTEGER)) if (n === 3) break;
  await expect(probe.call.pid()).resolves.toBeGreaterThan(0);
  await probe.kill();
});

test('a call with a timeout rejects in time and leaves the actor usable', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const error = await caught(probe.with({ timeoutMs: 100 }).call.waitFor(1_000));
  expect(error).toBeInstanceOf(CallTimeoutError);
  expect(error).toMatchObject({ code: 'call.timeout', facts: { method: 'waitFor', timeoutMs: 100 } });
  await expect(probe.call.add(1)).resolves.toBe(1);
  await probe.kill();
});

test('a call whose signal fires is cancelled', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const controller = new AbortController();
  const calling = caught(probe.with({ signal: controller.signal }).call.waitFor(1_000));
  controller.abort();
  expect(await calling).toBeInstanceOf(CallCancelledError);
  await probe.kill();
});

test('the state of an actor says where it lives and afterwards why it died', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const [node] = await client.nodes.list();
  expect((await probe.state()).state).toMatchObject({ at: 'alive', node: node?.id });
  await probe.kill();
  const { state } = await probe.state();
  expect(state).toMatchObject({ at: 'dead', cause: { kind: 'killed' } });
});

test('the list has the living actors and, when asked, the dead ones', async () => {
  const living = await client.actors.create(ProbeSpec, SMALL);
  const dead = await client.actors.create(ProbeSpec, SMALL);
  await dead.kill();
  const ids = (await client.actors.list()).map((actor) => actor.id);
  const all = (await client.actors.list({ withEnded: true })).map((actor) => actor.id);
  expect(ids).toContain(living.id);
  expect(ids).not.toContain(dead.id);
  expect(all).toEqual(expect.arrayContaining([living.id, dead.id]));
  await living.kill();
});

test('a killed actor is gone with its process when kill returns, and twice is fine', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const pid = await probe.call.pid();
  await probe.kill();
  expect(stillRunning([pid])).toEqual([]);
  await probe.kill();
});

test('children of an actor end with it', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const child = await probe.call.startChild();
  expect(stillRunning([child])).toEqual([child]);
  await probe.kill();
  await cluster.until('the child of the actor has ended', () => stillRunning([child]).length === 0, SOON_MS);
});

test('a constructor that throws rejects create with what it threw and holds nothing', async () => {
  await nothingHeld();
  const error = await caught(client.actors.create(ProbeSpec, { args: [-1], ...SMALL }));
  expect(error).toBeInstanceOf(RemoteError);
  expect(error).toMatchObject({ code: 'call.threw', facts: { name: 'RangeError', message: '-1 is below zero', fields: { start: -1 } } });
  await nothingHeld();
});

test('a method that throws rejects the call with name, message, stack and fields, and the actor lives on', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const error = await caught(probe.call.fail('short and stout'));
  expect(error).toBeInstanceOf(RemoteError);
  expect(error).toMatchObject({
    facts: {
      name: 'TypeError',
      message: 'short and stout',
      stack: expect.stringContaining('fail'),
      fields: { status: 418, tags: ['tea'] },
    },
  });
  await expect(probe.call.add(1)).resolves.toBe(1);
  await probe.kill();
});

test('a result that cannot travel is an error that names its path', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const error = await caught(probe.call.notTransferable());
  expect(error).toBeInstanceOf(NotTransferableError);
  expect(error).toMatchObject({ facts: { path: 'result.parts[1].open' } });
  await probe.kill();
});

test('an argument that cannot travel is refused before anything is sent', async () => {
  const error = await caught(client.actors.create(ProbeSpec, { args: [Symbol('no') as unknown as number], ...SMALL }));
  expect(error).toBeInstanceOf(NotTransferableError);
  expect(error).toMatchObject({ facts: { path: 'args[0]' } });
});

test('a method that the class lacks is an error that names it', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const untyped = probe.call as unknown as { brewCoffee(): Promise<never> };
  await expect(untyped.brewCoffee()).rejects.toThrow(/brewCoffee/);
  await expect(probe.call.add(1)).resolves.toBe(1);
  await probe.kill();
});

test('an actor that fits on no node is refused at once with an explanation per node', async () => {
  const [node] = await client.nodes.list();
  const error = await caught(client.actors.create(ProbeSpec, { cpu: 10_000 }));
  expect(error).toBeInstanceOf(InfeasibleError);
  expect((error as Error).message).toMatch(/cpu/i);
  expect(JSON.stringify((error as InfeasibleError).facts)).toContain(node?.id);
});

test('an actor without room waits visibly and gets its place when another ends', async () => {
  await nothingHeld();
  const [node] = await client.nodes.list();
  const all = (node?.capacity.cpuMilli ?? 0) / 1000;
  const first = await client.actors.create(ProbeSpec, { cpu: all, memory: '64MiB' });
  const second = client.actors.create(ProbeSpec, { cpu: all, memory: '64MiB' });
  const waiting = async (): Promise<string | null> => {
    const pending = (await client.actors.list()).find((actor) => actor.state.at === 'pending');
    return pending?.state.at === 'pending' ? pending.state.reason : null;
  };
  const reason = await cluster.until('the second actor waits with a reason', waiting, SOON_MS);
  const listed = await cluster.trainer('actors');
  expect(reason).toMatch(/cpu/i);
  expect(listed.stdout).toContain(reason);
  await first.kill();
  const placed = await second;
  await expect(placed.call.add(1)).resolves.toBe(1);
  await placed.kill();
});

test('create gives up after its timeout, says what it waited for and leaves nothing', async () => {
  await nothingHeld();
  const [node] = await client.nodes.list();
  const all = (node?.capacity.cpuMilli ?? 0) / 1000;
  const first = await client.actors.create(ProbeSpec, { cpu: all, memory: '64MiB' });
  const error = await caught(client.actors.create(ProbeSpec, { cpu: all, memory: '64MiB', timeoutMs: 300 }));
  expect(error).toMatchObject({ code: 'placement.timeout', facts: { timeoutMs: 300, reason: expect.stringMatching(/cpu/i) } });
  await first.kill();
  await nothingHeld();
  await cluster.until('no actor is left', async () => (await client.actors.list()).length === 0, SOON_MS);
});

test('a thousand calls in flight run and are answered in the order they were made', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const numbers = Array.from({ length: 1_000 }, (_, i) => i);
  const answered: number[] = [];
  await Promise.all(numbers.map((n) => probe.call.see(n).then((answer) => answered.push(answer))));
  expect(await probe.call.seen()).toEqual(numbers);
  expect(answered).toEqual(numbers);
  await probe.kill();
});

test('a call that blocks its process does not stop the actor from being killed', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  const pid = await probe.call.pid();
  const blocked = caught(probe.call.block(60_000));
  await probe.kill();
  expect(stillRunning([pid])).toEqual([]);
  expect(await blocked).toMatchObject({ code: 'actor.died', facts: { cause: { kind: 'killed' } } });
});

test('a client that closes its connection ends the actors it created and no others', async () => {
  const other = await cluster.connect();
  const theirs = await other.actors.create(ProbeSpec, SMALL);
  const ours = await client.actors.create(ProbeSpec, SMALL);
  const pid = await theirs.call.pid();
  await other.close();
  await cluster.until('the actor of the closed session has ended', () => stillRunning([pid]).length === 0, SOON_MS);
  await expect(ours.call.add(1)).resolves.toBe(1);
  await ours.kill();
});
