import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '@trainer/model';
import { silentLogger, systemClock, until } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import { smallDisk } from '@trainer/storage/testing';
import type { GatewaySettings } from '../config.js';
import { startGateway, type Gateway } from '../start.js';
import { jobOf, memoryHead } from '../testing/memory-head.js';
import { RawConnection } from '../testing/raw-connection.js';
import { noActors } from '../testing/no-actors.js';
import { TEST_SETTINGS } from '../testing/settings.js';

const LIMIT = TEST_SETTINGS.uploadLimitBytes;
const MODEL_BYTES = 8 * 2 ** 20;
const MODEL = 'train_00000000aaaa';
const clock = systemClock();
const head = memoryHead();
let folder: string;
let store: ObjectStore;
let gateway: Gateway;
const others: Gateway[] = [];

const start = (settings: Partial<GatewaySettings> = {}): Promise<Gateway> => {
  const messages = new MemoryBroker(clock).connect();
  return startGateway({ head, connectActors: noActors, messages, store, settings: { ...TEST_SETTINGS, ...settings }, clock }, silentLogger);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-uploads-'));
  store = await openObjectStore({ kind: 'folder', path: folder });
  gateway = await start();
  const job = jobOf({ modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' }, MODEL);
  head.stored.set(MODEL, job);
  await store.put('models', 'm.pkl', Buffer.alloc(MODEL_BYTES));
  const files = ['pkl', 'onnx'].map((role) => ({ role, key: `m.${role}`, bytes: MODEL_BYTES, sha256: 'abc', ending: `.${role}` }));
  head.storedModels.set(MODEL, { job: job.id, modelId: 'xgboost_classifier', files } as unknown as Model);
});
afterAll(async () => {
  await Promise.all([gateway, ...others].map((one) => one.close()));
  await rm(folder, { recursive: true, force: true });
});

const wait = { clock, deadlineMs: 10_000 };
const drafts = (): Promise<string[]> => readdir(join(folder, '.drafts'));
/** Files of the store that this process has open. */
const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return file.startsWith(folder) ? [file] : [];
    } catch {
      return []; // it was closed meanwhile
    }
  });
const onLinux = process.platform === 'linux' ? it : it.skip;

/** The gateway answers, and nothing of an upload is left that is not whole. */
async function livesOn(): Promise<void> {
  expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
  await until('no draft is left', async () => (await drafts()).length === 0, wait);
  if (process.platform === 'linux') await until('no file is open', () => openFiles().length === 0, wait);
}

const hex = (bytes: number): string => bytes.toString(16);
/** How a body is framed: its header, and the bytes of a part of it. */
const FRAMINGS = {
  length: { header: (bytes: number) => `Content-Length: ${bytes}`, part: (text: string) => text, end: '' },
  chunks: { header: () => 'Transfer-Encoding: chunked', part: (text: string) => `${hex(text.length)}\r\n${text}\r\n`, end: '0\r\n\r\n' },
} as const;
type Framing = keyof typeof FRAMINGS;

const ROUTES = ['PUT /data/broken.csv', 'PUT /nothing', 'POST /train', 'POST /train/', 'POST /nothing', 'DELETE /train/train_ffffffffffff'];
const JSON_BODY = JSON.stringify({ model_id: 'xgboost_classifier', data_id: 'iris.csv', task_type: 'classification' });
const headOf = (route: string, framing: Framing, bytes: number): string =>
  `${route} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${FRAMINGS[framing].header(bytes)}\r\n\r\n`;

/** How much was said when the connection ends; each is less than the request. */
const MOMENTS: Readonly<Record<string, (route: string, framing: Framing) => string>> = {
  nothing: () => '',
  'half of the method': (route) => route.slice(0, 2),
  'half of the headers': (route, framing) => headOf(route, framing, 10).slice(0, -6),
  'the headers': headed('', 10),
  'one byte': headed('{', 10),
  'half of the body': headed(JSON_BODY.slice(0, 40), JSON_BODY.length),
  'all but one byte': headed(JSON_BODY.slice(0, -1), JSON_BODY.length),
  'the limit of an upload, of more': headed('x'.repeat(LIMIT), LIMIT + 1),
  'one byte over the limit of an upload': headed('x'.repeat(LIMIT + 1), LIMIT + 2),
  'a megabyte': headed('x'.repeat(2 ** 20), 2 ** 20 + 1),
  'half of a size of a chunk': (route) => `${headOf(route, 'chunks', 0)}5`,
  'half of a chunk': (route) => `${headOf(route, 'chunks', 0)}10\r\n{"mod`,
};
function headed(part: string, bytes: number) {
  return (route: string, framing: Framing): string => headOf(route, framing, bytes) + (part === '' ? '' : FRAMINGS[framing].part(part));
}

