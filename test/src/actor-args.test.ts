import { createHash, randomFillSync } from 'node:crypto';
import { readdirSync, readFileSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Cluster } from '@trainer/client';
import { HoarderSpec } from './harness/hoarder.js';
import { caught, signalTo, startCluster, type TestCluster } from './harness/index.js';

const MIB = 2 ** 20;
const MEMORY = { cpu: 0.01, memory: '640MiB' } as const;
const SOON_MS = 60_000;
/** What MessagePack needs around one long Uint8Array in the list of arguments. */
const AROUND = 6;

let cluster: TestCluster;
let client: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  client = await cluster.connect();
});

afterAll(async () => {
  await client?.close();
  await cluster?.stop();
});

const much = (bytes: number): Uint8Array => randomFillSync(new Uint8Array(bytes));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Every file of the data folder that is named as those of large arguments are. A folder that is removed meanwhile holds none. */
function filesOfArgs(folder = cluster.home): readonly string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesOfArgs(path);
    return /^args(-[0-9a-f]{64})?$/.test(entry.name) ? [path] : [];
  });
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

test.each([
  ['of the largest that travels in messages', 64 * 1024 - AROUND],
  ['of one byte more', 64 * 1024 - AROUND + 1],
  ['of 64 MiB but one byte', 64 * MIB - AROUND - 1],
  ['of 64 MiB', 64 * MIB - AROUND],
])(
  'arguments %s arrive, also at a restart, and nothing of them is left after the end',
  async (_, bytes) => {
    const value = much(bytes);
    const hoarder = await client.actors.create(HoarderSpec, { args: [value], maxRestarts: 1, ...MEMORY });
    const first = await hoarder.call.told();
    expect(first).toMatchObject({ bytes, sha256: sha256(value) });
    signalTo(first.pid, 'SIGKILL');
    await cluster.until('it was started again', async () => (await hoarder.state()).restarts === 1, SOON_MS);
    const second = await hoarder.call.told();
    expect(second).toMatchObject({ bytes, sha256: sha256(value) });
    expect(second.pid).not.toBe(first.pid);
    await hoarder.kill();
    await cluster.until('no file of the arguments is left', () => filesOfArgs().length === 0, SOON_MS);
  },
  180_000,
);

test('arguments of 64 MiB and one byte are refused before anything is sent', async () => {
  const error = await caught(client.actors.create(HoarderSpec, { args: [much(64 * MIB - AROUND + 1)], ...MEMORY }));
  expect(error).toMatchObject({ code: 'value.too-large', message: expect.stringContaining('above 64 MiB') });
  expect(filesOfArgs()).toEqual([]);
});

test('an actor whose constructor throws at them leaves nothing', async () => {
  const noBytes = [{ a: much(MIB) }] as unknown as [Uint8Array];
  expect(await caught(client.actors.create(HoarderSpec, { args: noBytes, ...MEMORY }))).toMatchObject({ code: 'call.threw' });
  await cluster.until('no file of the arguments is left', () => filesOfArgs().length === 0, SOON_MS);
});

test('four creates of 60 MB at once leave the head awake and small', async () => {
  const launcher = cluster.pidsOf('launcher')[0] ?? 0;
  const rssMib = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(join('/proc', String(launcher), 'status'), 'utf8'))?.[1] ?? 0) / 1024;
  const before = rssMib();
  const value = much(60_000_000);
  let peak = before;
  const states = new Set<string>();
  let isOver = false;
  const watching = (async (): Promise<void> => {
    while (!isOver) {
      for (const { state } of (await client.status()).nodes) states.add(state);
      peak = Math.max(peak, rssMib());
    }
  })();
  const hoarders = await Promise.all(Array.from({ length: 4 }, () => client.actors.create(HoarderSpec, { args: [value], ...MEMORY })));
  isOver = true;
  await watching;
  const told = await Promise.all(hoarders.map((hoarder) => hoarder.call.told()));
  expect(told.map(({ sha256: hash }) => hash)).toEqual(Array.from({ length: 4 }, () => sha256(value)));
  // Of 240 MB in all a part waits in the buffers of streams.
  expect(peak - before).toBeLessThan(200);
  expect([...states]).toEqual(['connected']);
  await Promise.all(hoarders.map((hoarder) => hoarder.kill()));
  await cluster.until('no file of the arguments is left', () => filesOfArgs().length === 0, SOON_MS);
});
