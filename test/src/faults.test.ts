import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ActorDiedError, type Cluster } from '@trainer/client';
import {
  caught,
  newHome,
  ProbeSpec,
  runningProcesses,
  signalTo,
  startCluster,
  startProgram,
  stillRunning,
  type TestCluster,
} from './harness/index.js';

const SMALL = { cpu: 0.01, memory: '64MiB' } as const;
const SOON_MS = 60_000;
/** Ctrl-C stops all within this time. */
const STOP_MS = 3_000;
const FORGOTTEN_CLIENT = fileURLToPath(new URL('../dist/harness/forgotten-client.js', import.meta.url));

// Some tests start two clusters.
jest.setTimeout(90_000);

/** @returns processes that were started for a data folder, whoever their parent is by now. */
function processesOf(home: string): readonly number[] {
  return runningProcesses()
    .filter(({ command }) => command.includes(home))
    .map(({ pid }) => pid);
}

describe('a part dies', () => {
  let cluster: TestCluster;
  let client: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ withGateway: true });
    client = await cluster.connect();
  });

  afterAll(async () => {
    await client?.close();
    await cluster?.stop();
  });

  const nothingHeld = (): Promise<unknown> =>
    cluster.until('the node holds no lease', async () => (await client.nodes.list()).every((node) => node.leases === 0), SOON_MS);

  test('a call in flight of an actor that is killed from outside rejects with the signal and an unknown outcome', async () => {
    const probe = await client.actors.create(ProbeSpec, SMALL);
    const pid = await probe.call.pid();
    const calling = caught(probe.call.waitFor(60_000));
    // The call is on its way when the one before it was answered; one more round proves that it arrived.
    await cluster.until('the actor is seen', () => stillRunning([pid]).length === 1, SOON_MS);
    signalTo(pid, 'SIGKILL');
    const error = await calling;
    expect(error).toBeInstanceOf(ActorDiedError);
    expect(error).toMatchObject({ facts: { actor: probe.id, cause: { kind: 'signal', signal: 'SIGKILL' }, outcome: 'unknown' } });
    await nothingHeld();
  });

  test('a call after the end of an actor was not run', async () => {
    const probe = await client.actors.create(ProbeSpec, SMALL);
    signalTo(await probe.call.pid(), 'SIGKILL');
    await cluster.until('the head knows that the actor is dead', async () => (await probe.state()).state.at === 'dead', SOON_MS);
    expect(await caught(probe.call.add(1))).toMatchObject({ code: 'actor.died', facts: { outcome: 'not-run' } });
  });

  test('an actor that ends its own process died with that exit code', async () => {
    const probe = await client.actors.create(ProbeSpec, SMALL);
    expect(await caught(probe.call.exit(7))).toMatchObject({ code: 'actor.died', facts: { cause: { kind: 'exited', code: 7 } } });
    await nothingHeld();
  });

  test('NATS is killed: it comes back, actors answer meanwhile, and new ones can be created', async () => {
    const probe = await client.actors.create(ProbeSpec, SMALL);
    const killed = cluster.kill('nats');
    await expect(probe.call.add(1)).resolves.toBe(1);
    await cluster.until('another nats-server runs', () => cluster.pidsOf('nats').some((pid) => !killed.includes(pid)), SOON_MS);
    const another = await client.actors.create(ProbeSpec, { ...SMALL, timeoutMs: SOON_MS });
    await expect(another.call.add(1)).resolves.toBe(1);
    await expect(probe.call.add(1)).resolves.toBe(2);
    await Promise.all([probe.kill(), another.kill()]);
  });

  test('PostgreSQL is killed: it comes back, actors answer meanwhile, and new ones can be created', async () => {
    const probe = await client.actors.create(ProbeSpec, SMALL);
    const killed = cluster.kill('postgres');
    await expect(probe.call.add(1)).resolves.toBe(1);
    await cluster.until('another PostgreSQL runs', () => cluster.pidsOf('postgres').some((pid) => !killed.includes(pid)), SOON_MS);
    const another = await client.actors.create(ProbeSpec, { ...SMALL, timeoutMs: SOON_MS });
    await expect(another.call.add(1)).resolves.toBe(1);
    await expect(probe.call.add(1)).resolves.toBe(2);
    await Promise.all([probe.kill(), another.kill()]);
    await nothingHeld();
  });

  test('what ended while PostgreSQL was away is known when it is back', async () => {
    const probe = await client.actors.create(ProbeSpec, SMALL);
    const pid = await probe.call.pid();
    cluster.kill('postgres');
    signalTo(pid, 'SIGKILL');
    const dead = async (): Promise<boolean> =>
      probe.state().then(
        ({ state }) => state.at === 'dead',
        () => false,
      );
    await cluster.until('the head knows that the actor is dead', dead, SOON_MS);
    expect((await probe.state()).state).toMatchObject({ cause: { kind: 'signal', signal: 'SIGKILL' } });
    await nothingHeld();
  });
});

