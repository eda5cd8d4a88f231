import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { actorId, leaseId, type LeaseId, type StartSpec } from '@trainer/model';
import { silentLogger, systemClock, until, type Messages } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { encodeValue } from '@trainer/wire';
import { readConfig, start, type RunningAgent } from './index.js';
import { agentSettings } from './rpc/testing/agent-settings.js';
import { call } from './rpc/testing/call-actor.js';
import { FakeHead } from './rpc/testing/fake-head.js';

const RANK = `
import { writeFileSync } from 'node:fs';
export class Rank {
  constructor(context, how) {
    this.context = context;
    this.how = how;
  }
  async begin(begin) {
    const { context, how } = this;
    if (how.does === 'freeze') for (;;);
    if (how.does === 'throw') throw new Error('no more');
    if (how.does === 'wait') await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    await context.report({ kind: 'phase', phase: 'training' });
    await context.report({ kind: 'progress', done: 0.5, epoch: begin.attempt });
    writeFileSync(how.file, JSON.stringify({ threads: context.threads, store: context.store.kind, nice: process.getuid && (await import('node:os')).getPriority() }));
  }
  async stop(reason) { writeFileSync(this.how.file, 'stopped: ' + reason); }
}`;

let folder: string;
let head: FakeHead;
let agent: RunningAgent;
let messages: Messages;
let lastLease = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-rank-'));
  await writeFile(join(folder, 'rank.mjs'), RANK);
  head = new FakeHead('the-secret');
  const broker = new MemoryBroker(systemClock());
  messages = broker.connect();
  const config = readConfig({
    ...agentSettings(head, await head.listen(), folder, 'agent'),
    modules: { '@test/rank': pathToFileURL(join(folder, 'rank.mjs')).href },
  });
  agent = await start(config, { clock: systemClock(), logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) });
  await agent.whenWelcomed;
});

afterAll(async () => {
  await agent.stop(100);
  head.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a rank, waits until it is ready and tells it to begin. */
async function begun(does: string): Promise<{ lease: LeaseId; file: string; address: string }> {
  lastLease += 1;
  const lease = leaseId(`1-${lastLease}`);
  const file = join(folder, `told-${lease}`);
  const spec: StartSpec = {
    holder: { kind: 'actor', actor: actorId('actor-0123456789abcdef'), incarnation: 1 },
    classRef: { kind: 'module', specifier: '@test/rank', exportName: 'Rank' },
    className: 'Rank',
    args: { kind: 'inline', bytes: encodeValue({ does, file }) },
    concurrency: 1,
    token: 'token',
    env: {},
    actor: null,
  };
  await head.place(messages, { lease, action: { kind: 'reserve-and-start', grant: { cpuMilli: 2000, memoryBytes: 0, gpus: [] }, spec } });
  const { address } = await head.fact(lease, 'ready');
  const begin = { attempt: 3, rank: 0, worldSize: 1, peers: [address], secret: 'of the attempt' };
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'begin', lease, begin } });
  return { lease, file, address };
}

test('a rank reports, waits until the head has stored it, and ends as finished', async () => {
  const { lease, file } = await begun('work');
  expect(await head.ended(lease)).toEqual({ kind: 'finished' });
  const reports = head.facts.flatMap(({ lease: of, body }) => (of === lease && body.kind === 'rank' ? [body.report] : []));
  expect(reports).toEqual([
    { kind: 'phase', phase: 'training' },
    { kind: 'progress', done: 0.5, epoch: 3 },
  ]);
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ threads: 2, store: 'folder' });
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

test('callers cannot begin or stop a rank', async () => {
  const { lease, address } = await begun('wait');
  const [answer] = (await call(address, 'token', 'stop', ['now'])).answers;
  expect(answer?.answer?.$case === 'failed' && answer.answer.value.code).toBe('call.no-method');
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'release', lease, cause: { kind: 'released' } } });
  await until('the end', () => head.facts.some(({ lease: of, body }) => of === lease && body.kind === 'ended'), {
    clock: systemClock(),
    deadlineMs: 5_000,
  });
});
