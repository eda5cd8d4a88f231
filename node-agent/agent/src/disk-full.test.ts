import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { actorId, leaseId, type LeaseId, type StartSpec } from '@trainer/model';
import { silentLogger, systemClock, until, type Messages } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { decodeValue, encodeValue } from '@trainer/wire';
import { fileFactDisk } from './facts/fact-disk.js';
import { procEnvironments } from './folder/marked-processes.js';
import { readConfig, start, type RunningAgent } from './index.js';
import { agentSettings } from './rpc/testing/agent-settings.js';
import { call } from './rpc/testing/call-actor.js';
import { FakeHead } from './rpc/testing/fake-head.js';

const CLASS = `export class Kept { ping() { return 'pong'; } }`;
const TOKEN = 'token';
const CLOCK = systemClock();

/** A small file system of its own; null where this user may not mount one. */
function mountSmall(folder: string): string | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `only root may mount a small disk here: ${String((error as { stderr?: Buffer }).stderr ?? error).trim()}`;
  }
}

let folder: string;
let disk: string;
let whyNotMounted: string | null;
let head: FakeHead;
let agent: RunningAgent;
let messages: Messages;
let lastLease = 0;
const classes: Record<'known' | 'new', StartSpec['classRef'] | undefined> = { known: undefined, new: undefined };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-disk-'));
  disk = join(folder, 'disk');
  await mkdir(disk);
  whyNotMounted = mountSmall(disk);
  head = new FakeHead('the-secret');
  const address = await head.listen();
  classes.known = { kind: 'bundle', hash: head.addBundle(CLASS), exportName: 'Kept' };
  classes.new = { kind: 'bundle', hash: head.addBundle(`${CLASS} // ${'x'.repeat(100_000)}`), exportName: 'Kept' };
  const broker = new MemoryBroker(CLOCK);
  messages = broker.connect();
  const ports = { clock: CLOCK, logger: silentLogger, connectMessages: () => Promise.resolve(broker.connect()) };
  agent = await start(readConfig({ ...agentSettings(head, address, folder, 'disk/agent'), timeScale: 1 }), ports);
  await agent.whenWelcomed;
  // The first process leaves its compiled code, which takes room at a time of its own.
  const first = await place('known');
  expect(await ping(first)).toBe('pong');
  const caches = join(disk, 'agent/code-cache');
  const isCached = (): boolean => existsSync(caches) && readdirSync(caches).some((name) => name.endsWith('.bin'));
  await until('compiled code', isCached, { clock: CLOCK, deadlineMs: 10_000, everyMs: 20 });
  await endOf(first);
});

afterAll(async () => {
  await agent.stop(100);
  head.close();
  if (whyNotMounted === null) execFileSync('umount', [disk]);
  await rm(folder, { recursive: true, force: true });
});

async function place(which: 'known' | 'new'): Promise<LeaseId> {
  lastLease += 1;
  const lease = leaseId(`1-${lastLease}`);
  const classRef = classes[which];
  if (classRef === undefined) throw new Error('no class yet');
  const spec: StartSpec = {
    holder: { kind: 'actor', actor: actorId('actor-0123456789abcdef'), incarnation: 1 },
    classRef,
    className: 'Kept',
    args: { kind: 'inline', bytes: encodeValue([]) },
    concurrency: 1,
    token: TOKEN,
    env: {},
    actor: { state: null, checkpointEvery: 1_000, lookupToken: 'lookup' },
  };
  const grant = { cpuMilli: 100, memoryBytes: 2 ** 30, gpus: [] };
  expect(await head.place(messages, { lease, action: { kind: 'reserve-and-start', grant, spec } })).toEqual({ kind: 'granted' });
  return lease;
}

async function ping(lease: LeaseId): Promise<unknown> {
  const { address } = await head.fact(lease, 'ready');
  const [answer] = (await call(address, TOKEN, 'ping', [])).answers;
  return answer?.answer?.$case === 'value' ? decodeValue(answer.answer.value) : answer;
}

function processesOf(lease: LeaseId): number[] {
  return procEnvironments
    .pids()
    .filter((pid) => procEnvironments.environment(pid)?.includes(`=${agent.node}/${agent.incarnation}/${lease}\0`) === true);
}

