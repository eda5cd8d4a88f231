import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeObjectStore } from '../object-store.contract.js';
import { memoryStore } from '../testing/index.js';
import { openFolderStore } from './folder-store.js';

const folders: string[] = [];
async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'trainer-store-'));
  folders.push(made);
  return made;
}
afterAll(() => Promise.all(folders.map((made) => rm(made, { recursive: true, force: true }))));

describeObjectStore('a folder', async () => openFolderStore(await folder()));
describeObjectStore('memory', () => Promise.resolve(memoryStore()));

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

  it('says in the store\'s words that its folder can not be', async () => {
    const path = await folder();
    await writeFile(join(path, 'file'), '');
    await expect(openFolderStore(join(path, 'file', 'store'))).rejects.toMatchObject({ code: 'store.unavailable' });
  });
});