const NO_CHUNK = 'bytes that are no chunk';
/** How the connection ends, or what is said in place of the rest. */
const ENDS: Readonly<Record<string, (connection: RawConnection) => Promise<void>>> = {
  'a reset': async ({ socket }) => void socket.resetAndDestroy(),
  'a close': async ({ socket }) => void socket.destroy(),
  'a half-close': async ({ socket }) => void socket.end(),
  [NO_CHUNK]: (connection) => connection.send('\r\n\0\u00ff;zz\r\n\r\n'),
};

describe.each(ROUTES)('%s', (route) => {
  it.each(Object.keys(ENDS))('that breaks off with %s, at any moment, is answered or closed, and leaves nothing', async (end) => {
    for (const [moment, said] of Object.entries(MOMENTS)) {
      // By length any bytes are the body's.
      for (const framing of end === NO_CHUNK ? (['chunks'] as const) : (Object.keys(FRAMINGS) as Framing[])) {
        const connection = await RawConnection.open(gateway.url);
        try {
          await connection.send(said(route, framing));
          await ENDS[end]?.(connection);
          // Where no chunk was under way they are no request either, or a part of one.
          if (end === NO_CHUNK) connection.socket.end();
          const text = await connection.closed();
          if (/^HTTP\/1\.1 201/.test(text)) throw new Error(`${moment} of ${framing} was stored`);
        } finally {
          connection.socket.destroy();
        }
      }
    }
    await livesOn();
    expect(await store.stat('data', 'broken.csv')).toBeNull();
  });
});

const upload = async (key: string, framing: Framing, parts: readonly string[], isOnePacket: boolean): Promise<number | null> => {
  const { part, end } = FRAMINGS[framing];
  const bytes = parts.join('').length;
  const said = [headOf(`PUT /data/${key}`, framing, bytes), ...parts.map(part), end];
  const connection = await RawConnection.open(gateway.url);
  for (const text of isOnePacket ? [said.join('')] : said) if (text !== '') await connection.send(text);
  const { status } = await connection.answer();
  connection.socket.destroy();
  return status;
};

