import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { actorId, bundleHash, leaseId, type FromActorProcess, type ProcessStart } from '@trainer/model';
import { deferred, openClient } from '@trainer/runtime';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { ActorCallsClient, decodeValue, encodeValue } from '@trainer/wire';
import { ActorProcess } from './actor-process.js';

const MODULE = `
export class Kept { constructor(value) { this.value = value; } read() { return this.value; } }
export class Thrower { constructor() { throw new TypeError('not today'); } }
export class Stateful {
  constructor(value) { this.value = value; }
  checkpoint() { return { value: this.value }; }
  async restore(state) { await null; if (state.value < 0) throw new RangeError('below zero'); this.value = state.value; }
  add() { return (this.value += 1); }
}
export class Biting {
  constructor() {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    throw Object.assign(new Error('no table named orders'), { draft: proxy, socket: () => 1, text: '\\ud800' });
  }
}
export class Unreadable {
  constructor() {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    throw proxy;
  }
}
export class Half { constructor() {} checkpoint() { return 1; } }
export const answer = 42;
`;
let folder: string;
let processes: ActorProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-actor-'));
  await writeFile(join(folder, 'kept.mjs'), MODULE);
  await writeFile(join(folder, 'biting.mjs'), `const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy;`);
  await writeFile(join(folder, 'broken.mjs'), `throw new Error('at load');`);
});
afterAll(async () => {
  for (const process of processes) process.receive({ kind: 'stop', reason: 'killed' });
  processes = [];
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly process: ActorProcess;
  readonly clock: ManualClock;
  readonly environment: Record<string, string>;
  readonly ends: () => number;
  /** The first message it sends. */
  readonly said: Promise<FromActorProcess>;
  readonly messages: readonly FromActorProcess[];
}

/** The working folder in which the newest module was loaded. */
let loadedIn: string | null = null;
const GONE = '/not/there';

function startOf(exportName: string, file = 'kept.mjs', changes: Partial<ProcessStart> = {}): ProcessStart {
  return {
    lease: leaseId('1-1'),
    holder: { kind: 'actor', actor: actorId('actor-0123456789abcdef'), incarnation: 1 },
    classRef: { kind: 'bundle', hash: bundleHash('0'.repeat(64)), exportName },
    className: exportName,
    moduleUrl: pathToFileURL(join(folder, file)).href,
    args: { kind: 'inline', bytes: encodeValue([7]) },
    concurrency: 1,
    token: 'token',
    environment: { OMP_NUM_THREADS: '2' },
    threads: 2,
    nice: 0,
    listenHost: '127.0.0.1',
    advertisedHost: '127.0.0.1',
    ports: { from: 0, to: 0 },
    scratchDir: folder,
    nativeDir: folder,
    datasetCache: { folder, quotaBytes: 0 },
    store: null,
    beatMs: null,
    answersKeptMs: 30_000,
    actor: { state: null, checkpointEvery: 1_000, lookupToken: 'lookup' },
    headAddresses: [],
    ...changes,
  };
}

function started(start: ProcessStart): Started {
  const clock = manualClock();
  const said = deferred<FromActorProcess>();
  const messages: FromActorProcess[] = [];
  const environment: Record<string, string> = {};
  const entered: string[] = [];
  let ends = 0;
  const process = new ActorProcess({
    clock,
    importModule: (url) => {
      loadedIn = entered.at(-1) ?? null;
      return import(url);
    },
    send: (message) => {
      messages.push(message);
      said.resolve(message);
    },
    sendAndEnd: (message) => {
      ends += 1;
      said.resolve(message);
    },
    end: () => void (ends += 1),
    setEnvironment: (values) => void Object.assign(environment, values),
    enterFolder: (path) => {
      if (path === GONE) throw Object.assign(new Error('ENOENT: no such folder'), { code: 'ENOENT' });
      entered.push(path);
    },
    later: (run) => void setImmediate(run),
    writeLine: () => undefined,
  });
  process.receive({ kind: 'start', start });
  processes.push(process);
  return { process, clock, environment, ends: () => ends, said: said.promise, messages };
}

test('it sets its environment before it loads anything, and says ready with an address that answers', async () => {
  const { environment, said } = started(startOf('Kept'));
  expect(environment).toEqual({ OMP_NUM_THREADS: '2' });
  const ready = await said;
  expect(ready).toMatchObject({ kind: 'ready', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
  const client = openClient(ActorCallsClient, ready.kind === 'ready' ? ready.address : '', null);
  const stream = client.connect();
  stream.on('error', () => undefined);
  const welcome = new Promise((resolve) => stream.once('data', resolve));
  stream.write({
    hello: { caller: 'c', token: 'token', protocol: { major: 1, minor: 0 }, written: 0 },
    calls: [],
    cancels: [],
    credits: [],
  });
  expect(await welcome).toMatchObject({ welcome: {} });
  client.close();
});

test('it loads its class in its own scratch folder, and where that is gone it says so', async () => {
  const { said } = started(startOf('Kept'));
  expect(await said).toMatchObject({ kind: 'ready' });
  expect(loadedIn).toBe(folder);
  const lost = started(startOf('Kept', 'kept.mjs', { scratchDir: GONE }));
  expect(await lost.said).toMatchObject({
    kind: 'failed',
    cause: { kind: 'load-failed', error: { message: expect.stringContaining('ENOENT') } },
  });
});

test('a constructor that throws is told as it threw, and the process ends', async () => {
  const { said, ends } = started(startOf('Thrower'));
  expect(await said).toMatchObject({
    kind: 'failed',
    cause: { kind: 'constructor-threw', error: { name: 'TypeError', message: 'not today' } },
  });
  expect(ends()).toBe(1);
});

test.each([
  ['Biting', 'no table named orders'],
  ['Unreadable', 'could not be read: TypeError'],
])('what a constructor throws that bites (%s) is told, in a message that its agent can read', async (name, message) => {
  const { said, ends } = started(startOf(name));
  const failed = await said;
  expect(failed).toMatchObject({
    kind: 'failed',
    cause: { kind: 'constructor-threw', error: { message: expect.stringContaining(message) } },
  });
  expect(deserialize(serialize(failed))).toEqual(failed);
  expect(ends()).toBe(1);
});

test('arguments that are no values are told, and no constructor runs', async () => {
  const { said } = started(startOf('Kept', 'kept.mjs', { args: { kind: 'inline', bytes: Uint8Array.of(0xc1) } }));
  expect(await said).toMatchObject({ kind: 'failed', cause: { kind: 'load-failed', error: { code: 'wire.format' } } });
});

test.each([
  ['Absent', 'kept.mjs', 'exports Biting, Half, Kept, Stateful, Thrower, Unreadable'],
  ['Kept', 'biting.mjs', 'could not be read'],
  ['answer', 'kept.mjs', 'exports no class answer'],
  ['Kept', 'broken.mjs', 'at load'],
  ['Kept', 'nowhere.mjs', 'nowhere.mjs'],
])('what cannot be loaded (%s of %s) is told with what to look for', async (name, file, text) => {
  const { said } = started(startOf(name, file));
  expect(await said).toMatchObject({
    kind: 'failed',
    cause: { kind: 'load-failed', error: { code: 'actor.load-failed', message: expect.stringContaining(text) } },
  });
});

test('without a sign of its owner it ends itself when the time it was left is over', async () => {
  const { process, clock, said, ends } = started(startOf('Kept'));
  await said;
  process.receive({ kind: 'owned', leftMs: 1_000 });
  clock.advance(900);
  process.receive({ kind: 'owned', leftMs: 1_000 });
  clock.advance(999);
  expect(ends()).toBe(0);
  clock.advance(1);
  expect(ends()).toBe(1);
});

/** A caller's stream on a process that is ready. */
async function callerOf(ready: FromActorProcess): Promise<{ call(method: string): Promise<unknown>; close(): void }> {
  const client = openClient(ActorCallsClient, ready.kind === 'ready' ? ready.address : '', null);
  const stream = client.connect();
  stream.on('error', () => undefined);
  const hello = { caller: 'c', token: 'token', protocol: { major: 1, minor: 0 }, written: 0 };
  stream.write({ hello, calls: [], cancels: [], credits: [] });
  await once(stream, 'data');
  let number = 0;
  return {
    call: async (method) => {
      number += 1;
      const call = { number, method, args: encodeValue([]), timeoutMs: 0, windowBytes: 0 };
      stream.write({ hello: undefined, calls: [call], cancels: [], credits: [] });
      const [batch] = (await once(stream, 'data')) as [{ answers: { answer?: { $case: string; value: Uint8Array } }[] }];
      const answer = batch.answers[0]?.answer;
      return answer?.$case === 'value' ? decodeValue(answer.value) : answer;
    },
    close: () => client.close(),
  };
}

function restoredFrom(value: unknown): Partial<ProcessStart> {
  const state = { kind: 'inline', bytes: encodeValue({ value }) } as const;
  return { actor: { state, checkpointEvery: 1_000, lookupToken: 'lookup' } };
}

test('a state is restored after the constructor and before it says ready', async () => {
  const { said } = started(startOf('Stateful', 'kept.mjs', restoredFrom(41)));
  const caller = await callerOf(await said);
  expect(await caller.call('add')).toBe(42);
  caller.close();
});

test('a restore that throws is told as a constructor that throws', async () => {
  const { said, ends } = started(startOf('Stateful', 'kept.mjs', restoredFrom(-1)));
  expect(await said).toMatchObject({ kind: 'failed', cause: { kind: 'constructor-threw', error: { message: 'below zero' } } });
  expect(ends()).toBe(1);
});

test.each([
  ['Half', 1_000, 'Half has checkpoint() and no restore()'],
  ['Kept', 'call', "'call' needs a class with checkpoint() and restore(), which Kept lacks"],
] as const)('a class that lacks what its state needs (%s, %s) is not started', async (name, checkpointEvery, text) => {
  const { said } = started(startOf(name, 'kept.mjs', { actor: { state: null, checkpointEvery, lookupToken: 'lookup' } }));
  expect(await said).toMatchObject({
    kind: 'failed',
    cause: { kind: 'load-failed', error: { code: 'request.invalid', message: expect.stringContaining(text) } },
  });
});

test('an actor that will not be started again has nothing stored', async () => {
  const actor = { state: null, checkpointEvery: null, lookupToken: 'lookup' };
  const { process, said, messages, ends } = started(startOf('Stateful', 'kept.mjs', { actor }));
  const caller = await callerOf(await said);
  expect(await caller.call('add')).toBe(8);
  process.receive({ kind: 'stop', reason: 'owner-gone' });
  while (ends() === 0) await new Promise(setImmediate);
  expect(messages.filter(({ kind }) => kind === 'state')).toEqual([]);
  caller.close();
});

test('an actor that is asked to stop has its newest state stored, then ends', async () => {
  const { process, said, messages, ends } = started(startOf('Stateful'));
  const caller = await callerOf(await said);
  await caller.call('add');
  await caller.call('add');
  process.receive({ kind: 'reported', number: 1, refused: null });
  process.receive({ kind: 'stop', reason: 'owner-gone' });
  const states = () => messages.filter(({ kind }) => kind === 'state');
  while (states().length < 2) await new Promise(setImmediate);
  expect(ends()).toBe(0);
  const [, last] = states();
  expect(last?.kind === 'state' && last.state.kind === 'inline' ? decodeValue(last.state.bytes) : null).toEqual({ value: 9 });
  process.receive({ kind: 'reported', number: 2, refused: null });
  while (ends() === 0) await new Promise(setImmediate);
  caller.close();
});
