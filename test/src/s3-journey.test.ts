import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import { s3Program, startS3Server, type S3Server } from '@trainer/storage/testing';
import { KeeperSpec } from './harness/keeper.js';
import { signalTo, slowTable, slowTraining, startCluster, type TestCluster } from './harness/index.js';
import { separateProcesses } from './harness/separate-processes.js';
import { IRIS, irisRequest, RestService } from './rest-service.js';

/*
 * What people do with a cluster whose objects lie on an S3 server: a real one, which `.ci/servers.mjs` builds.
 */

const SOON_MS = 60_000;
const program = s3Program();

/** The variables by which the cluster finds the server. */
const variablesOf = ({ config }: S3Server): Record<string, string> => ({
  MINIO_ENDPOINT: config.endpoint,
  MINIO_ACCESS_KEY: config.accessKey,
  MINIO_SECRET_KEY: config.secretKey,
  TRAINER_STORE_SILENT_S: '5',
});
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

(program === null ? describe.skip : describe)('a cluster over an S3 server', () => {
  let server: S3Server;
  let cluster: TestCluster;
  let rest: RestService;
  let store: ObjectStore;
  beforeAll(async () => {
    server = await startS3Server(program ?? '');
    store = await openObjectStore(server.config);
    cluster = await startCluster({ withGateway: true, agents: 2, env: variablesOf(server) });
    rest = new RestService(cluster);
    await rest.put('iris.csv', IRIS);
    await rest.put('slow.csv', slowTable());
  });
  afterAll(async () => {
    await cluster?.stop();
    await server?.close();
  });

  const keysOf = async (bucket: string): Promise<string[]> =>
    (await store.list(bucket, { prefix: '', after: '', limit: 1_000 })).map(({ key }) => key);

  test('keeps datasets and models there, and nothing in a folder', async () => {
    expect(await keysOf('data-preparer')).toEqual(['iris.csv', 'slow.csv']);
    expect((await rest.call('/data/iris.csv')).body).toMatchObject({ rows: 150 });
    const job = await rest.trained(irisRequest({ num_workers: 2 }));
    expect(job).toMatchObject({ status: 'completed', error_message: null });
    const { files } = await rest.model(job.job_id);
    const [pkl] = files.filter(({ format }) => format === 'pkl');
    expect(sha256(await rest.download(job.job_id, 'pkl'))).toBe(pkl?.sha256);
    expect(await keysOf('trained-models')).toContain((job.final_model_path ?? '').replace('trained-models/', ''));
    expect((await rest.deleteModel(job.job_id)).status).toBe(200);
    await cluster.until('its files are gone', async () => (await keysOf('trained-models')).length === 0, SOON_MS);
    expect(existsSync(join(cluster.home, 'objects'))).toBe(false);
  });

  test('gives no process of an actor the password', async () => {
    const id = await rest.submit(slowTraining(100));
    await rest.jobWhen(id, 'trains', ({ current_epoch: epoch }) => epoch > 1);
    const pids = cluster.pidsOf('actors');
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) {
      const seen = ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1')).join();
      expect(seen.includes(server.config.secretKey)).toBe(false);
    }
    expect(await rest.ended(id)).toMatchObject({ status: 'completed', error_message: null });
  });

  test('keeps large arguments and states of actors there', async () => {
    await using client = await cluster.connect();
    const keeper = await client.actors.create(KeeperSpec, { args: [0], checkpointEvery: 1, maxRestarts: 1, cpu: 0.1 });
    await keeper.call.grow(300_000);
    expect(await keeper.call.add(3)).toBe(3);
    const saves = await keeper.call.saves();
    // Each state is stored before the next is taken.
    await cluster.until('its state is stored', async () => (await keeper.call.saves()) > saves + 1, SOON_MS);
    signalTo(await keeper.call.pid(), 'SIGKILL');
    await cluster.until('it was started again', async () => (await keeper.state()).restarts === 1, SOON_MS);
    expect(await keeper.call.add(4)).toBe(7);
    expect((await keysOf('trainer-actors')).length).toBeGreaterThan(0);
    await keeper.kill();
    await cluster.until('its states are gone', async () => (await keysOf('trainer-actors')).length === 0, SOON_MS);
  });

  test('goes on with a job whose server was away in the middle', async () => {
    const id = await rest.submit(slowTraining(150));
    await rest.jobWhen(id, 'trains', ({ current_epoch: epoch }) => epoch > 6);
    await server.kill();
    const connected = async (): Promise<unknown> => (await rest.call<{ minio_connected: boolean }>('/health')).body.minio_connected;
    await cluster.until('health says so', async () => (await connected()) === false, SOON_MS);
    expect(await rest.put('more.csv', IRIS)).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining(server.config.endpoint) },
    });
    await server.start();
    await cluster.until('health says so', async () => (await connected()) === true, SOON_MS);
    // Without a warning: checkpoints were stored too, once they could be.
    expect(await rest.ended(id)).toMatchObject({ status: 'completed', error_message: null, attempt: 1, warnings: [] });
    expect((await rest.download(id, 'onnx')).length).toBeGreaterThan(0);
  });

  test('is one of head, agent and gateway that share nothing else', async () => {
    await using parts = await separateProcesses(variablesOf(server));
    await Promise.all([parts.heads[0].start(), parts.agent.start(), parts.gateway.start()]);
    const other = new RestService(parts);
    await other.put('other/iris.csv', IRIS);
    const job = await other.trained(irisRequest({ data_id: 'other/iris.csv' }));
    expect(job).toMatchObject({ status: 'completed', error_message: null });
    expect((await other.download(job.job_id, 'pkl')).length).toBeGreaterThan(1_000);
    expect(existsSync(join(parts.servers.folder, 'objects'))).toBe(false);
    for (const part of [...parts.heads, parts.agent, parts.gateway]) expect(part.log()).not.toContain(server.config.secretKey);
  });
});
