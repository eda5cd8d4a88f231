import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { actorId, jobId, leaseId, type LeaseId, type StartSpec } from '@trainer/model';
import { aTrainRequest } from '@trainer/model/testing';
import { silentLogger, systemClock, type Messages } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { decodeValue, encodeAssignment, encodeValue } from '@trainer/wire';
import { readConfig, start, type RunningAgent } from './index.js';
import { agentSettings } from './rpc/testing/agent-settings.js';
import { call } from './rpc/testing/call-actor.js';
import { FakeHead } from './rpc/testing/fake-head.js';

const RANK = `
import { writeFileSync } from 'node:fs';
export class Rank {
  constructor(context, assignment) {
    this.context = context;
    this.how = { does: assignment.request.dataId, file: assignment.artifactStem };
  }
  async begin(begin) {
    const { context, how } = this;
    if (how.does === 'freeze') for (;;);
    if (how.does === 'throw') throw new Error('no more');
    if (how.does === 'wait') await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    await context.report({ kind: 'phase', phase: 'training' });
    await context.report({ kind: 'progress', done: 0.5, epoch: begin.attempt });
    writeFileSync(how.file, JSON.stringify({ threads: context.threads, store: await (await context.openStore()).stat('data', 'nothing'), kept: context.datasetCache, nice: process.getuid && (await import('node:os')).getPriority() }));
  }
  async stop(reason) { writeFileSync(this.how.file, 'stopped: ' + reason); }
}`;

/** Of an installed module too, but an ordinary actor. */
const TELLER = `
export class Teller {
  constructor(context, ...args) {
    this.context = context;
    this.args = args;
  }
  tell() {
    const { leaseId, scratchDir, threads, openStore, signal } = this.context;
    return { args: this.args, leaseId, threads, store: typeof openStore, isHere: process.cwd() === scratchDir, hasSignal: signal instanceof AbortSignal, more: 'report' in this.context };
  }
}`;

let folder: string;
let head: FakeHead;
let agent: RunningAgent;
let messages: Messages;
let lastLease = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-rank-'));
  await writeFile(join(folder, 'rank.mjs'), RANK);
  await writeFile(join(folder, 'teller.mjs'), TELLER);
  head = new FakeHead('the-secret');
  const broker = new MemoryBroker(systemClock());
  messages = broker.connect();
  const config = readConfig({
    ...agentSettings(head, await head.listen(), folder, 'agent'),
    datasetCacheBytes: 3 * 2 ** 30,
    modules: {
      '@test/rank': { url: pathToFileURL(join(folder, 'rank.mjs')).href, runsAs: 'rank' },
      '@test/teller': { url: pathToFileURL(join(folder, 'teller.mjs')).href, runsAs: 'actor' },
    },
  });
  agent = await start(config, { clock: systemClock(), logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) });
  await agent.whenWelcomed;
});

afterAll(async () => {
  await agent.stop(100);
  head.close();
  await rm(folder, { recursive: true, force: true });
});

const JOB = jobId('train_0123456789ab');
const RANK_HOLDER = { kind: 'rank', job: JOB, attempt: 3, rank: 0 } as const;
const ACTOR_HOLDER = { kind: 'actor', actor: actorId('actor-0123456789abcdef'), incarnation: 1 } as const;
const RANK_CLASS = { kind: 'module', specifier: '@test/rank', exportName: 'Rank' } as const;
const TELLER_CLASS = { kind: 'module', specifier: '@test/teller', exportName: 'Teller' } as const;

/** What a rank is told; its dataset's key says what it does, its artifacts' stem where it writes. */
function assignment(does: string, file: string): Uint8Array {
  return encodeAssignment({
    job: JOB,
    attempt: 3,
    rank: 0,
    worldSize: 1,
    request: aTrainRequest({ dataId: does }),
    dataset: { bucket: 'data', key: does, etag: 'e', bytes: 1 },
    modelsBucket: 'models',
    artifactStem: file,
    checkpointIntervalEpochs: 5,
    resumeFrom: null,
    threads: 2,
    memoryBytes: null,
  });
}

async function placed(
  holder: StartSpec['holder'],
  classRef: Extract<StartSpec['classRef'], { kind: 'module' }>,
  args: (lease: LeaseId) => Uint8Array,
): Promise<LeaseId> {
  lastLease += 1;
  const lease = leaseId(`1-${lastLease}`);
  const inline = { kind: 'inline', bytes: args(lease) } as const;
  const actor = holder.kind === 'actor' ? { state: null, checkpointEvery: null, lookupToken: 'look' } : null;
  const spec: StartSpec = {
    holder,
    classRef,
    className: classRef.exportName,
    args: inline,
    concurrency: 1,
    token: 'token',
    env: {},
    actor,
  };
  await head.place(messages, { lease, action: { kind: 'reserve-and-start', grant: { cpuMilli: 2000, memoryBytes: 0, gpus: [] }, spec } });
  return lease;
}

const fileOf = (lease: LeaseId): string => join(folder, `told-${lease}`);

