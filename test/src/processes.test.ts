import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { newHome, ProbeSpec, runTrainer, signalTo, startCluster, stillRunning, type TestCluster } from './harness/index.js';
import { separateProcesses, type SeparateProcesses } from './harness/separate-processes.js';
import { IRIS, irisRequest, RestService } from './rest-service.js';

jest.setTimeout(120_000);

const SOON_MS = 60_000;
/** A head's stillness is 3 s, and some processes start meanwhile. */
const TAKEN_OVER_MS = 20_000;
const SMALL = { cpu: 0.1, memory: '64MiB' } as const;

interface Identity {
  readonly node: string;
  readonly incarnation: number;
}

async function identityOf(folder: string): Promise<Identity> {
  return JSON.parse(await readFile(join(folder, 'node.json'), 'utf8')) as Identity;
}

/** The process that holds an agent's folder. */
async function agentPid(folder: string): Promise<number> {
  return Number((await readFile(join(folder, 'agent.lock'), 'utf8')).split(' ')[0]);
}

interface NodeRow {
  readonly id: string;
  readonly state: string;
  readonly capacity: { readonly cpuMilli: number; readonly memoryBytes: number };
}

async function nodesOf(cluster: TestCluster): Promise<readonly NodeRow[]> {
  const { stdout } = await cluster.trainer('nodes', '--json');
  return JSON.parse(stdout) as NodeRow[];
}

describe('up --agents 3', () => {
  test('is three nodes of equal shares, over which actors spread, and nothing is left of it after Ctrl-C', async () => {
    await using cluster = await startCluster({ agents: 3 });
    const nodes = await nodesOf(cluster);
    expect(nodes.map(({ state }) => state)).toEqual(['connected', 'connected', 'connected']);
    expect(new Set(nodes.map(({ capacity }) => capacity.memoryBytes)).size).toBe(1);
    expect(Math.min(...nodes.map(({ capacity }) => capacity.cpuMilli))).toBeGreaterThanOrEqual(1_000);
    await using client = await cluster.connect();
    const probes = await Promise.all([0, 1, 2].map(() => client.actors.create(ProbeSpec, SMALL)));
    await Promise.all(probes.map((probe) => probe.call.add(1)));
    const { stdout } = await cluster.trainer('actors', '--json');
    const actors = JSON.parse(stdout) as { state: { node: string } }[];
    expect(new Set(actors.map(({ state }) => state.node)).size).toBe(3);
    const pids = cluster.processes().map(({ pid }) => pid);
    const ended = await cluster.stop();
    expect(ended.code).toBe(0);
    expect(stillRunning(pids)).toEqual([]);
  });

  test('an agent that is killed is started again, and joins with a new incarnation', async () => {
    await using cluster = await startCluster({ agents: 2 });
    const folder = join(cluster.home, 'agent-2');
    const before = await identityOf(folder);
    await using client = await cluster.connect();
    const probes = await Promise.all([0, 1].map(() => client.actors.create(ProbeSpec, SMALL)));
    const pids = await Promise.all(probes.map((probe) => probe.call.pid()));
    signalTo(await agentPid(folder), 'SIGKILL');
    await cluster.until('it has joined again', async () => (await identityOf(folder)).incarnation === before.incarnation + 1, SOON_MS);
    const isBack = async (): Promise<boolean> => (await client.nodes.list()).filter((node) => node.state === 'connected').length === 2;
    await cluster.until('both nodes are connected', isBack, SOON_MS);
    await cluster.until('its actor has ended with it, and no other', () => stillRunning(pids).length === 1, SOON_MS);
    expect((await identityOf(folder)).node).toBe(before.node);
    const again = await Promise.all([0, 1, 2].map(() => client.actors.create(ProbeSpec, SMALL)));
    await expect(Promise.all(again.map((probe) => probe.call.add(1)))).resolves.toEqual([1, 1, 1]);
  });

  test('an agent that can not start is said with its reason, and nothing is left', async () => {
    await using home = await newHome();
    await mkdir(join(home.path, 'agent-2'));
    await writeFile(join(home.path, 'agent-2', 'node.json'), 'no identity');
    const ended = await runTrainer(['up', '--agents', '2', '--no-sample', '--port', '0'], { TRAINER_HOME: home.path });
    expect(ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^agent 2 ended at its start .*node\.json[^\n]*\n$/m),
    });
  });

  test('more agents than the option takes are refused in one line', async () => {
    await using home = await newHome();
    const ended = await runTrainer(['up', '--agents', '0'], { TRAINER_HOME: home.path });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('from 1 to 64');
  });
});

