import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { connect } from '@trainer/client';
import { portPicker } from '@trainer/deploy/embedded';
import { systemClock, until } from '@trainer/runtime';
import { connect as connectNats } from 'nats';
import pg from 'pg';
import {
  newHome,
  ROOT,
  runTrainer,
  signalTo,
  startCluster,
  startProgram,
  stillRunning,
  treeOf,
  type Ended,
  type Program,
  type TestCluster,
} from './harness/index.js';

jest.setTimeout(90_000);

/** @returns how `trainer up` ended that is expected to refuse. */
async function refusal(env: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<Ended> {
  return runTrainer(['up', '--no-sample', ...words], env);
}

const ONE_LINE = /^[^\n]+\n$/;

describe('a start that is refused says why in one line', () => {
  test('a taken port: the line names its owner', async () => {
    await using home = await newHome();
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const ended = await refusal({ TRAINER_HOME: home.path }, '--port', String(port)).finally(() => server.close());
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(ONE_LINE) });
    expect(ended.stderr).toMatch(new RegExp(`Port ${port} is taken by process ${process.pid} \\(.*\\)`));
  });

  test('a data folder in use: the line names the cluster that uses it', async () => {
    await using cluster = await startCluster();
    const ended = await refusal({ TRAINER_HOME: cluster.home }, '--port', '0');
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(ONE_LINE) });
    expect(ended.stderr).toContain(`in use by process ${cluster.launcher.pid}`);
  });

  test('a data folder of another version', async () => {
    await using home = await newHome();
    await writeFile(join(home.path, 'VERSION'), '99\n');
    const ended = await refusal({ TRAINER_HOME: home.path }, '--port', '0');
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(ONE_LINE) });
    expect(ended.stderr).toMatch(/version 99/);
  });

  test('a variable that is wrong: the line names it, and the exit code is that of a wrong setting', async () => {
    await using home = await newHome();
    const ended = await refusal({ TRAINER_HOME: home.path, MAX_PARALLEL_JOBS: 'many' }, '--port', '0');
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(ONE_LINE) });
    expect(ended.stderr).toContain('MAX_PARALLEL_JOBS');
  });

  test('REST on an address that other machines reach, without AUTH=off', async () => {
    await using home = await newHome();
    const ended = await refusal({ TRAINER_HOME: home.path, SERVICE_HOST: '0.0.0.0' }, '--port', '0');
    expect(ended.code).not.toBe(0);
    expect(ended).toMatchObject({ stdout: '', stderr: expect.stringMatching(ONE_LINE) });
    expect(ended.stderr).toMatch(/SERVICE_HOST.*AUTH=off/);
  });

  test('an option that is unknown', async () => {
    await using home = await newHome();
    const ended = await refusal({ TRAINER_HOME: home.path }, '--no-such-option');
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('--no-such-option');
  });
});

describe('the control plane asks for the secret', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster();
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('gRPC refuses another one', async () => {
    await expect(connect({ address: cluster.address, token: 'another' })).rejects.toMatchObject({ code: 'auth.refused' });
  });

  test('NATS refuses another one, and none', async () => {
    const config = await readFile(join(cluster.home, 'nats', 'nats.conf'), 'utf8');
    const servers = `127.0.0.1:${/^port: (\d+)$/m.exec(config)?.[1]}`;
    await expect(connectNats({ servers, token: 'another', reconnect: false })).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
    await expect(connectNats({ servers, reconnect: false })).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
    const admitted = await connectNats({ servers, token: cluster.secret, reconnect: false });
    await admitted.close();
  });

  test('PostgreSQL refuses another one', async () => {
    const lines = (await readFile(join(cluster.home, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n');
    const client = new pg.Client({
      host: '127.0.0.1',
      port: Number(lines[3]),
      user: 'postgres',
      password: 'another',
      database: 'postgres',
    });
    // 28P01: invalid_password
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });

  test('no argument of a process shows it', async () => {
    const commands = cluster.processes().map(({ command }) => command);
    expect(commands.length).toBeGreaterThan(2);
    expect(commands.filter((command) => command.includes(cluster.secret))).toEqual([]);
  });
});

describe('npm start', () => {
  test('SIGKILL of npm leaves no process', async () => {
    await using home = await newHome();
    const words = ['start', '--silent', '--', '--no-sample', '--port', '0'];
    const npm = startProgram('npm', words, { cwd: ROOT, env: { TRAINER_HOME: home.path } });
    let pids: readonly number[] = [];
    const wait = { clock: systemClock(), describe: npm.output };
    await until('the cluster is ready', () => npm.hasEnded() || npm.output().includes('is ready'), { ...wait, deadlineMs: 60_000 }).finally(
      () => {
        pids = treeOf(npm.pid).map(({ pid }) => pid);
        npm.kill('SIGKILL');
      },
    );
    expect(pids.length).toBeGreaterThan(3);
    await until('nothing that npm started runs', () => stillRunning(pids).length === 0, { ...wait, deadlineMs: 10_000 });
  });

  test('right after a SIGKILL of npm it waits for what is still ending, on the same folder and port', async () => {
    await using home = await newHome();
    const port = await portPicker('127.0.0.1', null).pick();
    const start = (): Program =>
      startProgram('npm', ['start', '--silent', '--', '--no-sample', '--port', String(port)], {
        cwd: ROOT,
        env: { TRAINER_HOME: home.path },
      });
    const first = start();
    const programs = [first];
    let launcher = 0;
    const isReady = (program: Program) => () => program.hasEnded() || program.output().includes('is ready');
    const wait = { clock: systemClock(), describe: () => programs.map((one) => one.output()).join('\n'), deadlineMs: 60_000 };
    try {
      await until('the cluster is ready', isReady(first), wait);
      ({ pid: launcher } = JSON.parse(await readFile(join(home.path, 'cluster.json'), 'utf8')) as { pid: number });
      // It can't end now, as on a machine that is busy with something else.
      signalTo(launcher, 'SIGSTOP');
      first.kill('SIGKILL');
      await until('npm has ended', () => stillRunning([first.pid]).length === 0, wait);
      const second = start();
      programs.push(second);
      await until('it says whom it waits for', () => second.hasEnded() || second.output().includes('Waiting for process'), wait);
      expect(second.output()).toBe(`Waiting for process ${launcher} of the cluster that ran on ${home.path} before: it is ending.\n`);
      signalTo(launcher, 'SIGCONT');
      await until('the cluster is ready again', isReady(second), wait);
      expect(second.output()).toContain(`is ready in`);
      expect(stillRunning([launcher])).toEqual([]);
    } finally {
      signalTo(launcher, 'SIGCONT');
      for (const one of programs) one.kill('SIGTERM');
      await Promise.all(programs.map((one) => one.ended));
      await until('nothing of it runs', () => stillRunning([launcher]).length === 0, wait);
    }
  });
});
