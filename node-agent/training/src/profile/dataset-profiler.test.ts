import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { leaseId, type ProfileAnswer, type ProfileRequest } from '@trainer/model';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import { DatasetProfiler } from './dataset-profiler.js';

const TABLE = `a,y\n${Array.from({ length: 60 }, (_, row) => `${row},${row % 2}\n`).join('')}`;
const MIB = 2 ** 20;

let folder: string;
let scratchDir: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-profiler-'));
  scratchDir = await mkdtemp(join(folder, 'scratch-'));
  store = await openObjectStore({ kind: 'folder', path: join(folder, 'objects') });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ask = (key: string, etag: string, more: Partial<ProfileRequest> = {}): Promise<ProfileAnswer> => {
  const context = {
    leaseId: leaseId('1-1'),
    signal: new AbortController().signal,
    scratchDir,
    nativeDir: folder,
    threads: 1,
    openStore: () => Promise.resolve(store),
    log: () => undefined,
  };
  return new DatasetProfiler(context, {
    bucket: 'data',
    key,
    etag,
    targetColumn: null,
    taskType: null,
    memoryBytes: 512 * MIB,
    ...more,
  }).profile();
};

test.each([
  ['plain', Buffer.from(TABLE)],
  ['packed', gzipSync(TABLE)],
])('a %s dataset is told, and no key of a user is a file name', async (_what, bytes) => {
  const { etag } = await store.put('data', 'some folder/x.csv', bytes);
  expect(await ask('some folder/x.csv', etag)).toMatchObject({ kind: 'profile', profile: { rows: 60, columnCount: 2 } });
  expect((await readdir(scratchDir)).every((name) => /^dataset-[0-9a-f]{32}(\.unpacked)?$/.test(name))).toBe(true);
});

test('a dataset that is another one by now, or gone, has changed', async () => {
  const { etag } = await store.put('data', 'x.csv', Buffer.from(TABLE));
  await store.put('data', 'x.csv', Buffer.from('b\n1\n'));
  expect(await ask('x.csv', etag)).toEqual({ kind: 'changed' });
  await store.remove('data', ['x.csv']);
  expect(await ask('x.csv', etag)).toEqual({ kind: 'changed' });
});

test.each([
  ['a table that can not be read', 'a,b\n1\n', {}, 'dataset'],
  ['a target that is not there', TABLE, { targetColumn: 'z' }, 'target_column'],
  ['a target that can not be one', TABLE.replaceAll(',1\n', ',0\n'), { targetColumn: 'y' }, 'target_column'],
] as const)('%s is refused, and it is said what is wrong', async (_what, content, more, about) => {
  const { etag } = await store.put('data', 'x.csv', Buffer.from(content));
  expect(await ask('x.csv', etag, more)).toMatchObject({ kind: 'refused', about, error: { code: expect.stringMatching(/^dataset\./) } });
});

test('what a single column needs is said where the lease has less', async () => {
  const { etag } = await store.put('data', 'x.csv', Buffer.from(TABLE));
  expect(await ask('x.csv', etag, { memoryBytes: 1 })).toEqual({ kind: 'needs-memory', rows: 60, neededBytes: 720 });
});

test('a full disk is no fault of the dataset', async () => {
  const { etag } = await store.put('data', 'x.csv', Buffer.from(TABLE));
  // Every write to this device fails as on a full disk.
  await symlink('/dev/full', join(scratchDir, `dataset-${createHash('sha256').update('x.csv').digest('hex').slice(0, 32)}`));
  expect(await ask('x.csv', etag)).toMatchObject({ kind: 'failed', error: { code: 'node.disk-full' } });
});
