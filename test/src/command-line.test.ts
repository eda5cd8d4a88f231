import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Cluster } from '@trainer/client';
import { newHome, ProbeSpec, runTrainer, startCluster, startProgram, TRAINER, type Ended, type TestCluster } from './harness/index.js';

jest.setTimeout(60_000);

const SMALL = { cpu: 0.01, memory: '64MiB' } as const;
const SOON_MS = 60_000;

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

/** Runs a command that must succeed, and write nothing but its answer. */
async function trainer(...words: readonly string[]): Promise<string> {
  const ended = await cluster.trainer(...words);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return ended.stdout;
}

test('status shows the version, where REST is, and the node', async () => {
  const [node] = await client.nodes.list();
  const text = await trainer('status');
  expect(text).toContain(`REST at ${cluster.restUrl}`);
  expect(text).toContain(node?.id);
  expect(text).toMatch(/database connected, messages connected, object store connected/);
});

test('status --json is the state as data', async () => {
  const status = JSON.parse(await trainer('status', '--json')) as unknown;
  expect(status).toMatchObject({ headEpoch: 1, isDatabaseConnected: true, nodes: [{ state: 'connected' }] });
});

test('nodes shows what is free, as text and as data', async () => {
  const [node] = await client.nodes.list();
  expect(await trainer('nodes')).toMatch(new RegExp(`${node?.id} +connected`));
  expect(JSON.parse(await trainer('nodes', '--json'))).toMatchObject([{ id: node?.id, state: 'connected', leases: 0 }]);
});

test('actors shows the living ones, and with --all why the others died', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  expect(await trainer('actors')).toMatch(new RegExp(`${probe.id} +Probe +alive`));
  expect(JSON.parse(await trainer('actors', '--json'))).toMatchObject([{ id: probe.id, className: 'Probe', state: { at: 'alive' } }]);
  await probe.kill();
  expect(await trainer('actors')).toBe('No actors.\n');
  expect(await trainer('actors', '--all')).toMatch(new RegExp(`${probe.id} +Probe +dead .*killed by`));
});

test('kill ends a detached actor by its id', async () => {
  const probe = await client.actors.create(ProbeSpec, { ...SMALL, name: 'left', detached: true });
  expect(await trainer('actors')).toMatch(new RegExp(`${probe.id} +left +Probe +alive`));
  expect(await trainer('kill', probe.id)).toBe(`Actor ${probe.id} is dead\n`);
  expect(await trainer('actors')).toBe('No actors.\n');
});

test('logs shows what an actor wrote, in order, while it lives and after its end', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  await probe.call.say('the first line');
  await probe.call.say('the second line');
  const logged = async (): Promise<string | null> => {
    const text = await trainer('logs', probe.id);
    return text.includes('the second line, as an error') ? text : null;
  };
  const living = await cluster.until('the lines are in the log', logged, SOON_MS);
  expect(living.indexOf('the first line')).toBeLessThan(living.indexOf('the second line'));
  await probe.kill();
  expect(await trainer('logs', probe.id)).toBe(living);
});

test('logs --json is one object a line, and --tail only the last ones', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  await probe.call.say('hello');
  const lines = async (): Promise<readonly { line: string; isStderr: boolean }[]> =>
    (await trainer('logs', probe.id, '--json'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { line: string; isStderr: boolean });
  await cluster.until('both lines are in the log', async () => (await lines()).length === 2, SOON_MS);
  expect(await lines()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ line: 'hello', isStderr: false }),
      expect.objectContaining({ line: 'hello, as an error', isStderr: true }),
    ]),
  );
  expect((await trainer('logs', probe.id, '--tail', '1')).trim().split('\n')).toHaveLength(1);
  await probe.kill();
});

test('logs --follow shows lines as they are written and ends with the actor', async () => {
  const probe = await client.actors.create(ProbeSpec, SMALL);
  await probe.call.say('the first line');
  const following = startProgram(process.execPath, [TRAINER, 'logs', probe.id, '--follow'], { env: { TRAINER_HOME: cluster.home } });
  await cluster.until('the first line is shown', () => following.output().includes('the first line'), SOON_MS);
  await probe.call.say('the second line');
  await cluster.until('the second line is shown', () => following.output().includes('the second line'), SOON_MS);
  await probe.kill();
  expect((await following.ended).code).toBe(0);
});

test('logs of an actor that is unknown is one line and exit code 1', async () => {
  const ended = await cluster.trainer('logs', 'actor-0000000000000000');
  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^[^\n]*actor-0000000000000000[^\n]*\n$/) });
});

test('a command without a cluster says how to start one', async () => {
  await using home = await newHome();
  const ended: Ended = await runTrainer(['status'], { TRAINER_HOME: home.path });
  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^[^\n]*npm start[^\n]*\n$/) });
});

test.each([
  ['train xgboost_classifier iris.csv --task poetry', '--task is'],
  ['train xgboost_classifier iris.csv --task classification -p depth', '--param wants name=value'],
  ['jobs --limit 0', 'a number from 1'],
  ['models --limit 0', 'a number from 1'],
  ['data put /tmp', '/tmp is not a file'],
  ['data put /none.csv', "/none.csv can't be read"],
])('%s is a wrong use: one line and exit code 2', async (words, says) => {
  const ended = await cluster.trainer(...words.split(' '));
  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(says) });
  expect(ended.stderr).not.toMatch(/^ +at /m);
});

test('a reader that has enough is no failure', async () => {
  const line = `'${process.execPath}' '${TRAINER}' nodes --json | true`;
  const ended = await startProgram('sh', ['-c', line], { env: { TRAINER_HOME: cluster.home } }).ended;
  expect(ended.stderr).toBe('');
});

test('reset refuses the folder of a cluster that runs', async () => {
  const ended = await cluster.trainer('reset', '--yes');
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`in use by process ${cluster.launcher.pid}`) });
});

test('reset without a terminal asks for --yes and removes nothing', async () => {
  await using home = await newHome();
  const ended = await runTrainer(['reset'], { TRAINER_HOME: home.path });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('--yes');
});

test('reset --yes empties a folder, and the next start has a new secret', async () => {
  await using home = await newHome();
  await using first = await startCluster({ home: home.path });
  await first.stop();
  const ended = await runTrainer(['reset', '--yes'], { TRAINER_HOME: home.path });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  await using second = await startCluster({ home: home.path });
  expect(second.secret).not.toBe(first.secret);
});
