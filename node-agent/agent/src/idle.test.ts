import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { actorId, leaseId, type Clock } from '@trainer/model';
import { silentLogger, systemClock, until } from '@trainer/runtime';
import { manualClock, MemoryBroker } from '@trainer/runtime/testing';
import { readConfig, start } from './index.js';
import { agentSettings } from './rpc/testing/agent-settings.js';
import { FakeHead } from './rpc/testing/fake-head.js';

const SECONDS = 10;

let folder: string;
const head = new FakeHead('the-secret');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-idle-'));
});

afterAll(async () => {
  head.close();
  await rm(folder, { recursive: true, force: true });
});

test('an agent without work sets no timer but that of its heartbeat, also after it has had some', async () => {
  const manual = manualClock();
  let timers = 0;
  const clock: Clock = { ...manual, after: (ms, call) => ((timers += 1), manual.after(ms, call)) };
  const broker = new MemoryBroker(systemClock());
  const settings = { ...agentSettings(head, await head.listen(), folder, 'agent'), timeScale: 1 };
  /** Lets I/O happen while virtual time goes on, or stands still. */
  const goOn = (what: string, isThere: () => boolean, stepMs: number): Promise<unknown> => {
    const look = (): boolean => (manual.advance(stepMs), isThere());
    return until(what, look, { clock: systemClock(), deadlineMs: 15_000, everyMs: 1, describe: () => JSON.stringify(head.facts) });
  };
  const idle = async (): Promise<number> => {
    const before = timers;
    for (let second = 0; second < SECONDS; second += 1) {
      const heard = head.newestBeat?.number ?? 0;
      manual.advance(1_000);
      await goOn('the heartbeat', () => (head.newestBeat?.number ?? 0) > heard, 0);
    }
    return timers - before;
  };
  const ports = { clock, logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) };
  const starting = start(readConfig(settings), ports);
  await goOn('its first heartbeat', () => head.newestBeat !== null, 5);
  const agent = await starting;
  expect(await idle()).toBe(SECONDS);

  const holder = { kind: 'actor' as const, actor: actorId('actor-0123456789abcdef'), incarnation: 1 };
  const grant = { cpuMilli: 1_000, memoryBytes: 2 ** 30, gpus: [] };
  const spec = {
    holder,
    classRef: { kind: 'module' as const, specifier: 'none', exportName: 'None' },
    className: 'None',
    args: { kind: 'inline' as const, bytes: new Uint8Array() },
    concurrency: 1,
    token: 'token',
    env: {},
    actor: null,
  };
  await head.place(broker.connect(), { lease: leaseId('1-1'), action: { kind: 'reserve-and-start', grant, spec } });
  await goOn('the end of its actor', () => head.facts.some(({ body }) => body.kind === 'ended'), 5);
  await goOn('its watch has seen that', () => manual.monotonicMs() % 1_000 === 0, 1);
  manual.advance(1_000);
  expect(await idle()).toBe(SECONDS);

  let hasStopped = false;
  void agent.stop(100).then(() => (hasStopped = true));
  await goOn('its stop', () => hasStopped, 5);
});