async function endOf(lease: LeaseId): Promise<void> {
  head.send({ kind: 'command', headEpoch: 1, command: { kind: 'release', lease, cause: { kind: 'killed', by: 'a test' } } });
  expect(await head.ended(lease)).toEqual({ kind: 'killed', by: 'a test' });
}

/** Takes what is left of the small disk, to the last byte. */
function fill(): void {
  for (const bytes of [2 ** 20, 2 ** 16, 2 ** 12, 1])
    for (let i = 0; i < 1_000; i += 1) {
      try {
        writeFileSync(join(disk, 'ballast'), Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        break;
      }
    }
}

const FULL = (where: string): object => ({
  kind: 'not-started',
  error: {
    code: 'node.disk-full',
    message: `There is no space left on the disk of ${where}; free some space.`,
    facts: { folder: where },
    retry: 'elsewhere',
  },
});

describe('without room for the record of a process', () => {
  test('none is started, the lease ends with the disk by name, and the next one starts when there is room', async () => {
    const groups = join(folder, 'disk/agent/groups');
    symlinkSync('/dev/full', join(groups, `1-${lastLease + 1}.json`));
    const lease = await place('known');
    expect(await head.ended(lease)).toEqual(FULL(groups));
    expect(processesOf(lease)).toEqual([]);
    expect(head.facts.filter((fact) => fact.lease === lease).map(({ body }) => body.kind)).toEqual(['ended']);
    const next = await place('known');
    expect(await ping(next)).toBe('pong');
    await endOf(next);
    expect(readdirSync(groups)).toEqual([]);
  });
});

test('facts that the disk took only in part are kept in memory instead', () => {
  const path = join(folder, 'facts-of-this-test');
  symlinkSync('/dev/full', path);
  const facts = fileFactDisk(path);
  expect(() => facts.append(Buffer.alloc(10))).toThrow('ENOSPC');
  facts.close();
});

describe('on a disk that is really full', () => {
  const onSmallDisk = (name: string, body: () => Promise<void>): void => {
    test(name, async () => {
      if (whyNotMounted === null) await body();
      else console.warn(`skipped: ${whyNotMounted}`);
    });
  };

  onSmallDisk('what runs goes on and ends, nothing new is left running, a new head is heard, and all goes on with room', async () => {
    const running = await place('known');
    expect(await ping(running)).toBe('pong');
    fill();
    const without = await place('known');
    expect(await head.ended(without)).toEqual(FULL(join(disk, 'agent/groups')));
    expect(processesOf(without)).toEqual([]);
    head.headEpoch = 2;
    const beat = head.newestBeat?.number ?? 0;
    await until('a beat to the new head', () => (head.newestBeat?.number ?? 0) > beat + 1, {
      clock: CLOCK,
      deadlineMs: 10_000,
      everyMs: 10,
    });
    expect(await ping(running)).toBe('pong');
    head.send({ kind: 'command', headEpoch: 2, command: { kind: 'release', lease: running, cause: { kind: 'killed', by: 'a test' } } });
    await head.ended(running);
    expect(processesOf(running)).toEqual([]);
    rmSync(join(disk, 'ballast'));
    expect(await ping(await place('known'))).toBe('pong');
  });

  onSmallDisk('a class for which there is no room is told so, and can be used once there is', async () => {
    fill();
    // Room for a record, not for the bundle.
    const before = readdirSync(join(disk, 'agent/bundles'));
    rmSync(join(disk, 'ballast'));
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(2 ** 16));
    const small = join(disk, 'room');
    writeFileSync(small, Buffer.alloc(2 ** 14));
    fill();
    rmSync(small);
    const lease = await place('new');
    expect(await head.ended(lease)).toEqual(FULL(join(disk, 'agent')));
    expect(processesOf(lease)).toEqual([]);
    expect(readdirSync(join(disk, 'agent/bundles'))).toEqual(before);
    rmSync(join(disk, 'ballast'));
    expect(await ping(await place('new'))).toBe('pong');
  });

  onSmallDisk('an agent that is started says which disk is full', async () => {
    fill();
    const settings = agentSettings(head, 'nowhere:1', folder, 'disk/another');
    await expect(start(readConfig(settings), { clock: CLOCK, logger: silentLogger })).rejects.toMatchObject({
      code: 'node.disk-full',
      facts: { folder: join(disk, 'another') },
    });
    rmSync(join(disk, 'ballast'));
    expect(existsSync(join(disk, 'another', 'node.json'))).toBe(false);
  });
});
