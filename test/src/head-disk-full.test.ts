import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
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
const WAIT_MS = 30_000;
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
}, 60_000);

afterAll(async () => {
  if (mounted) {
    await scene.close();
    await servers.stop();
    spawnSync('umount', [folder]);
  }
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

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
