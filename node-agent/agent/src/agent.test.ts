import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { actorId, leaseId, type LeaseId, type PlaceReply, type StartSpec } from '@trainer/model';
import { silentLogger, systemClock, until, type Messages } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import { decodeLogText, decodeValue, encodeValue, logObjectPrefix } from '@trainer/wire';
import { readProcess } from './folder/process-table.js';
import { readConfig, start, type AgentSettings, type RunningAgent } from './index.js';
import { agentSettings } from './rpc/testing/agent-settings.js';
import { call } from './rpc/testing/call-actor.js';
import { FakeHead } from './rpc/testing/fake-head.js';

const COUNTER = `
import { spawn } from 'node:child_process';
export class Counter {
  #n;
  constructor(start) {
    if (start === 'throw') throw Object.assign(new RangeError('no such start'), { start });
    this.#n = start;
  }
  increment(by = 1) { return (this.#n += by); }
  log(line) { console.log(line); console.error('then ' + line); }
  block() { for (;;); }
  detached() { const child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true }); child.unref(); return child.pid; }
  child() { return spawn('sleep', ['60'], { stdio: 'ignore' }).pid; }
  eat() { this.held = Buffer.alloc(512 * 2 ** 20, 1); return this.held.length; }
  reject() { Promise.reject(new Error('nobody waits for me')); }
  later() { setTimeout(() => { throw new TypeError('thrown later'); }, 1); }
  odd() { setTimeout(() => { throw 'a text'; }, 1); }
  huge() { setTimeout(() => { throw new Error('x'.repeat(1e6)); }, 1); }
  abort() { console.error('Fatal: it can not go on'); process.abort(); }
  exit(code, words) { process.stderr.write(words); process.exit(code); }
  environment() { return { ...process.env }; }
}`;
const TOKEN = 'token-of-this-incarnation';

let folder: string;
let head: FakeHead;
let agent: RunningAgent;
let store: ObjectStore;
let messages: Messages;
let hash: StartSpec['classRef'];
let lastLease = 0;

const settings = (name: string, headAddress: string): AgentSettings => agentSettings(head, headAddress, folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-agent-'));
  head = new FakeHead('the-secret');
  const address = await head.listen();
  hash = { kind: 'bundle', hash: head.addBundle(COUNTER), exportName: 'Counter' };
  const broker = new MemoryBroker(systemClock());
  messages = broker.connect();
  const ports = { clock: systemClock(), logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) };
  agent = await start(readConfig(settings('agent', address)), ports);
  store = await openObjectStore({ kind: 'folder', path: join(folder, 'store') });
  await agent.whenWelcomed;
});

afterAll(async () => {
  await agent.stop(100);
  head.close();
  await rm(folder, { recursive: true, force: true });
});

function newLease(): LeaseId {
  lastLease += 1;
  return leaseId(`1-${lastLease}`);
}

function spec(args: readonly unknown[], changes: Partial<StartSpec> = {}): StartSpec {
  const holder = { kind: 'actor' as const, actor: actorId('actor-0123456789abcdef'), incarnation: 1 };
  const actor = { state: null, checkpointEvery: 1_000, lookupToken: 'lookup' };
  return {
    holder,
    classRef: hash,
    className: 'Counter',
    args: { kind: 'inline', bytes: encodeValue(args) },
    concurrency: 1,
    token: TOKEN,
    env: {},
    actor,
    ...changes,
  };
}

function place(lease: LeaseId, startSpec: StartSpec, memoryBytes = 2 ** 30): Promise<PlaceReply> {
  const grant = { cpuMilli: 100, memoryBytes, gpus: [] };
  return head.place(messages, { lease, action: { kind: 'reserve-and-start', grant, spec: startSpec } });
}

/** Starts a counter and waits until it can be called. */
async function counter(startAt = 5, memoryBytes?: number): Promise<{ lease: LeaseId; address: string; pid: number }> {
  const lease = newLease();
  expect(await place(lease, spec([startAt]), memoryBytes)).toEqual({ kind: 'granted' });
  const { address } = await head.fact(lease, 'ready');
  const { pid } = await head.fact(lease, 'started');
  return { lease, address, pid };
}

async function result(address: string, method: string, args: readonly unknown[] = []): Promise<unknown> {
  const [answer] = (await call(address, TOKEN, method, args)).answers;
  return answer?.answer?.$case === 'value' ? decodeValue(answer.answer.value) : answer;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function gone(pid: number): Promise<unknown> {
  return until(`the end of process ${pid}`, () => !isAlive(pid), { clock: systemClock(), deadlineMs: 5_000, everyMs: 5 });
}

test('an actor is started, called and released, and its lease says so', async () => {
  const { lease, address, pid } = await counter(5);
  expect(await result(address, 'increment', [2])).toBe(7);
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'release', lease, cause: { kind: 'killed', by: 'a test' } } });
  expect(await head.ended(lease)).toEqual({ kind: 'killed', by: 'a test' });
  expect(isAlive(pid)).toBe(false);
});

