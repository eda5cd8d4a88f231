import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startCluster, type TestCluster } from './harness/index.js';

jest.setTimeout(120_000);

const GIB = 2 ** 30;
/** Far below the upload, far above what buffers of a stream need. */
const MEMORY_MAY_GROW_BYTES = 128 * 2 ** 20;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ withGateway: true });
});

afterAll(async () => {
  await cluster?.stop();
});

/** The most memory that the launcher's process, which holds the gateway, has ever had. */
function peakBytes(): number {
  const [pid = 0] = cluster.pidsOf('launcher');
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** Sends so many bytes; with `stopAfter` the connection breaks there. */
async function upload(key: string, bytes: number, stopAfter = bytes): Promise<number | null> {
  const chunk = Buffer.alloc(2 ** 20, 'x');
  const body = Readable.from(
    (function* () {
      for (let sent = 0; sent < stopAfter; sent += chunk.length) yield chunk;
      if (stopAfter < bytes) throw new Error('the client goes away');
    })(),
  );
  const sending = request(`${cluster.restUrl}/data/${key}`, { method: 'PUT', headers: { 'content-length': bytes } });
  const answered = new Promise<number | null>((resolve) => {
    sending.once('response', (answer) => (answer.resume(), resolve(answer.statusCode ?? null)));
    sending.once('error', () => resolve(null));
  });
  await pipeline(body, sending).catch(() => undefined);
  return answered;
}

const stored = async (prefix: string): Promise<unknown> =>
  (await (await fetch(`${cluster.restUrl}/data?prefix=${prefix}`)).json()) as unknown;

test('an upload of 2 GiB streams: the memory of the gateway stays flat', async () => {
  const before = peakBytes();
  expect(await upload('large/table.csv', 2 * GIB)).toBe(201);
  expect(peakBytes() - before).toBeLessThan(MEMORY_MAY_GROW_BYTES);
  expect(await stored('large/')).toMatchObject({ datasets: [{ data_id: 'large/table.csv', size: 2 * GIB }] });
});

test('an upload whose client goes away leaves nothing', async () => {
  expect(await upload('broken/table.csv', 64 * 2 ** 20, 16 * 2 ** 20)).toBeNull();
  expect(await stored('broken/')).toEqual({ datasets: [] });
});
