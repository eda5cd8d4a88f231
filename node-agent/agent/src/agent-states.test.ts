import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { actorId, leaseId, type LeaseId, type StartSpec } from '@trainer/model';
import { silentLogger, systemClock, type Messages } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { decodeValue, encodeValue } from '@trainer/wire';
import { readConfig, start, type RunningAgent } from './index.js';
import { agentSettings } from './rpc/testing/agent-settings.js';
import { call } from './rpc/testing/call-actor.js';
import { FakeHead } from './rpc/testing/fake-head.js';

const KEPT = `
export class Kept {
  #n = 0;
  increment() { return (this.#n += 1); }
  grow() { this.held = 'x'.repeat(100_000); }
  checkpoint() { return { n: this.#n, held: this.held }; }
  restore(state) { this.#n = state.n; this.held = state.held; }
}`;
const TOKEN = 'token-of-this-incarnation';

let folder: string;
let head: FakeHead;
let agent: RunningAgent;
let messages: Messages;
let classRef: StartSpec['classRef'];
let lastLease = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-agent-'));
  head = new FakeHead('the-secret');
  const address = await head.listen();
  classRef = { kind: 'bundle', hash: head.addBundle(KEPT), exportName: 'Kept' };
  const broker = new MemoryBroker(systemClock());
  messages = broker.connect();
  const config = readConfig(agentSettings(head, address, folder, 'agent'));
  agent = await start(config, { clock: systemClock(), logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) });
  await agent.whenWelcomed;
});

afterAll(async () => {
  await agent.stop(100);
  head.close();
  await rm(folder, { recursive: true, force: true });
});

async function result(address: string, method: string): Promise<unknown> {
  const [answer] = (await call(address, TOKEN, method, [])).answers;
  return answer?.answer?.$case === 'value' ? decodeValue(answer.answer.value) : answer;
}

/** Starts an actor of the class with state, and waits until it can be called. */
async function kept(actor: NonNullable<StartSpec['actor']>): Promise<{ lease: LeaseId; address: string }> {
  lastLease += 1;
  const lease = leaseId(`1-${lastLease}`);
  const holder = { kind: 'actor' as const, actor: actorId('actor-0123456789abcdef'), incarnation: 1 };
  const spec = {
    holder,
    classRef,
    className: 'Kept',
    args: { kind: 'inline', bytes: encodeValue([]) } as const,
    concurrency: 1,
    token: TOKEN,
    env: {},
    actor,
  };
  const grant = { cpuMilli: 100, memoryBytes: 2 ** 30, gpus: [] };
  await head.place(messages, { lease, action: { kind: 'reserve-and-start', grant, spec } });
  return { lease, address: (await head.fact(lease, 'ready')).address };
}

test('a state is a fact of the lease, and the next incarnation is restored from it', async () => {
  const start = { state: null, checkpointEvery: 'call', lookupToken: 'lookup' } as const;
  const first = await kept(start);
  expect(await result(first.address, 'increment')).toBe(1);
  const { state } = await head.fact(first.lease, 'state');
  const second = await kept({ ...start, state });
  expect(await result(second.address, 'increment')).toBe(2);
});

test('a state too large for a fact lies in the object store when the fact names it', async () => {
  const start = { state: null, checkpointEvery: 1_000, lookupToken: 'lookup' } as const;
  const first = await kept(start);
  await result(first.address, 'grow');
  const { state } = await head.fact(first.lease, 'state');
  expect(state).toMatchObject({ kind: 'object', bucket: 'trainer-actors', key: 'actors/actor-0123456789abcdef/1-1' });
  expect(await result((await kept({ ...start, state })).address, 'increment')).toBe(1);
});

test('an actor whose state is refused is killed, and the call that waited for it is not answered', async () => {
  const { lease, address } = await kept({ state: null, checkpointEvery: 'call', lookupToken: 'lookup' });
  head.refusesReports = 'of another incarnation';
  let isAnswered = false;
  void result(address, 'increment').then(() => (isAnswered = true));
  expect(await head.ended(lease)).toEqual({ kind: 'fact-refused', why: 'of another incarnation' });
  head.refusesReports = null;
  expect(isAnswered).toBe(false);
});