test('facts of a lease are started, ready, ended, numbered without gaps', async () => {
  const { lease } = await counter();
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'stop', lease, cause: { kind: 'killed', by: 'a test' } } });
  await head.ended(lease);
  expect(head.facts.filter((fact) => fact.lease === lease).map(({ body }) => body.kind)).toEqual(['started', 'ready', 'ended']);
  expect(head.facts.map(({ number }) => number)).toEqual(head.facts.map((_, i) => i + 1));
});

test('a placement that comes twice starts one process', async () => {
  const lease = newLease();
  const replies = [await place(lease, spec([1])), await place(lease, spec([1]))];
  expect(replies).toEqual([{ kind: 'granted' }, { kind: 'granted' }]);
  await head.fact(lease, 'ready');
  expect(head.facts.filter((fact) => fact.lease === lease && fact.body.kind === 'started')).toHaveLength(1);
});

test.each([
  ['a rejection that nobody handles', 'reject', [], { kind: 'exited', code: 1 }, /^Error: nobody waits for me\n {4}at /],
  ['an error thrown later', 'later', [], { kind: 'exited', code: 1 }, /^TypeError: thrown later\n {4}at /],
  ['a thrown text', 'odd', [], { kind: 'exited', code: 1 }, /a text/],
  ['an error of 1 MB', 'huge', [], { kind: 'exited', code: 1 }, /^Error: x{8000,8192}$/],
  ['an abort', 'abort', [], { kind: 'signal', signal: 'SIGABRT' }, /^Fatal: it can not go on/],
  ['an exit after words without a newline', 'exit', [3, 'port 80 is taken'], { kind: 'exited', code: 3 }, /^port 80 is taken$/],
] as const)('a death by %s says its last error', async (_, method, args, cause, said) => {
  const { lease, address } = await counter();
  void call(address, TOKEN, method, args);
  expect(await head.ended(lease)).toEqual({ ...cause, lastError: expect.stringMatching(said) });
});

test('a death without a fault has no last error', async () => {
  const { lease, address } = await counter();
  void call(address, TOKEN, 'exit', [0, 'Error: of long ago']);
  expect(await head.ended(lease)).toEqual({ kind: 'exited', code: 0 });
});

test('an actor that is killed by a signal ends its lease with that signal', async () => {
  const { lease, pid } = await counter();
  process.kill(pid, 'SIGKILL');
  expect(await head.ended(lease)).toEqual({ kind: 'signal', signal: 'SIGKILL' });
});

test('release kills an actor that blocks its process', async () => {
  const { lease, address, pid } = await counter();
  void call(address, TOKEN, 'block', []);
  await until('the loop to run', async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).includes(') R '), {
    clock: systemClock(),
    deadlineMs: 5_000,
  });
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'release', lease, cause: { kind: 'released' } } });
  expect(await head.ended(lease)).toEqual({ kind: 'released' });
  expect(isAlive(pid)).toBe(false);
});

test("what an actor has started ends with it, before its lease's end is told", async () => {
  const { lease, address } = await counter();
  const child = (await result(address, 'child')) as number;
  expect(isAlive(child)).toBe(true);
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'release', lease, cause: { kind: 'released' } } });
  await head.ended(lease);
  const state = await readFile(`/proc/${child}/stat`, 'utf8').catch(() => ') Z ');
  expect(state).toContain(') Z ');
});

test.each(['release', 'exit'] as const)('what an actor has started in a session of its own ends with it too, by %s', async (how) => {
  const { lease, address } = await counter();
  const child = (await result(address, 'detached')) as number;
  expect(isAlive(child)).toBe(true);
  if (how === 'exit') void call(address, TOKEN, 'exit', [0, '']);
  else head.send({ kind: 'command', headEpoch: 1, command: { kind: 'release', lease, cause: { kind: 'killed', by: 'a test' } } });
  await head.ended(lease);
  // Whoever adopted it may not have heard of its end yet.
  expect(readProcess(child)?.isZombie ?? true).toBe(true);
});

test('a constructor that throws ends the lease with what it threw', async () => {
  const lease = newLease();
  await place(lease, spec(['throw']));
  const cause = await head.ended(lease);
  expect(cause).toMatchObject({
    kind: 'constructor-threw',
    error: { name: 'RangeError', message: 'no such start', fields: { start: 'throw' } },
  });
});