/** Another head takes the leadership of an embedded cluster, as one of a restored database would, and goes again. */
async function usurp(home: string, secret: string): Promise<void> {
  const lines = (await readFile(join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n');
  const client = new pg.Client({ host: '127.0.0.1', port: Number(lines[3]), user: 'trainer', password: secret, database: 'postgres' });
  await client.connect();
  await client.query("UPDATE trainer.leadership SET head_epoch = head_epoch + 1, head = 'head-000000000000', renewals = 0");
  await client.end();
}

test('a head of the embedded cluster that is fenced is followed by a new one at the same address, and actors live on', async () => {
  await using cluster = await startCluster({ agents: 2 });
  await using client = await cluster.connect();
  const probe = await client.actors.create(ProbeSpec, SMALL);
  await probe.call.add(3);
  const { headEpoch } = await client.status();
  await usurp(cluster.home, cluster.secret);
  await cluster.until('a newer head answers', async () => (await client.status()).headEpoch > headEpoch + 1, TAKEN_OVER_MS);
  const areBack = async (): Promise<boolean> => (await client.nodes.list()).filter((node) => node.state === 'connected').length === 2;
  await cluster.until('both nodes are connected', areBack, SOON_MS);
  await expect(probe.call.add(4)).resolves.toBe(7);
  await expect((await client.actors.create(ProbeSpec, SMALL)).call.add(1)).resolves.toBe(1);
  expect(cluster.launcher.hasEnded()).toBe(false);
});

describe('processes of their own', () => {
  test('start in any order, run an actor, and train a job that is submitted by REST', async () => {
    await using parts = await separateProcesses();
    // The gateway and the agent wait for the head that comes last.
    const agentStarts = parts.agent.start();
    await parts.gateway.start();
    expect((await fetch(`${parts.restUrl}/health/ready`)).status).toBe(503);
    await parts.heads[0].start();
    await agentStarts;
    await using client = await parts.connect();
    await expect((await client.actors.create(ProbeSpec, SMALL)).call.add(2)).resolves.toBe(2);
    const rest = new RestService(parts);
    await rest.put('iris.csv', IRIS);
    const id = await rest.submit(irisRequest());
    const events = await rest.allEvents(id);
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(await rest.job(id)).toMatchObject({ status: 'completed' });
  });

  test('a second head waits, and takes over when the first is killed: agent, gateway and client follow it', async () => {
    await using parts = await separateProcesses();
    const [first, second] = parts.heads;
    await first.start();
    await Promise.all([parts.agent.start(), parts.gateway.start()]);
    second.launch();
    await parts.until('the second waits', () => second.log().includes('head waits: another head leads\n'), SOON_MS);
    await using client = await parts.connect();
    const probe = await client.actors.create(ProbeSpec, SMALL);
    await probe.call.add(1);
    const rest = new RestService(parts);
    await rest.put('iris.csv', IRIS);
    await first.kill();
    await parts.until('the second leads', () => /^head is ready at/m.test(second.log()), TAKEN_OVER_MS);
    await expect(probe.call.add(1)).resolves.toBe(2);
    await parts.until('its node is connected', async () => (await client.nodes.list())[0]?.state === 'connected', SOON_MS);
    expect(await rest.trained(irisRequest())).toMatchObject({ status: 'completed' });
    expect(await client.actors.create(ProbeSpec, SMALL).then((another) => another.call.add(5))).toBe(5);
  });

  test('a head that is frozen is followed, and ends itself when it wakes', async () => {
    await using parts = await separateProcesses();
    const [first, second] = parts.heads;
    await first.start();
    await Promise.all([parts.agent.start(), parts.gateway.start()]);
    second.launch();
    await parts.until('the second waits', () => second.log().includes('head waits'), SOON_MS);
    const answers = async (): Promise<boolean> => (await fetch(`${parts.restUrl}/health/ready`)).status === 200;
    await parts.until('REST is ready', answers, SOON_MS);
    first.freeze();
    await parts.until('the second leads', () => /^head is ready at/m.test(second.log()), TAKEN_OVER_MS);
    await parts.until('REST is ready again', answers, SOON_MS);
    first.thaw();
    await parts.until('the first has ended', () => first.pid === null, SOON_MS);
    expect(first.log()).toMatch(/Another head has taken over from head epoch 1; this one ends\.\n/);
    expect(await answers()).toBe(true);
  });

  test('a head that is told to stop resigns, and the other leads at once', async () => {
    await using parts = await separateProcesses();
    const [first, second] = parts.heads;
    await first.start();
    second.launch();
    await parts.until('the second waits', () => second.log().includes('head waits'), SOON_MS);
    const stoppedAt = performance.now();
    await first.stop();
    await parts.until('the second leads', () => /^head is ready at/m.test(second.log()), TAKEN_OVER_MS);
    // Far below the 3 s after which a head that is silent is followed.
    expect(performance.now() - stoppedAt).toBeLessThan(2_500);
  });

  test('an agent that is told to stop ends its actors and leaves', async () => {
    await using parts = await separateProcesses();
    await Promise.all([parts.heads[0].start(), parts.agent.start()]);
    await using client = await parts.connect();
    const pid = await (await client.actors.create(ProbeSpec, SMALL)).call.pid();
    await parts.agent.stop();
    expect(stillRunning([pid])).toEqual([]);
    await parts.until('the head knows', async () => (await client.nodes.list())[0]?.state !== 'connected', SOON_MS);
  });

  test('NATS that is away at the start is waited for', async () => {
    await using parts = await separateProcesses();
    await parts.servers.stopNats();
    await parts.heads[0].start();
    await Promise.all([parts.agent.start(), parts.gateway.start()]);
    const missing = async (): Promise<readonly string[]> =>
      ((await (await fetch(`${parts.restUrl}/health`)).json()) as { missing: string[] }).missing;
    await parts.until('health says what is away', async () => (await missing()).includes('messages'), SOON_MS);
    await parts.servers.startNats();
    await parts.until('nothing is missing', async () => (await missing()).length === 0, SOON_MS);
    await using client = await parts.connect();
    await expect((await client.actors.create(ProbeSpec, SMALL)).call.add(2)).resolves.toBe(2);
  });
});

test('NATS that refuses the token ends head and gateway with one line that says so', async () => {
  await using parts = await separateProcesses();
  const env = { ...parts.env, NATS_URL: parts.env['NATS_URL']?.replace('nats://', 'nats://another@') ?? '' };
  for (const words of [['head', '--listen', '127.0.0.1:0'], ['gateway']]) {
    const ended = await runTrainer(words, env);
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^NATS at (nats:\/\/)?127\.0\.0\.1:\d+ refuses[^\n]+NATS_URL[^\n]+\n$/),
    });
  }
});

