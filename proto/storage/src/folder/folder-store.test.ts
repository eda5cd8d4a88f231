import { afterAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describeObjectStore } from '../object-store.contract.js';
import { describeFullStore, ROOM_BYTES, type FullStoreScene } from '../full-store.contract.js';
import { memoryStore, smallDisk } from '../testing/index.js';
import { openFolderStore } from './folder-store.js';

const folders: string[] = [];
async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'trainer-store-'));
  folders.push(made);
  return made;
}
afterAll(() => Promise.all(folders.map((made) => rm(made, { recursive: true, force: true }))));

describeObjectStore('a folder', async () => ({ store: await openFolderStore(await folder()), bucket: 'bucket' }));
const small = await smallDisk(ROOM_BYTES);
await small?.close();
if (small === null) it.skip('a folder, full (a small disk takes root and Linux)', () => undefined);
else describeFullStore('a folder', () => onSmallDisk(ROOM_BYTES));
describeFullStore('memory', () => Promise.resolve({ store: memoryStore(undefined, ROOM_BYTES), close: () => Promise.resolve() }));

async function onSmallDisk(bytes: number, files?: number): Promise<FullStoreScene & { readonly path: string }> {
  const disk = await smallDisk(bytes, files);
  if (disk === null) throw new Error('no small disk could be made');
  const { path, close } = disk;
  return { store: await openFolderStore(path), path, close };
}

(small === null ? it.skip : it)('a folder store leaves no draft on a full disk, also where no more files can be', async () => {
  const { store, path, close } = await onSmallDisk(ROOM_BYTES, 8);
  try {
    await expect(store.put('bucket', 'a', Buffer.alloc(2 * ROOM_BYTES))).rejects.toMatchObject({
      code: 'store.full',
      facts: { place: path },
    });
    expect(await readdir(join(path, '.drafts'))).toEqual([]);
    const puts = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => store.put('bucket', `f/${i}`, Buffer.from('x'))));
    const refused = puts.filter((put) => put.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.map((put) => String(put.reason)).filter((said) => !said.startsWith('StoreFullError'))).toEqual([]);
    expect(await readdir(join(path, '.drafts'))).toEqual([]);
  } finally {
    await close();
  }
});

describeObjectStore('memory', () => Promise.resolve({ store: memoryStore(), bucket: 'bucket' }));

describe('the folder store', () => {
  it('removes the unfinished uploads of a process that is gone', async () => {
    const path = await folder();
    await openFolderStore(path);
    await writeFile(join(path, '.drafts', '999999999-x'), 'half');
    await openFolderStore(path);
    expect(await readdir(join(path, '.drafts'))).toEqual([]);
  });

  it('leaves the unfinished uploads of a living process alone', async () => {
    const path = await folder();
    await openFolderStore(path);
    await writeFile(join(path, '.drafts', `${process.pid}-x`), 'half');
    await openFolderStore(path);
    expect(await readdir(join(path, '.drafts'))).toHaveLength(1);
  });

  it('tidies the folders that a removal leaves empty', async () => {
    const path = await folder();
    const store = await openFolderStore(path);
    await store.put('bucket', 'a/b/c', new Uint8Array(1));
    await store.remove('bucket', ['a/b/c']);
    expect(await readdir(join(path, 'bucket'))).toEqual([]);
  });

  it("says in the store's words that its folder can not be", async () => {
    const path = await folder();
    await writeFile(join(path, 'file'), '');
    await expect(openFolderStore(join(path, 'file', 'store'))).rejects.toMatchObject({ code: 'store.unavailable' });
  });

  it('says so when its folder is gone, and makes no other', async () => {
    const path = await folder();
    const store = await openFolderStore(path);
    await rm(path, { recursive: true });
    await expect(store.put('bucket', 'a', new Uint8Array(1))).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(existsSync(path)).toBe(false);
  });

  it('whose folder is removed under an upload makes no other', async () => {
    const path = await folder();
    const store = await openFolderStore(path);
    const body = (async function* () {
      yield Buffer.from('half');
      await rm(path, { recursive: true });
      yield Buffer.from('of it');
    })();
    await expect(store.put('bucket', 'a/b/c', body)).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(existsSync(path)).toBe(false);
  });

  it('leaves nothing of an upload that breaks', async () => {
    const path = await folder();
    const store = await openFolderStore(path);
    const broken = Readable.from(
      (function* () {
        yield Buffer.alloc(2 ** 20);
        throw new Error('gone');
      })(),
    );
    await expect(store.put('bucket', 'a', broken)).rejects.toThrow('gone');
    expect(await readdir(join(path, '.drafts'))).toEqual([]);
  });

  it('has files that somebody put there as objects, and sees when they change', async () => {
    const path = await folder();
    const store = await openFolderStore(path);
    await mkdir(join(path, 'data'));
    await writeFile(join(path, 'data', 'by hand+1.csv'), 'a,b');
    const before = await store.stat('data', 'by hand+1.csv');
    await writeFile(join(path, 'data', 'by hand+1.csv'), 'a,b,c');
    const after = await store.stat('data', 'by hand+1.csv');
    expect([before?.bytes, after?.bytes, before?.etag === after?.etag]).toEqual([3, 5, false]);
  });

  it('streams an upload: its memory does not grow with the object', async () => {
    const store = await openFolderStore(await folder());
    const chunk = Buffer.alloc(2 ** 20, 1);
    const before = process.memoryUsage().arrayBuffers;
    let highest = 0;
    const body = (async function* () {
      for (let i = 0; i < 200; i += 1) {
        yield chunk;
        highest = Math.max(highest, process.memoryUsage().arrayBuffers);
      }
    })();
    const { bytes } = await store.put('bucket', 'large', body);
    expect(bytes).toBe(200 * 2 ** 20);
    expect(highest - before).toBeLessThan(64 * 2 ** 20);
  });
});