test('a class that the bundle does not export is told with those that it does', async () => {
  const lease = newLease();
  await place(lease, spec([], { classRef: { ...hash, exportName: 'Timer' } }));
  expect(await head.ended(lease)).toMatchObject({
    kind: 'load-failed',
    error: { code: 'actor.load-failed', facts: { found: ['Counter'] } },
  });
});

test('a bundle that the head does not have in full is refused by its hash', async () => {
  const lease = newLease();
  await place(lease, spec([], { classRef: { ...hash, hash: '0'.repeat(64) } as StartSpec['classRef'] }));
  expect(await head.ended(lease)).toMatchObject({ kind: 'load-failed', error: { code: 'bundle.hash' } });
});

test('a module that the installation does not name is no actor', async () => {
  const lease = newLease();
  await place(lease, spec([], { classRef: { kind: 'module', specifier: 'node:fs', exportName: 'Stats' } }));
  expect(await head.ended(lease)).toMatchObject({ kind: 'load-failed', error: { code: 'actor.load-failed' } });
});

test("a caller with another incarnation's token is refused", async () => {
  const { address } = await counter();
  const { refused } = await call(address, 'another', 'increment', []);
  expect(refused?.code).toBe('auth.refused');
});

test('an actor that uses more memory than its lease has is ended, with limit and use', async () => {
  const limitBytes = 300 * 2 ** 20;
  const { lease, address } = await counter(0, limitBytes);
  void call(address, TOKEN, 'eat', []);
  const cause = await head.ended(lease);
  expect(cause).toMatchObject({ kind: 'out-of-memory', limitBytes });
  expect(cause.kind === 'out-of-memory' && cause.usedBytes).toBeGreaterThan(limitBytes);
});

test('an actor sees thread counts, no device of others, and nothing of the agent', async () => {
  const { address } = await counter();
  const environment = (await result(address, 'environment')) as Record<string, string>;
  expect(environment).toMatchObject({
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    OMP_WAIT_POLICY: 'passive',
    CUDA_VISIBLE_DEVICES: '',
  });
  expect(Object.keys(environment).filter((name) => !/^(OMP_|OPENBLAS_|CUDA_|PATH$|TRAINER_LEASE$)/.test(name))).toEqual([]);
});

test('a variable that would change the process is refused', async () => {
  const lease = newLease();
  await place(lease, spec([], { env: { NODE_OPTIONS: '--inspect' } }));
  expect(await head.ended(lease)).toMatchObject({ kind: 'load-failed', error: { code: 'env.refused' } });
});

test('what an actor prints goes live over NATS and into the store', async () => {
  const { lease, address } = await counter();
  const live: string[] = [];
  messages.subscribe(`trainer.v1.log.${lease}`, (bytes) => live.push(Buffer.from(bytes).toString('latin1')));
  await result(address, 'log', ['hello']);
  await until(
    'the log object',
    async () => (await store.list('trainer-logs', { prefix: logObjectPrefix(lease), after: '', limit: 10 })).length,
    { clock: systemClock(), deadlineMs: 5_000 },
  );
  const object = await store.get('trainer-logs', `${logObjectPrefix(lease)}000000.jsonl`);
  const lines = decodeLogText(lease, Buffer.concat(await object.stream.toArray()).toString());
  expect(lines.map(({ line, isStderr }) => ({ line, isStderr }))).toEqual([
    { line: 'hello', isStderr: false },
    { line: 'then hello', isStderr: true },
  ]);
  expect(live).toHaveLength(2);
});

test('actors live on over a lost stream, and the next hello says what is held', async () => {
  const { lease, address } = await counter(1);
  const before = head.hellos.length;
  head.cut();
  const hello = await until('another hello', () => head.hellos[before], { clock: systemClock(), deadlineMs: 5_000 });
  expect(hello.leases).toContainEqual({ lease, state: 'ready' });
  expect(await result(address, 'increment')).toBe(2);
});

test('a reservation that is not started frees itself and says so', async () => {
  const lease = newLease();
  const grant = { cpuMilli: 100, memoryBytes: 0, gpus: [] };
  expect(await head.place(messages, { lease, action: { kind: 'reserve', grant } })).toEqual({ kind: 'granted' });
  expect(await head.ended(lease)).toMatchObject({ kind: 'reservation-expired' });
});

test('a second agent on the folder is refused, naming the process that has it', async () => {
  const second = start(readConfig(settings('agent', `127.0.0.1:${head.port}`)), { clock: systemClock(), logger: silentLogger });
  await expect(second).rejects.toMatchObject({ code: 'agent.folder-in-use', facts: { pid: process.pid } });
});

