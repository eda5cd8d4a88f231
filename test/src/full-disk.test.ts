import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { systemClock, until } from '@trainer/runtime';
import { smallDisk } from '@trainer/storage/testing';
import { newHome, startProgram, stillRunning, TRAINER, treeOf } from './harness/index.js';
import { IRIS, irisRequest } from './rest-service.js';

jest.setTimeout(120_000);

const wait = { clock: systemClock(), deadlineMs: 60_000 };
/** The start wants 128 MiB free; the rest is PostgreSQL's. */
const DISK = '220m';

test('a cluster whose disk fills up says so by name, lives on, and goes on when there is room', async () => {
  const probe = await smallDisk(2 ** 20);
  if (probe === null) return console.warn('skipped: a small disk takes root and Linux');
  await probe.close();
  await using home = await newHome();
  // The disk is the launcher's alone: it lies in a mount namespace that ends with it.
  const mount = `mount -t tmpfs -o size=${DISK} none '${home.path}' && exec '${process.execPath}' '${TRAINER}' up --no-sample --port 0`;
  const env = { TRAINER_HOME: home.path, npm_lifecycle_event: 'test' };
  const cluster = startProgram('unshare', ['--mount', 'sh', '-c', mount], { env });
  const filler = join(`/proc/${cluster.pid}/root${home.path}`, 'filler');
  let pids: readonly number[] = [];
  try {
    const rest = await until('it is ready', () => /REST at (\S+)/.exec(cluster.output())?.[1] ?? cluster.hasEnded(), {
      ...wait,
      describe: cluster.output,
    });
    if (typeof rest !== 'string') throw new Error(`The cluster did not start: ${cluster.output()}`);
    pids = treeOf(cluster.pid).map(({ pid }) => pid);
    const put = async (key: string): Promise<{ status: number; detail: unknown }> => {
      const answer = await fetch(`${rest}/data/${key}`, { method: 'PUT', body: IRIS });
      const { detail } = (await answer.json()) as { detail?: unknown };
      return { status: answer.status, detail };
    };
    const health = async (): Promise<{ status: string }> => (await (await fetch(`${rest}/health`)).json()) as { status: string };
    const train = (): Promise<Response> =>
      fetch(`${rest}/train`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(irisRequest()) });
    expect((await put('iris.csv')).status).toBe(201);
    expect(() => {
      for (;;) appendFileSync(filler, Buffer.alloc(2 ** 16));
    }).toThrow('ENOSPC');

    // An idle cluster, before anything has failed.
    expect(await health()).toMatchObject({ status: 'degraded', missing: [], reasons: [expect.stringContaining('is nearly full')] });
    expect(await put('more.csv')).toEqual({
      status: 507,
      detail: expect.stringMatching(/The disk of the object store .* is full, and more.csv/),
    });
    // What is stored in rows may still fit into what PostgreSQL has; if it does not, that is said too.
    const meanwhile = await train();
    expect([200, 503, 507]).toContain(meanwhile.status);
    expect((await fetch(`${rest}/health/live`)).status).toBe(200);

    rmSync(filler);
    await until('it is well again', async () => (await health()).status === 'ok', wait);
    await until('an upload is taken', async () => (await put('more.csv')).status === 201, wait);
    const job = await until('a job is taken', async () => ((answer) => (answer.ok ? answer : null))(await train()), wait);
    const { job_id: id } = (await job.json()) as { job_id: string };
    const ended = await until(
      'the job has ended',
      async () => {
        const { status } = (await (await fetch(`${rest}/train/${id}`)).json()) as { status: string };
        return ['completed', 'failed', 'cancelled'].includes(status) ? status : null;
      },
      wait,
    );
    expect(ended).toBe('completed');
  } finally {
    cluster.kill('SIGTERM');
    await cluster.ended;
    await until('nothing of it runs', () => stillRunning(pids).length === 0, wait);
  }
  expect((await cluster.ended).code).toBe(0);
});