describe('a process of its own that is not told what it needs', () => {
  const refused = (env: SeparateProcesses['env'], ...words: string[]) => runTrainer(words, env);

  test('says all that is missing in one line, with the code of a wrong setting', async () => {
    const ended = await refused({}, 'agent');
    expect(ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^TRAINER_HOME: is not set; [^\n]*TRAINER_HEADS[^\n]*\n$/),
    });
    expect(await refused({}, 'gateway')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^TRAINER_HEADS: is not set; [^\n]+\n$/) });
    expect(await refused({}, 'head')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^DATABASE_URL[^\n]+\n$/) });
  });

  test('refuses a secret that others may read', async () => {
    await using home = await newHome();
    const file = join(home.path, 'secret');
    await writeFile(file, 'deep');
    await chmod(file, 0o644);
    const ended = await refused({ TRAINER_HOME: home.path, TRAINER_HEADS: '127.0.0.1:1' }, 'gateway');
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/TRAINER_SECRET_FILE: others may read/) });
  });

  test('is refused in the other mode', async () => {
    expect(await refused({ TRAINER_MODE: 'embedded' }, 'agent')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('TRAINER_MODE'),
    });
    expect(await refused({ TRAINER_MODE: 'cluster' }, 'up')).toMatchObject({ code: 2, stderr: expect.stringContaining('trainer head') });
  });
});
