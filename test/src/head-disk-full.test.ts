import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { nodeId } from '@trainer/model';
import type { ToAgent } from '@trainer/model';
import { systemClock, until } from '@trainer/runtime';
import { startRealServers } from './real-servers.js';
import type { RealServers } from './real-servers.js';
import { HeadScene } from './rpc/head-scene.js';

const IRIS = { modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' } as const;
const WAIT_MS = 60_000;
/** A new database has 40 MiB, and PostgreSQL some for its log. */
const DISK = '160m';
/** Left to write on: less than a transaction log's file, which is made ahead. */
const LEFT_BYTES = 256 * 1024;

/** A small file system of its own. It takes root, and a system that lets root mount. */
const folder = mkdtempSync(join(tmpdir(), 'trainer-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=755`, 'tmpfs', folder]).status === 0;
const whereMounted = mounted ? test : test.skip;

let servers: RealServers;
let scene: HeadScene;

beforeAll(async () => {
  if (!mounted) return;
  servers = await startRealServers(folder);
  scene = await HeadScene.open({ servers, node: nodeId('node-00000000000d'), incarnation: 1 });
  await scene.agent.connect([], 0);
});

afterAll(async () => {
  if (mounted) {
    await scene.close();
    await servers.stop();
    spawnSync('umount', [folder]);
  }
  rmSync(folder, { recursive: true, force: true });
});

const DISK_IS_FULL = /The disk of the database is full \(.*No space left on device\)\. Make room/;
/** For a cancel, a job and the status together: a head that is away is waited for three times as long, a full disk is not. */
const PROMPT_MS = 5_000;

/** Nothing is left, not a byte, also of what PostgreSQL gave back. */
function fill(ballast: string): void {
  for (const bytes of [2 ** 20, 2 ** 12, 512]) {
    try {
      for (;;) appendFileSync(ballast, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

const isSuspended = (message: ToAgent): message is Extract<ToAgent, { kind: 'suspended' }> => message.kind === 'suspended';

whereMounted(
  'a full disk of the database is named, nothing that was acknowledged is lost, and the head goes on when there is room',
  async () => {
    const ballast = join(folder, 'ballast');
    const { bavail, bsize } = statfsSync(folder);
    await writeFile(ballast, Buffer.alloc(bavail * bsize - LEFT_BYTES));
    const accepted: string[] = [];
    const refusals: string[] = [];
    const submit = async (): Promise<void> => {
      // Each has a request of some size that can't be compressed, so that the disk is full soon.
      const tags = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`tag${n}`, randomBytes(750).toString('base64')]));
      await scene.connection.jobs.submit({ ...IRIS, tags }).then(
        ({ id }) => accepted.push(id),
        (error: unknown) => refusals.push((error as Error).message),
      );
    };
    await until('the disk is full', async () => (await submit(), refusals.some((message) => message.includes('disk'))), {
      clock: systemClock(),
      deadlineMs: WAIT_MS,
      describe: () => `${accepted.length} accepted, ${[...new Set(refusals)].join(' | ')}`,
    });
    await scene.agent.next('suspended', isSuspended);
    expect(refusals.find((message) => message.includes('disk'))).toMatch(
      /The disk of the database is full \(.*No space left on device\)\. Make room/,
    );
    await rm(ballast);
    const welcome = scene.agent.connect([], 0);
    await until(
      'a job is accepted again',
      async () =>
        scene.connection.jobs.submit(IRIS).then(
          ({ id }) => accepted.push(id),
          () => null,
        ),
      {
        clock: systemClock(),
        deadlineMs: WAIT_MS,
      },
    );
    await welcome;
    const known = new Set((await scene.connection.jobs.list({ limit: 1_000 })).jobs.map(({ id }) => String(id)));
    expect(accepted.filter((id) => !known.has(id))).toEqual([]);
    expect(scene.fatal).toBeNull();
  },
  120_000,
);

whereMounted(
  'at 0 bytes free each cancel and each job is told of the disk at once, the status says it all the time, and both go on with room',
  async () => {
    const { id } = await scene.connection.jobs.submit(IRIS);
    const ballast = join(folder, 'ballast');
    const said = (asked: Promise<unknown>): Promise<string> =>
      asked.then(
        () => 'done',
        (error: unknown) => (error as Error).message,
      );
    const submitted = (): Promise<string> => said(scene.connection.jobs.submit(IRIS));
    await until('a job is refused for the disk', async () => (fill(ballast), DISK_IS_FULL.test(await submitted())), {
      clock: systemClock(),
      deadlineMs: WAIT_MS,
    });
    for (let n = 0; n < 20; n += 1) {
      fill(ballast);
      const startedMs = performance.now();
      expect(await said(scene.connection.jobs.cancel(id))).toMatch(DISK_IS_FULL);
      expect(await submitted()).toMatch(DISK_IS_FULL);
      const status = await scene.connection.status({ deadlineMs: PROMPT_MS });
      expect(status.isDatabaseConnected).toBe(false);
      expect(status.databaseTrouble).toMatch(DISK_IS_FULL);
      expect(performance.now() - startedMs).toBeLessThan(PROMPT_MS);
    }
    await rm(ballast);
    await until('the cancel is done', async () => (await said(scene.connection.jobs.cancel(id))) === 'done', {
      clock: systemClock(),
      deadlineMs: WAIT_MS,
    });
    expect(await scene.connection.status()).toMatchObject({ isDatabaseConnected: true, databaseTrouble: null });
    expect(scene.fatal).toBeNull();
  },
  120_000,
);