describe('PUT /data', () => {
  const sizes = [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT, 2 ** 20];
  const cases = sizes.flatMap((bytes) =>
    (['length', 'chunks'] as const).flatMap((framing) => [true, false].map((isOnePacket) => ({ bytes, framing, isOnePacket }))),
  );
  it.each(cases)(
    'takes $bytes bytes by $framing (in one packet: $isOnePacket) as its limit says',
    async ({ bytes, framing, isOnePacket }) => {
      const key = `sized-${bytes}-${framing}-${isOnePacket}`;
      const half = Math.floor(bytes / 2);
      const parts = ['x'.repeat(half), 'x'.repeat(bytes - half)].filter((part) => part !== '');
      const isTaken = bytes <= LIMIT;
      expect(await upload(key, framing, parts, isOnePacket)).toBe(isTaken ? 201 : 413);
      expect((await store.stat('data', key))?.bytes).toBe(isTaken ? bytes : undefined);
      await livesOn();
    },
  );

  it('of more than it announced stores what it announced, and takes the rest for no request', async () => {
    const connection = await RawConnection.open(gateway.url);
    await connection.send(`${headOf('PUT /data/more.csv', 'length', 5)}0123456789`);
    const text = await connection.closed();
    expect(text).toMatch(/^HTTP\/1\.1 (201|400) /);
    expect((await store.stat('data', 'more.csv'))?.bytes ?? 5).toBe(5);
    await livesOn();
  });

  it.each([
    'Content-Length: -1',
    'Content-Length: abc',
    'Content-Length: 1e3',
    'Content-Length: 5, 6',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Content-Length: 99999999999999999999999',
    'Transfer-Encoding: gzip',
  ])('with the header %j is refused with its reason and an id', async (header) => {
    const connection = await RawConnection.open(gateway.url);
    await connection.send(`PUT /data/framed.csv HTTP/1.1\r\nHost: localhost\r\n${header.replaceAll('\\r\\n', '\r\n')}\r\n\r\n01234`);
    const { status, text } = await connection.answer();
    expect({ status, text }).toMatchObject({ status: expect.any(Number), text: expect.stringMatching(/"detail":"/) });
    expect([400, 413]).toContain(status);
    expect(text).toMatch(/^x-request-id: \w+/im);
    connection.socket.destroy();
    expect(await store.stat('data', 'framed.csv')).toBeNull();
    await livesOn();
  });

  it('by many at once to one key has an etag for each, of what it stored', async () => {
    const bodies = Array.from({ length: TEST_SETTINGS.mostUploads }, (_, i) => 'x'.repeat(i + 1));
    const answers = await Promise.all(
      bodies.map(async (body) => {
        const answer = await fetch(`${gateway.url}/data/shared.csv`, { method: 'PUT', body });
        return (await answer.json()) as { size: number; etag: string };
      }),
    );
    expect(answers.map(({ size }) => size)).toEqual(bodies.map((body) => body.length));
    expect(new Set(answers.map(({ etag }) => etag)).size).toBe(bodies.length);
    const last = await store.stat('data', 'shared.csv');
    expect(answers).toContainEqual(expect.objectContaining({ etag: last?.etag, size: last?.bytes }));
  });

  it('beyond the uploads that may run at once is told to come again, and is taken then', async () => {
    const running = await Promise.all(
      Array.from({ length: TEST_SETTINGS.mostUploads }, async (_, i) => {
        const connection = await RawConnection.open(gateway.url);
        await connection.send(`${headOf(`PUT /data/many-${i}.csv`, 'length', 2)}x`);
        return connection;
      }),
    );
    await until('all have a draft', async () => (await drafts()).length === running.length, wait);
    const refused = await fetch(`${gateway.url}/data/one-more.csv`, { method: 'PUT', body: 'x' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    for (const connection of running) {
      await connection.send('x');
      expect((await connection.answer()).status).toBe(201);
      connection.socket.destroy();
    }
    expect((await fetch(`${gateway.url}/data/one-more.csv`, { method: 'PUT', body: 'x' })).status).toBe(201);
  });
});

describe('a client that is slow', () => {
  let impatient: Gateway;
  beforeAll(async () => {
    impatient = await start({ bodyIdleMs: 100, requestWithinMs: 400 });
    others.push(impatient);
  });

  it.each(['PUT /data/stalled.csv', 'POST /train', 'DELETE /train/train_ffffffffffff'])(
    '%s: a body that stalls is given up',
    async (route) => {
      for (const framing of Object.keys(FRAMINGS) as Framing[]) {
        const connection = await RawConnection.open(impatient.url);
        await connection.send(headed('{', 10)(route, framing));
        const text = await connection.closed();
        expect(text).toMatch(/^HTTP\/1\.1 408 [^]*x-request-id[^]*"detail":"The body was not whole/i);
        connection.socket.destroy();
      }
      await livesOn();
    },
  );

  it('an upload that goes on is not, however long it takes', async () => {
    const connection = await RawConnection.open(impatient.url);
    await connection.send(headOf('PUT /data/slow.csv', 'length', 20));
    const startedMs = clock.monotonicMs();
    let sent = 0;
    await until(
      'it took longer than another request may',
      async () => {
        if (sent < 19) await connection.send('x').then(() => (sent += 1));
        return clock.monotonicMs() - startedMs > 600;
      },
      { clock, deadlineMs: 10_000, everyMs: 40 },
    );
    await connection.send('x'.repeat(20 - sent));
    expect((await connection.answer()).status).toBe(201);
    connection.socket.destroy();
  });

  it('another body that comes a byte at a time is, as a whole', async () => {
    const connection = await RawConnection.open(impatient.url);
    await connection.send(headOf('POST /train', 'length', 1_000));
    const drip = setInterval(() => void connection.send(' '), 20);
    const text = await connection.closed().finally(() => clearInterval(drip));
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    connection.socket.destroy();
  });

  it.each(['', 'GE', 'GET /health/live HTTP/1.1\r\nHost: local'])('headers that stop after %j are', async (said) => {
    const connection = await RawConnection.open(impatient.url);
    if (said !== '') await connection.send(said);
    const text = await connection.closed();
    if (said !== '') expect(text).toMatch(/^HTTP\/1\.1 408 [^]*X-Request-Id: \w+[^]*"detail":"The request did not come in time/);
    connection.socket.destroy();
  });
});

describe('what is no request', () => {
  it.each([
    ['headers that are too large', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['another protocol', '\u0016\u0003\u0001\0\u00ffhello', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 403],
    ['an expectation that nobody has', 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nExpect: banana\r\n\r\n', 417],
    ['an address of no route', 'GET * HTTP/1.1\r\nHost: localhost\r\n\r\n', 404],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: localhost\r\nbroken\r\n\r\n', 400],
  ])('%s is answered with its reason and an id', async (_what, said, status) => {
    const connection = await RawConnection.open(gateway.url);
    await connection.send(Buffer.from(said, 'latin1'));
    const answer = await connection.answer();
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(/x-request-id: \w+/i);
    expect(answer.text).toMatch(/"detail":"/);
    connection.socket.destroy();
  });
});

describe('a download', () => {
  onLinux('whose reader leaves closes its file, whenever that is', async () => {
    for (const afterBytes of [0, 1, 2 ** 16, 2 ** 20]) {
      for (let i = 0; i < 10; i += 1) {
        const connection = await RawConnection.open(gateway.url);
        await connection.send(`GET /models/${MODEL}/download HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        let seen = 0;
        connection.socket.on('data', (text: string) => {
          seen += text.length;
        });
        await until('it has read its part', () => seen >= afterBytes, { ...wait, everyMs: 1 });
        connection.socket.resetAndDestroy();
      }
    }
    await livesOn();
  });

  onLinux('that is only asked about opens nothing for long', async () => {
    const answer = await fetch(`${gateway.url}/models/${MODEL}/download`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(MODEL_BYTES)]);
    await livesOn();
  });

  it.each(['', '&x=1'])('of a file that is gone is an answer, not an attachment', async (more) => {
    const answer = await fetch(`${gateway.url}/models/${MODEL}/download?format=onnx${more}`, { headers: { range: 'bytes=0-3' } });
    expect([answer.status, await answer.json()]).toEqual([404, { detail: 'm.onnx not found in bucket models' }]);
    for (const name of ['content-disposition', 'etag', 'accept-ranges', 'content-range']) expect(answer.headers.get(name)).toBeNull();
    expect(answer.headers.get('content-type')).toContain('application/json');
  });
});

it('a file that is no table is refused with what it is, and not kept', async () => {
  const answer = await fetch(`${gateway.url}/data/rows.csv`, { method: 'PUT', body: '{"a":1}\n{"a":2}\n' });
  expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining('it is JSON lines. Save the table')]);
  expect(await store.stat('data', 'rows.csv')).toBeNull();
  await livesOn();
});

it('an upload that the disk has no room for is told so, leaves nothing, and is taken when there is room', async () => {
  const disk = await smallDisk(2 ** 20);
  if (disk === null) return console.warn('skipped: a small disk takes root and Linux');
  const full = await openObjectStore({ kind: 'folder', path: disk.path });
  const messages = new MemoryBroker(clock).connect();
  const settings = { ...TEST_SETTINGS, uploadLimitBytes: 2 ** 30 };
  const served = await startGateway({ head, connectActors: noActors, messages, store: full, settings, clock }, silentLogger);
  try {
    const put = (mebibytes: number): Promise<Response> =>
      fetch(`${served.url}/data/table.csv`, { method: 'PUT', body: Buffer.alloc(mebibytes * 2 ** 20, 'x') });
    for (const mebibytes of [2, 3, 16]) {
      const answer = await put(mebibytes);
      expect([answer.status, await answer.json()]).toEqual([
        507,
        { detail: expect.stringMatching(/disk of the object store .*is full.*table\.csv/) },
      ]);
      expect(await readdir(join(disk.path, '.drafts'))).toEqual([]);
    }
    expect((await put(0.5)).status).toBe(201);
  } finally {
    await served.close();
    await disk.close();
  }
});