/** An agent in a process of its own, so that it can be killed. It starts one actor by itself. */
async function agentOfItsOwn(name: string, other: FakeHead, lease: LeaseId): Promise<ChildProcess> {
  const request = { stream: 'stream-0000000000000001', headEpoch: 1, lowWater: '1-1', lease };
  const program = `
    import { readConfig, start } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    import { systemClock, silentLogger } from ${JSON.stringify(import.meta.resolve('@trainer/runtime'))};
    import { MemoryBroker } from ${JSON.stringify(import.meta.resolve('@trainer/runtime/testing'))};
    import { encodePlaceRequest, encodeValue, placeSubject } from ${JSON.stringify(import.meta.resolve('@trainer/wire'))};
    const messages = new MemoryBroker(systemClock()).connect();
    const ports = { clock: systemClock(), logger: silentLogger, connectMessages: async () => messages };
    const agent = await start(readConfig(${JSON.stringify(settings(name, `127.0.0.1:${other.port}`))}), ports);
    await agent.whenWelcomed;
    const spec = { ...${JSON.stringify(spec([]))}, args: { kind: 'inline', bytes: encodeValue([0]) } };
    const action = { kind: 'reserve-and-start', grant: { cpuMilli: 100, memoryBytes: 0, gpus: [] }, spec };
    await messages.request(placeSubject(agent.node, agent.incarnation), encodePlaceRequest({ ...${JSON.stringify(request)}, action }), 5000);
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'inherit', 'inherit'] });
}

test("a killed agent's actors end with it, and its successor says nothing of them", async () => {
  const other = new FakeHead('the-secret');
  await other.listen();
  other.addBundle(COUNTER);
  const lease = leaseId('1-1');
  const child = await agentOfItsOwn('mortal', other, lease);
  const { address } = await other.fact(lease, 'ready');
  const stray = (await result(address, 'detached')) as number;
  const { pid } = await other.fact(lease, 'started');
  child.kill('SIGKILL');
  await gone(pid);
  const successor = await start(readConfig(settings('mortal', `127.0.0.1:${other.port}`)), {
    clock: systemClock(),
    logger: silentLogger,
    connectMessages: () => new Promise(() => undefined),
  });
  // What left its group is ended before the next hello.
  expect(readProcess(stray)?.isZombie ?? true).toBe(true);
  await successor.whenWelcomed;
  expect(other.hellos.map(({ node, incarnation, leases }) => ({ node, incarnation, leases }))).toEqual([
    { node: successor.node, incarnation: 1, leases: [] },
    { node: successor.node, incarnation: 2, leases: [] },
  ]);
  await successor.stop(100);
  other.close();
});

test('an agent that is being stopped says so at once, and then ends its actors', async () => {
  const other = new FakeHead('the-secret');
  await other.listen();
  other.addBundle(COUNTER);
  const broker = new MemoryBroker(systemClock());
  const ports = { clock: systemClock(), logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) };
  const leaver = await start(readConfig(settings('leaver', `127.0.0.1:${other.port}`)), ports);
  await leaver.whenWelcomed;
  const lease = leaseId('1-1');
  const grant = { cpuMilli: 1, memoryBytes: 0, gpus: [] };
  await other.place(broker.connect(), { lease, action: { kind: 'reserve-and-start', grant, spec: spec([1]) } });
  await other.fact(lease, 'ready');
  const stopped = leaver.stop(5_000);
  await other.ended(lease);
  expect(other.newestBeat).toMatchObject({ isDraining: true });
  await stopped;
  other.close();
});

test('an agent that no head hears ends its actors after the headless limit', async () => {
  const other = new FakeHead('the-secret');
  await other.listen();
  other.addBundle(COUNTER);
  const lease = leaseId('1-1');
  const broker = new MemoryBroker(systemClock());
  const ports = { clock: systemClock(), logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) };
  const lonely = await start(readConfig({ ...settings('lonely', `127.0.0.1:${other.port}`), headlessMs: 8_000 }), ports);
  await lonely.whenWelcomed;
  await other.place(broker.connect(), {
    lease,
    action: { kind: 'reserve-and-start', grant: { cpuMilli: 1, memoryBytes: 0, gpus: [] }, spec: spec([1]) },
  });
  await other.fact(lease, 'ready');
  other.doesEcho = false;
  expect(await other.ended(lease)).toEqual({ kind: 'owner-gone', owner: 'the head' });
  await lonely.stop(100);
  other.close();
});