describe('a client dies', () => {
  test('a session whose client was killed ends its actors after the grace', async () => {
    // A tenth of the 30 s that a session has to come back.
    await using cluster = await startCluster({ timeScale: 0.1 });
    const program = startProgram(process.execPath, [FORGOTTEN_CLIENT, cluster.home]);
    const said = await cluster.until('the client has its actor', () => /\{.*\}/.exec(program.output())?.[0], SOON_MS);
    const { id, pid } = JSON.parse(said) as { id: string; pid: number };
    program.kill('SIGKILL');
    await program.ended;
    expect(stillRunning([pid])).toEqual([pid]);
    await cluster.until('the actor of the dead client has ended', () => stillRunning([pid]).length === 0, SOON_MS);
    await using client = await cluster.connect();
    const [listed] = await client.actors.list({ withEnded: true });
    expect(listed).toMatchObject({ id, state: { at: 'dead', cause: { kind: 'owner-gone' } } });
  });
});

describe('the launcher ends', () => {
  test('SIGKILL of it leaves no process, and the next start on its folder works', async () => {
    await using home = await newHome();
    await using first = await startCluster({ home: home.path });
    await using client = await first.connect();
    await client.actors.create(ProbeSpec, SMALL);
    const pids = first.processes().map(({ pid }) => pid);
    expect(pids.length).toBeGreaterThan(3);
    first.kill('launcher');
    await first.until('nothing of the cluster runs', () => stillRunning(pids).length === 0, SOON_MS);
    expect(processesOf(home.path)).toEqual([]);
    await using second = await startCluster({ home: home.path });
    await using again = await second.connect();
    const next = await again.actors.create(ProbeSpec, { args: [1], ...SMALL });
    await expect(next.call.add(1)).resolves.toBe(2);
  });

  test('children of actors that SIGKILL of the launcher left are ended by the next start on its folder', async () => {
    await using home = await newHome();
    await using first = await startCluster({ home: home.path });
    await using client = await first.connect();
    const child = await (await client.actors.create(ProbeSpec, SMALL)).call.startChild();
    first.kill('launcher');
    await using second = await startCluster({ home: home.path });
    await second.until('the child of the earlier actor has ended', () => stillRunning([child]).length === 0, SOON_MS);
  });

  test('Ctrl-C stops everything within three seconds, with an actor that blocks its process', async () => {
    await using cluster = await startCluster({ withGateway: true });
    await using client = await cluster.connect();
    const probe = await client.actors.create(ProbeSpec, SMALL);
    const blocked = caught(probe.call.block(60_000));
    const pids = cluster.processes().map(({ pid }) => pid);
    const sentAt = performance.now();
    cluster.launcher.kill('SIGINT');
    const ended = await cluster.launcher.ended;
    expect(performance.now() - sentAt).toBeLessThan(STOP_MS);
    expect(ended).toMatchObject({ code: 0 });
    await cluster.until('nothing of the cluster runs', () => stillRunning(pids).length === 0, STOP_MS);
    await client.close();
    expect(await blocked).toHaveProperty('code');
  });

  test('a start takes over the lock and the secret of a cluster that stopped', async () => {
    await using home = await newHome();
    await using first = await startCluster({ home: home.path });
    await first.stop();
    await using second = await startCluster({ home: home.path });
    expect(second.secret).toBe(first.secret);
    expect(await readFile(`${home.path}/VERSION`, 'utf8')).toMatch(/^\d+\n$/);
  });
});