/** Starts a rank, waits until it is ready and tells it to begin. */
async function begun(does: string): Promise<{ lease: LeaseId; file: string; address: string }> {
  const lease = await placed(RANK_HOLDER, RANK_CLASS, (of) => assignment(does, fileOf(of)));
  const file = fileOf(lease);
  const { address } = await head.fact(lease, 'ready');
  const begin = { attempt: 3, rank: 0, worldSize: 1, peers: [address], secret: 'of the attempt' };
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'begin', lease, begin } });
  return { lease, file, address };
}

test('a rank is told where datasets are kept, and how much of them', async () => {
  const { lease, file } = await begun('work');
  await head.ended(lease);
  const kept = { folder: join(folder, 'agent', 'datasets'), quotaBytes: 3 * 2 ** 30 };
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ kept });
});

test('a rank reports, waits until the head has stored it, and ends as finished', async () => {
  const { lease, file } = await begun('work');
  expect(await head.ended(lease)).toEqual({ kind: 'finished' });
  const reports = head.facts.flatMap(({ lease: of, body }) => (of === lease && body.kind === 'rank' ? [body.report] : []));
  expect(reports).toEqual([
    { kind: 'phase', phase: 'training' },
    { kind: 'progress', done: 0.5, epoch: 3 },
  ]);
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ threads: 2, store: null });
});

test('a rank that is asked to stop gets its signal and its last word, then ends with the cause of the request', async () => {
  const { lease, file } = await begun('wait');
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'stop', lease, cause: { kind: 'killed', by: 'a cancel' } } });
  expect(await head.ended(lease)).toEqual({ kind: 'killed', by: 'a cancel' });
  expect(await readFile(file, 'utf8')).toBe('stopped: killed');
});

test('a rank whose main loop stands still is ended, and the cause says why', async () => {
  const { lease } = await begun('freeze');
  expect(await head.ended(lease)).toMatchObject({ kind: 'killed', by: expect.stringContaining('main loop') });
});

test('a rank that throws ends with the exit code of its process', async () => {
  const { lease } = await begun('throw');
  expect(await head.ended(lease)).toMatchObject({ kind: 'exited', code: 1, lastError: expect.any(String) });
});

test('a refused report ends the rank it came from', async () => {
  head.refusesReports = 'the attempt is over';
  const { lease } = await begun('work');
  expect(await head.ended(lease)).toEqual({ kind: 'fact-refused', why: 'the attempt is over' });
  head.refusesReports = null;
});

test('a class of an installed module that is no rank is an actor like others, and is given its context first', async () => {
  const lease = await placed(ACTOR_HOLDER, TELLER_CLASS, () => encodeValue([7, 'b']));
  const { address } = await head.fact(lease, 'ready');
  const { answer } = (await call(address, 'token', 'tell', [])).answers[0] ?? {};
  expect(answer?.$case === 'failed' ? answer : decodeValue(answer?.value as Uint8Array)).toEqual({
    args: [7, 'b'],
    leaseId: lease,
    threads: 2,
    store: 'function',
    isHere: true,
    hasSignal: true,
    more: false,
  });
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'release', lease, cause: { kind: 'released' } } });
  expect(await head.ended(lease)).toEqual({ kind: 'released' });
});

test.each([
  ['a rank as an actor', ACTOR_HOLDER, RANK_CLASS, 'an actor'],
  ['an actor as a rank', RANK_HOLDER, TELLER_CLASS, 'a rank'],
  ['what is not listed', ACTOR_HOLDER, { kind: 'module', specifier: 'node:fs', exportName: 'Stats' } as const, 'an actor'],
  ['what every object has', ACTOR_HOLDER, { kind: 'module', specifier: 'constructor', exportName: 'Object' } as const, 'an actor'],
])('%s does not run', async (_what, holder, classRef, runsAs) => {
  const args = (lease: LeaseId): Uint8Array => (holder.kind === 'rank' ? assignment('work', fileOf(lease)) : encodeValue([]));
  const lease = await placed(holder, classRef, args);
  expect(await head.ended(lease)).toMatchObject({
    kind: 'load-failed',
    error: { code: 'actor.load-failed', message: `This node has no module '${classRef.specifier}' that may run as ${runsAs}.` },
  });
});

test.each([
  ['stays', 1, true],
  ['goes where no more is to be kept', 0, false],
])('what ranks kept of datasets %s at the next start', async (_what, datasetCacheBytes, isThere) => {
  const kept = join(folder, `keeper-${datasetCacheBytes}`, 'datasets', 'entry');
  await mkdir(join(kept, '..'), { recursive: true });
  await writeFile(kept, '');
  const broker = new MemoryBroker(systemClock());
  const ports = { clock: systemClock(), logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) };
  const settings = agentSettings(head, '127.0.0.1:1', folder, `keeper-${datasetCacheBytes}`);
  const keeper = await start(readConfig({ ...settings, datasetCacheBytes }), ports);
  await keeper.stop(0);
  expect(existsSync(kept)).toBe(isThere);
});
